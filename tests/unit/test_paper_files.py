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
        ("paper", ["setting", "data.sourc"], 1, "setting: data.sourc: no key of params.yaml; did"),
        ("paper", ["setting", 2020], 1, "setting: 2020: no key of params.yaml, as data.fit"),
        ("paper", ["setting", True], 1, "setting: True: no key of params.yaml, as data.fit"),
        ("ambiguities", [0, "xyz"], {}, "[0].xyz = {}: unknown key; "),
        ("ambiguities", [0, "chioce"], "a", '[0].chioce = "a": unknown key; did you mean'),
        ("paper", ["setting", "train"], 1, "setting: train: no key of params.yaml, as data.fit"),
        ("paper", ["data", "images"], "65,795", 'data.images = "65,795": must be a whole number'),
        ("paper", ["data", "parts"], [16, 4], "data.parts = [16, 4]: must have at least 3 items"),
        ("paper", ["data", "chanels"], 1, "data.chanels = 1: unknown key; did you mean data.chann"),
        ("paper", ["tuned"], 90.8, "tuned = 90.8: must be at most 1"),
        ("paper", ["schemes", "A"], "1", 'schemes.A = "1": must be a list'),
        ("paper", ["families", "primary"], "E", 'families.primary = "E": must be a list'),
        ("paper", ["claims", 0, "id"], None, "claims[0].id = null: must be a whole number or text"),
        ("paper", ["claims", 1, "id"], 1, "claims: id 1: stands twice"),
        ("paper", ["families", "primary"], ["E", "Z"], "families.primary: Z: no such name; allow"),
        ("paper", ["assumed"], ["data.sourc"], "assumed: data.sourc: no such name; did you mean d"),
        ("paper", ["schemes", "E"], [1, 32], "schemes.E = [1, 32]: must have 5 numbers, as base"),
        ("paper", ["schemes", "A"], 2000 * "[" + 2000 * "]", "the file: brackets in brackets"),
        ("paper", ["claims", 0], {"id": 1, "text": "a"}, "claims[0].place: missing"),
        ("paper", ["entries"], None, "entries = null: must be a list"),
        ("paper", ["entries", 0, "id"], ["1a"], 'entries[0].id = ["1a"]: must be a whole number'),
        ("paper", [], None, "the file = null: must be keys with values"),
        ("ambiguities", [0, "key"], "data.fitt", "[0].key: data.fitt: no key of params.yaml; did"),
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
        ("tuned: 0.908", "tuned: 0.908\ntuned: 0.1", "line 26: tuned: this key stands twice; "),
        ("  images: 65795", "  images: 1\n  images: 2", "line 15: images: this key stands twice;"),
        ("tuned: 0.908", "tuned: 2026-13-01", "line 25: `tuned: 2026-13-01`: no timestamp; put"),
        ("tuned: 0.908", "tuned: !!bool q", "line 25: `tuned: !!bool q`: no bool; put the value"),
        ("tuned: 0.908", "tuned: !!int x", "line 25: `tuned: !!int x`: no int; put the value in"),
        ("tuned: 0.908", "tuned: &a [*a]", "tuned = "),
    ],
)
def test_what_yaml_would_take_or_explain_badly_is_one_line(tmp_path, old, new, said):
    text = PLACES["paper"].read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = tmp_path / "claims.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
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


def test_every_key_that_is_missing_is_named(tmp_path):
    for key in DOCUMENTS["paper"]:
        left = {name: part for name, part in DOCUMENTS["paper"].items() if name != key}
        path = tmp_path / "claims.yaml"
        path.write_text(yaml.safe_dump(left), encoding="utf-8")
        with pytest.raises(StepError) as caught:
            paper.check("paper", str(path))
        assert str(caught.value) == f"{path}: {key}: missing"
