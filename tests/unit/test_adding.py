"""A new key with its value, in every file of params: docs/recipes.md and CONTRIBUTING.md say so."""

import re
import shlex
import shutil

import pytest
import yaml
from groupconv.ground.errors import ParamsError
from groupconv.settings import adding, comments, config, schema
from project import ROOT

QUUX = "      quux:\n        description: largest norm\n        type: number\n        minimum: 0\n"
DEFAULT = (ROOT / "params.yaml").read_text("utf-8")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Copies of all files, and a schema with the new key train.quux in front of train.device."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    text = schema.SCHEMA.read_text("utf-8").replace("      device:\n", f"{QUUX}      device:\n", 1)
    (tmp_path / "schema.yaml").write_text(text, "utf-8")
    monkeypatch.setattr(schema, "SCHEMA", tmp_path / "schema.yaml")
    return tmp_path


@pytest.mark.parametrize("document", ["docs/recipes.md", "CONTRIBUTING.md"])
def test_the_command_as_documented_writes_the_key_into_every_file(project, capsys, document):
    text = (ROOT / document).read_text("utf-8")
    (line,) = re.findall(r"^python -m groupconv.settings.comments (--add .*)$", text, re.M)
    line = line.replace("train.clip", "train.quux")  # who follows the recipe has a train.clip
    before = {path: path.read_text("utf-8") for path in comments.files(project)}
    assert comments.main(shlex.split(line), project) == 0
    names = [f"{path.relative_to(project)}: written" for path in before]
    assert capsys.readouterr().out.splitlines() == names
    for path, old in before.items():
        new = path.read_text("utf-8")
        assert config.load(path)["train"]["quux"] == 5.0
        added = [at for at, said in enumerate(new.splitlines()) if said.startswith("  quux:")]
        lines = new.splitlines(keepends=True)
        assert lines[added[0]] == "  quux: 5.0             # largest norm\n"
        assert lines[added[0] + 1].startswith("  device: ")
        assert "".join(lines[: added[0]] + lines[added[0] + 1 :]) == old
    assert comments.main(shlex.split(line), project) == 0
    assert capsys.readouterr().out == "every file has it already\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            "train.quuxx 5.0",
            "train.quuxx: not in workflow/schemas/params.schema.yaml; did you mean",
        ),
        ("quux 5.0", "quux: must be SECTION.KEY, as train.epochs"),
        ("train.quux -1", "train.quux = -1: must be at least 0"),
        ("train.quux x", 'train.quux = "x": must be a number'),
        ("train.quux '[1'", "train.quux = [1: line 1: `quux: [1`: [ without ]"),
        ("train.quux yes", "train.quux = yes: line 1: `quux: yes`: text to DVC, true to Snakemake"),
        ("train.quux ''", "train.quux: a value on one line must follow it"),
        ("train.quux '1\nepochs: 9'", "train.quux: a value on one line must follow it"),
        ("data.classes 0", "data.classes = 0: must be at least 2"),
    ],
)
def test_what_is_wrong_is_one_line_and_no_file_changes(project, capsys, arguments, said):
    before = [path.read_bytes() for path in comments.files(project)]
    assert comments.main(["--add", *shlex.split(arguments)], project) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(said)
    assert [path.read_bytes() for path in comments.files(project)] == before


def test_a_file_that_is_refused_for_another_reason_stops_all(project, capsys):
    tiny = project / "configs" / "tiny.yaml"
    tiny.write_text(tiny.read_text("utf-8").replace("  epochs: 2 ", "  epochs: 0 "), "utf-8")
    assert comments.main(["--add", "train.quux", "5.0"], project) == 1
    assert capsys.readouterr().err == "configs/tiny.yaml: train.epochs = 0: must be at least 1\n"
    assert "quux" not in (project / "params.yaml").read_text("utf-8")


def test_a_new_section_comes_with_all_its_keys(project, capsys):
    text = (project / "schema.yaml").read_text("utf-8")
    text += "  extra:\n    description: more\n    properties:\n"
    for key in ("one", "two"):
        text += f"      {key}:\n        description: the {key}\n        type: integer\n"
    (project / "schema.yaml").write_text(text, "utf-8")
    assert comments.main(["--add", "extra.one", "1"], project) == 1
    assert "params.yaml: extra.two: missing" in capsys.readouterr().err
    both = ["--add", "extra.two", "2", "extra.one", "1", "train.quux", "3.0"]
    assert comments.main(both, project) == 0
    assert config.load(project / "params.yaml")["extra"] == {"one": 1, "two": 2}
    assert "\n  one: 1                # the one\n" in (project / "params.yaml").read_text("utf-8")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "text",
    [
        "split:\n  seed: 0  # mine\n  # mine too\n  division: published\nother: 1\n",
        "split:\n  seed: 0\n  division: published",
        "split:\n    division: >-\n      published\n\nother: 1\n",
        "split:\n  division:\n    - a\n    - b  # last\n# end\n",
        "split:  # all\n  division: published\n",
        "split:\n",
        "other: 1\n",
    ],
)
def test_every_other_line_stays(text, newline):
    text = text.replace("\n", newline)
    new = adding.with_key(text, "split.unit", "page")
    was, now = yaml.safe_load(text), yaml.safe_load(new)
    assert now == was | {"split": (was.get("split") or {}) | {"unit": "page"}}
    lines = [line for line in new.splitlines() if line.strip() != "unit: page"]
    assert [line for line in lines if line not in ("", "split:")] == [
        line for line in text.splitlines() if line not in ("", "split:")
    ]
    assert adding.with_key(new, "split.unit", "image") == new


def test_a_section_in_braces_is_refused():
    with pytest.raises(ParamsError, match="split: write each of its keys on a line of its own"):
        adding.with_key("split: {seed: 0}\n", "split.unit", "page")
