"""dvc.yaml: our stages follow the rules, every other line stays as its owner wrote it."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from groupconv.engines import dvcyaml
from groupconv.engines.dvcyaml import Rule
from groupconv.ground.errors import StepError
from groupconv.settings import config

RULES = {
    "split": Rule(("data/index.csv",), ("data/manifest.csv",), "split it"),
    "macs": Rule((), ("results/schemes/{scheme}/macs.json",), "count them"),
}
OWN = """\
# Mine.
artifacts:
  model:   {path: results/schemes/E/seed0/checkpoint.pt}   # kept
plots:
- x: epoch
stages:
  # my own stage
  paint:
    cmd: echo hello   # with care

    deps: [params.yaml]
  split:
    cmd: an old one
    deps:
    - nothing
  "my other":
    cmd: >-
      echo
      there

params:
- other.yaml
"""


PARAMS = config.load("params.yaml")


def derived(text, rules=RULES, params=PARAMS):
    return dvcyaml.derived(text, rules, {"results/schemes": "results/schemes"}, params)


def test_ours_are_brought_up_and_others_stay_byte_for_byte():
    text = derived(OWN)
    old, new = yaml.safe_load(OWN), yaml.safe_load(text)
    assert new["stages"]["split"]["deps"] == ["data/index.csv", "results/code/split.txt"]
    assert new["stages"]["macs"]["matrix"] == {"scheme": "${schemes}"}
    assert new["stages"]["macs"]["deps"] == ["results/code/macs.txt"]
    for name in ("paint", "my other"):
        assert new["stages"][name] == old["stages"][name]
    for key in ("artifacts", "plots", "params"):
        assert new[key] == old[key]
    begin, end = OWN.index("# Mine."), OWN.index("  split:")
    assert OWN[begin : OWN.index("stages:")] in text
    assert OWN[OWN.index("  # my own stage") : end] in text
    assert OWN[OWN.index('  "my other"') : OWN.index("params:\n")] in text
    assert text.endswith(OWN[OWN.index("params:\n") :])
    assert derived(text) == text


def test_the_order_that_dvc_freeze_leaves_is_no_change():
    text = derived("")
    definition = yaml.safe_load(text)["stages"]["split"]
    lists = {key: value for key, value in definition.items() if isinstance(value, list)}
    assert any(len(value) > 1 for value in lists.values())
    turned = definition | {key: value[::-1] for key, value in lists.items()}
    content = yaml.safe_load(text)
    content["stages"]["split"] = turned
    text = yaml.safe_dump(content, sort_keys=False, width=1000)
    assert yaml.safe_load(derived(text)) == content


def test_a_frozen_stage_stays_frozen():
    text = derived("")
    frozen = text.replace("  split:\n", "  split:\n    frozen: true\n")
    assert yaml.safe_load(derived(frozen))["stages"]["split"]["frozen"] is True
    changed = derived(frozen, {**RULES, "split": Rule((), ("data/manifest.csv",), "another")})
    assert yaml.safe_load(changed)["stages"]["split"]["frozen"] is True
    assert "deps" in yaml.safe_load(changed)["stages"]["split"]


@pytest.mark.parametrize("text", ["", "stages:\n", "plots: []\n", "stages: {}\n"])
def test_from_nothing(text):
    assert list(yaml.safe_load(derived(text))["stages"]) == ["code", "split", "macs"]


def test_a_rules_command_is_in_the_stages():
    other = {**RULES, "split": Rule(("data/index.csv",), ("data/manifest.csv",), "otherwise")}
    assert derived("", other) != derived("")


def stage(**options):
    rule = Rule(("data/index.csv",), ("data/manifest.csv",), "split it", **options)
    return yaml.safe_load(derived("", {"split": rule}))["stages"]["split"]


def test_an_argument_as_it_stands_is_in_the_stages_command():
    names = {"index": "data/index.csv"}
    given = stage(arguments=names, literals={"tests": "results/schemes/{scheme}/test.json"})
    other = stage(arguments=names, literals={"tests": "results/schemes/{scheme}/val.json"})
    assert len({stage()["cmd"], given["cmd"], other["cmd"]}) == 3
    said = "index=data/index.csv tests=results/schemes/{scheme}/test.json"
    assert given["meta"] == {"arguments": said}


def test_two_paths_that_exchange_their_names_are_another_command():
    """The stage's lists stay the same."""
    one = stage(arguments={"last": "a.pt", "best_val": "b.pt"})
    other = stage(arguments={"last": "b.pt", "best_val": "a.pt"})
    assert one["cmd"] != other["cmd"]
    assert stage(arguments={"best_val": "b.pt", "last": "a.pt"})["cmd"] == one["cmd"]


