"""The files of workflow/paper, which a reader may edit: what is wrong with one is one line."""

import copy

import pytest
import yaml
from groupconv.ground.errors import StepError
from groupconv.settings import paper
from project import ROOT

PLACES = {
    "paper": ROOT / "workflow/paper/claims.yaml",
    "ambiguities": ROOT / "workflow/paper/ambiguities.yaml",
}
DOCUMENTS = {name: yaml.safe_load(path.read_text("utf-8")) for name, path in PLACES.items()}


@pytest.mark.parametrize("name", PLACES)
def test_ours_are_accepted(name):
    paper.check(name, str(PLACES[name]))


@pytest.mark.parametrize(
    ("name", "place", "value", "said"),
    [
        ("paper", ["setting", "data.sourc"], 1, "setting.data.sourc: no key that is read here; "),
        ("paper", ["setting", "split.seed"], 1, "setting.split.seed: no key that is read here"),
        ("paper", ["setting", "schemes.E"], 1, "setting.schemes.E: no key that is read here"),
        ("paper", ["setting", "train.epochs"], "25", 'setting.train.epochs = "25": must be a w'),
        ("paper", ["setting", "evaluate.checkpoint"], "lst", 'setting.evaluate.checkpoint = "l'),
        ("paper", ["families", "primary"], ["E", "D", "E"], "families.primary = "),
        ("paper", ["families", "secondary"], ["E"], "families: E: stands in both; leave one out"),
        ("paper", ["families", "primary"], ["baseline"], 'families.primary: "baseline": no such'),
        ("paper", ["setting", "data.books"], ["umgy001"], 'setting.data.books[0] = "umgy001": mus'),
        ("paper", ["setting", "train.epochs\n"], 1, "setting.train.epochs\\n: no key that is read"),
        ("paper", ["schemes"], {"baseline": [1]}, 'schemes = {"baseline": [1]}: '),
        (
            "ambiguities",
            [0, "key"],
            "/etc/passwd",
            "[0].key: /etc/passwd: no key that is read",
        ),
        ("ambiguities", [0, "key"], "../README.md", "[0].key: ../README.md: no key that is read"),
        ("ambiguities", [0, "key"], "dta", "[0].key: dta: no key that is read here"),
        ("ambiguities", [0, "key"], "schemes.E", "[0].key: schemes.E: no key that is read here"),
        ("ambiguities", [0, "key"], "workflow/none.yaml", "[0].key: workflow/none.yaml: no key t"),
        ("ambiguities", [0, "xyz"], {}, "[0].xyz = {}: unknown key; "),
        ("ambiguities", [0, "chioce"], "a", '[0].chioce = "a": unknown key; did you mean'),
        ("paper", ["setting", "train"], 1, "setting.train: no key that is read here; write"),
        ("paper", ["data", "images"], "65,795", 'data.images = "65,795": must be a whole number'),
        ("paper", ["data", "parts"], [16, 4], "data.parts = [16, 4]: must have at least 3 items"),
        ("paper", ["data", "chanels"], 1, "data.chanels = 1: unknown key; did you mean data.chann"),
        ("paper", ["tuned"], 90.8, "tuned = 90.8: must be at most 1"),
        ("paper", ["schemes", "A"], "1", 'schemes.A = "1": must be a list'),
        ("paper", ["families", "primary"], "E", 'families.primary = "E": must be a list'),
        ("paper", ["claims", 0, "id"], None, "claims[0].id = null: must be a whole number or text"),
        ("paper", ["claims", 1, "id"], 1, "claims: id 1: stands twice"),
        (
            "paper",
            ["families", "primary"],
            ["E", "Z"],
            'families.primary: "Z": no such name; allow',
        ),
        ("paper", ["assumed"], ["data.sourc"], 'assumed: "data.sourc": no such name; did you mean'),
        ("paper", ["schemes", "E"], [1, 32], "schemes.E = [1, 32]: must have 5 numbers, as base"),
        ("paper", ["schemes", "A"], 2000 * "[" + 2000 * "]", "line "),
        ("paper", ["claims", 0], {"id": 1, "text": "a"}, "claims[0].place: missing"),
        ("paper", ["entries"], None, "entries = null: must be a list"),
        ("paper", ["entries", 0, "id"], ["1a"], 'entries[0].id = ["1a"]: must be a whole number'),
        ("paper", [], None, "the file = null: must be keys with values"),
        ("ambiguities", [0, "key"], "data.fitt", "[0].key: data.fitt: no key that is read here; d"),
        ("ambiguities", [1], {"open": "a", "choice": "b", "key": "-"}, "[1].why: missing"),
        ("ambiguities", [1, "why"], 3, "[1].why = 3: must be text"),
        ("ambiguities", [], None, "the file = null: must be a list"),
        ("ambiguities", [], {"a": 1}, 'the file = {"a": 1}: must be a list'),
    ],
)
def test_a_mistake_is_one_line_with_its_place(tmp_path, name, place, value, said):
    document = copy.deepcopy(DOCUMENTS[name])
    if place:
        inner = document
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = value
    else:
        document = value
    path = tmp_path / "edited.yaml"
    text = yaml.safe_dump(document, width=10**6)
    path.write_text(text.replace("'[[", "[[").replace("]]'", "]]"), encoding="utf-8")
    with pytest.raises(StepError) as caught:
        paper.check(name, str(path))
    assert str(caught.value).startswith(f"{path}: {said}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("tuned: 0.908", "tuned: 0.908\ntuned: 0.1", "line 26: tuned: this key stands twice"),
        ("  images: 65795", "  images: 1\n  images: 2", "line 15: images: this key stands twice"),
        ("tuned: 0.908", "tuned: 2026-13-01", "line 25: `tuned: 2026-13-01`: a date to YAML; put"),
        ("tuned: 0.908", 'tuned: !!bool "q"', 'line 25: `tuned: !!bool "q"`: no bool; put the'),
        ("tuned: 0.908", 'tuned: !!timestamp "x"', "line 25: "),
        ("tuned: 0.908", "tuned: !!int x", "line 25: `tuned: !!int x`: no int; put the value in q"),
        ("tuned: 0.908", 'tuned: !!float ""', "line 25: "),
        ("tuned: 0.908", "tuned: !!map [1]", "line 25: "),
        ("tuned: 0.908", 'tuned: "\\ud800"', "'\\ud800': half a character"),
        ("tuned: 0.908", "# \u2028\ntuned: yes", "line 27: `tuned: yes`: text to DVC, true"),
        ("tuned: 0.908", "tuned: &a [*a]", "a value that refers (*) to itself"),
        ("tuned: 0.908", "tuned:\t0.908", "line 25: "),
        ("  tolerance: 0.01", "  tolerance: 1e-2", 'data.tolerance = "1e-2": must be a number; w'),
        ("  images: 65795", "  images: 18:16:35", "line 14: "),
        ("  D: [1, 64", "  no: [1, 64", "line 32: no: a key must be text"),
        ("tuned: 0.908", "tuned: " + 2000 * "[", "line "),
    ],
)
def test_what_yaml_would_take_or_explain_badly_is_one_line(tmp_path, old, new, said):
    text = PLACES["paper"].read_text(encoding="utf-8")
    assert text.count(old) >= 1
    path = tmp_path / "claims.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(StepError) as caught:
        paper.check("paper", str(path))
    assert str(caught.value).startswith(f"{path}: {said}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("text", ["", "a: [", "\0"])
def test_a_damaged_file_is_one_line(tmp_path, name, text):
    path = tmp_path / "damaged.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StepError, match=rf"^{path}: ") as caught:
        paper.check(name, str(path))
    assert "\n" not in str(caught.value)


def test_rates_of_each_scheme_are_a_setting(tmp_path):
    document = copy.deepcopy(DOCUMENTS["paper"])
    document["setting"]["train.learning_rate"] = {"baseline": 0.01, "E": 0.01}
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    paper.check("paper", str(path))


def test_every_key_that_is_missing_is_named(tmp_path):
    for key in DOCUMENTS["paper"]:
        left = {name: part for name, part in DOCUMENTS["paper"].items() if name != key}
        path = tmp_path / "claims.yaml"
        path.write_text(yaml.safe_dump(left), encoding="utf-8")
        with pytest.raises(StepError) as caught:
            paper.check("paper", str(path))
        assert str(caught.value) == f"{path}: {key}: missing"
