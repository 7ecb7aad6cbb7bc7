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
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(StepError) as caught:
        paper.check(name, str(path))
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
