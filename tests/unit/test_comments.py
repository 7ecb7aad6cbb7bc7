import shutil
from pathlib import Path

import pytest
import yaml
from groupconv.settings import comments, config, schema

ROOT = Path(__file__).parents[2]
DEFAULT = (ROOT / "params.yaml").read_text(encoding="utf-8")
KEYS = [
    (section, key, entry)
    for section, inner in schema.read()["properties"].items()
    for key, entry in inner.get("properties", {}).items()
]
MINE = """schemes:
  # mine: one more
  F: {groups: [1, 2, 4, 8, 8]}  # an idea
  baseline: {groups: [1, 1, 1, 1, 1]}   #the paper's
"""


@pytest.fixture
def project(tmp_path):
    """A folder with copies of all these files; the command works on it."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    return tmp_path


@pytest.mark.parametrize("path", comments.files(), ids=lambda path: path.name)
def test_the_shipped_comments_are_the_schemas(path):
    text = path.read_text(encoding="utf-8")
    assert comments.rewritten(text) == (text, []), f"run {comments.COMMAND}"
    assert max(map(len, text.splitlines())) <= comments.WIDTH
    for section, key, entry in KEYS:
        below = text[text.index(f"\n{section}:") :]
        lines = below.splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith(f"  {key}: "))
        value, _, comment = lines[at].partition("  # ")
        comment = comment or lines[at - 1].partition("#: ")[2]  # where it is too long
        assert comment == comments.describe(entry)
        assert len(value) == comments.COLUMN - 2 or value == value.rstrip()


def test_every_key_and_section_has_a_description_that_names_its_options():
    for section, inner in schema.read()["properties"].items():
        assert inner["description"], section
    for section, key, entry in KEYS:
        said = entry["description"]
        assert "#" not in said
        assert "\n" not in said
        if key != "books":
            options = [option.split()[0] for option in said.split(": ")[-1].split(" | ")]
            assert sorted(options) == sorted(entry.get("enum", options)), f"{section}.{key}"


def test_the_papers_values_are_those_of_its_configuration():
    params = config.load(ROOT / "configs" / "paper.yaml")
    stated = {
        f"{section}.{key}": entry["x-paper"]
        for section, key, entry in KEYS
        if entry.get("x-paper", "not stated") != "not stated"
    }
    assert stated == {name: params[name.split(".")[0]][name.split(".")[1]] for name in stated}
    assert len(stated) == 5


def test_what_the_ambiguities_name_is_not_stated_in_the_paper():
    entries = {f"{section}.{key}": entry for section, key, entry in KEYS}
    marked = {name for name, entry in entries.items() if entry.get("x-paper") == "not stated"}
    ambiguities = yaml.safe_load((ROOT / "workflow/paper/ambiguities.yaml").read_text("utf-8"))
    named = {name for each in ambiguities for name in each["key"].split(", ")} & set(entries)
    chosen = {"data.source", "data.classes", "data.images_per_class", "model.classifier_width"}
    chosen |= {"model.architecture", "train.device", "train.threads", "training_speed.steps"}
    assert named - chosen <= marked  # chosen: the paper says something, and not enough


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_all_but_the_comments_of_keys_stays_byte_for_byte(newline):
    head, _, tail = DEFAULT.partition("schemes:")
    tail = tail[tail.index("\ntrain:") :]
    text = f"# my header\n\n{head}{MINE}{tail}\n# my end".replace("\n", newline)
    text = text.replace("  epochs: 4   ", f"  # why four{newline}  epochs:   4 ")
    new, replaced = comments.rewritten(text.replace("the paper: 25", "the paper: 24"))
    # The section's own comment is the command's.
    wanted = text.replace("schemes:", "schemes:                # " + described("schemes"))
    assert new == wanted
    assert replaced == ["train.epochs: passes over the training part; the paper: 24"]


def described(section: str) -> str:
    return comments.describe(schema.read()["properties"][section])


def test_a_comment_too_long_for_its_line_goes_above_and_comes_back():
    books = "[" + ", ".join(f"umgy000{i:02}" for i in range(6)) + "]"
    text = DEFAULT.replace("  books: null ", f"  books: {books} ")
    new, replaced = comments.rewritten(text)
    lines = new.splitlines()
    at = lines.index(f"  books: {books}")
    assert lines[at - 1] == "  #: of char-shape, as [umgy00000, hnsd00000]; null: all 44"
    assert replaced == []
    assert comments.rewritten(new) == (new, [])
    assert comments.rewritten(new.replace(books, "null"))[0] == DEFAULT
    crlf = text.replace("\n", "\r\n")
    assert comments.rewritten(crlf)[0] == new.replace("\n", "\r\n")
    stale = new.replace("#: of char-shape", "#: of old\n  #: char-shape")
    assert comments.rewritten(stale)[0] == new


def test_a_very_long_description_is_wrapped():
    said = " ".join(["word"] * 60)
    lines = comments._lines("key: 1", 2, said)
    assert len(lines) == 5
    assert max(map(len, lines)) <= comments.WIDTH
    assert lines[-1] == "  key: 1"
    assert " ".join(line.strip().removeprefix("#: ") for line in lines[:-1]) == said


VALUES = {
    "seeds: [0]": [
        "seeds: [0]", "seeds: [0,\n    1]", "seeds:\n    - 0  # first\n    - 1", "seeds: [0]# no",
        "seeds: &all [0]", '"seeds": [0] # mine', "seeds : [ 0, 1 ]",
    ],
    "folder: data/folder": [
        "folder: 'data/folder'", 'folder: "data/fo\\\n    lder"', "folder: >-\n    data/folder",
        "folder: !!str data/folder",
    ],
    "classes: null": ["classes:", "classes: ~", "classes: 99"],
    "momentum: 0.9": ["momentum: 9.e-1", "? momentum\n  : 0.9"],
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), [(old, new) for old in VALUES for new in VALUES[old]])
def test_no_way_to_write_a_value_is_harmed(old, new):
    assert f"  {old} " in DEFAULT
    text = "\ufeff" + DEFAULT.replace(f"  {old} ", f"  {new} ")
    written = comments.rewritten(text)[0]
    assert yaml.safe_load(written) == yaml.safe_load(text)
    assert comments.rewritten(written) == (written, [])
    for line in new.splitlines():
        assert line.partition(" #")[0] in written


def test_the_command_mends_what_check_names(project, capsys):
    assert comments.main(["--check"], project) == 0
    assert capsys.readouterr().out == ""
    tiny = project / "configs" / "tiny.yaml"
    right = tiny.read_bytes()
    tiny.write_bytes(right.replace(b"# of the PNG files", b"# mine"))
    behind = tiny.read_bytes()
    assert comments.main(["--check"], project) == 1
    line = f"configs/tiny.yaml: comments are not the schema's; run {comments.COMMAND}\n"
    assert capsys.readouterr().out == line
    assert tiny.read_bytes() == behind
    assert comments.main([], project) == 0
    assert capsys.readouterr().out == "configs/tiny.yaml: written\n  no longer: figures.dpi: mine\n"
    assert tiny.read_bytes() == right
    assert comments.main(["--chekc"], project) == 2


def test_a_key_that_a_file_lacks_is_named_and_no_file_waits_for_it(project, capsys):
    tiny, params = project / "configs" / "tiny.yaml", project / "params.yaml"
    lacking = tiny.read_text("utf-8").replace("  momentum: 0.9 ", "  # momentum: 0.9 ")
    tiny.write_text(lacking, "utf-8")
    params.write_text(DEFAULT.replace("# of the PNG files", ""), "utf-8")
    for arguments in (["--check"], []):
        assert comments.main(arguments, project) == 1
        assert capsys.readouterr().err == "configs/tiny.yaml: train.momentum: missing\n"
    assert tiny.read_text("utf-8") == lacking
    assert params.read_text("utf-8") == DEFAULT


def test_a_new_key_is_an_entry_in_the_schema_and_its_value(project, capsys, monkeypatch):
    entry = (
        "      quux:\n        description: largest norm of the gradients\n        type: number\n"
    )
    text = schema.SCHEMA.read_text("utf-8").replace("      device:\n", f"{entry}      device:\n", 1)
    (project / "schema.yaml").write_text(text, "utf-8")
    monkeypatch.setattr(schema, "SCHEMA", project / "schema.yaml")
    assert comments.main([], project) == 1
    names = [path.relative_to(project) for path in comments.files(project)]
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"{name}: train.quux: missing" for name in names]
    for path in comments.files(project):
        text = path.read_text("utf-8")
        path.write_text(text.replace("  augment: ", "  quux: 5.0\n  augment: "), "utf-8")
    assert comments.main([], project) == 0
    for path in comments.files(project):
        assert "\n  quux: 5.0             # largest norm of the gradients\n" in path.read_text(
            "utf-8"
        )