def test_one_path_has_nothing_to_exchange():
    assert stage(arguments={"file": "raw/a"})["cmd"] == stage()["cmd"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "stages:\n<<<<<<< HEAD\n  a:\n    cmd: a\n=======\n  a:\n    cmd: b\n>>>>>>> x\n",
            "line 2: `<<<<<<< HEAD`: git left a conflict",
        ),
        ("stages: [", "line 1: `stages: [`: [ without ]"),
        ("stages:\n  a: {\n", "line 2: `a: {`: { without }"),
        ("just text", "stages: no stages"),
    ],
)
def test_what_is_no_yaml_is_one_line(text, said):
    with pytest.raises(StepError, match=f"^dvc\\.yaml: {re.escape(said)}") as caught:
        derived(text)
    assert "\n" not in str(caught.value)


def test_stages_in_another_form_are_refused_not_doubled():
    with pytest.raises(StepError, match="two blanks"):
        derived("stages:\n    split:\n        cmd: a\n")


@pytest.mark.parametrize(
    ("name", "ours"),
    [("train@A-0", True), ("code", True), ("train", True), ("paint", False), ("trainer@A", False)],
)
def test_whose_stage_it_is(name, ours):
    assert dvcyaml.of_ours(name) is ours


def test_a_value_of_each_scheme_is_a_key_of_its_own_stage():
    rules = {"train": Rule((), ("results/schemes/{scheme}/seed{seed}/checkpoint.pt",), "train it")}
    one = yaml.safe_load(derived("", rules))["stages"]["train"]["params"]
    rates = {"learning_rate": dict.fromkeys(PARAMS["schemes"], 0.01)}
    each = {**PARAMS, "train": PARAMS["train"] | rates}
    many = yaml.safe_load(derived("", rules, each))["stages"]["train"]["params"]
    assert "train.learning_rate" in one
    assert set(one) ^ set(many) == {
        "train.learning_rate",
        "train.learning_rate.${item.scheme}",
    }
    assert "model.initialization" in many
    assert "schemes.${item.scheme}" in many


@pytest.mark.parametrize("folder", ["/x/{scheme}/{seed}", "{scheme}", "a ${item.seed} <b>"])
def test_braces_in_a_users_folder_are_no_wildcards(folder):
    rules = {"prepare": Rule((folder, "data/raw/folder"), ("data/index.csv",), "prepare it")}
    text = dvcyaml.derived("", rules, {folder: "${data.folder}"}, PARAMS)
    stage = yaml.safe_load(text)["stages"]["prepare"]
    assert stage["deps"] == ["${data.folder}", "data/raw/folder", "results/code/prepare.txt"]
    assert "matrix" not in stage


def test_git_ignores_all_that_dvc_caches_so_that_dvc_writes_no_gitignore_of_its_own():
    stages = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]
    outs = [out for stage in stages.values() for out in stage.get("outs", [])]
    cached = [re.sub(r"\$\{[^}]*\}", "x", out) for out in outs if isinstance(out, str)]
    assert len(cached) > 5
    cached = [f"{path}/x" for path in cached]  # a folder's rule ends in /
    command = ["git", "check-ignore", "--no-index", *cached]
    ignored = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    assert [path for path in cached if path not in ignored] == []
