"""The paper's claims as data: every one of them, entry by entry, with its place and its rule."""

import copy
import re
from pathlib import Path

import pytest
import yaml
from groupconv.ground.errors import StepError
from groupconv.network.architecture import FULL_MODEL, closed_form
from groupconv.results import entries
from groupconv.results.judging import RULES, trained
from groupconv.results.layers import grouped_layers, untied
from groupconv.settings import config
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
DOCUMENT = yaml.safe_load((ROOT / "workflow/paper/claims.yaml").read_text(encoding="utf-8"))
ENTRIES = {entry["id"]: entry for entry in DOCUMENT["entries"]}

# The paper's table of claims, copied by hand: every number in it, by claim and place.
NUMBERS = {
    "1a": (1, 0.064, "nats", "baseline", "train_loss", None, "Figure 3"),
    "1b": (1, 0.062, "nats", "lowest", "train_loss", None, "Figures 4-8"),
    "1c": (1, 0.086, "nats", "highest", "train_loss", None, "Figures 4-8"),
    "2a": (2, 1.139, "nats", "baseline", "val_loss", 10586, "Figure 3"),
    "2b": (2, 1.199, "nats", "lowest", "val_loss", 10586, "Figures 4-8"),
    "2c": (2, 1.4, "nats", "highest", "val_loss", 10586, "Figures 4-8"),
    "3a": (3, -4.04, "points", "E", "val_top1", 10586, "Figures 3-8"),
    "4a": (4, -2.49, "points", "E", "test_top1", 13439, "Figure 9"),
    "5a": (5, -3.03, "points", "D", "test_top1", 13439, "Figure 9"),
    "6a": (6, -80, "percent", "E", "macs", None, "Figure 10"),
    "7a": (7, -54.73, "percent", "E", "latency", None, "Figure 10"),
    "7b": (7, -45, "percent", "E", "latency", None, "abstract"),
}
STATEMENTS = {  # the rule, its measure, and the numbers that it takes from the paper
    "1d": (1, "little_impact", "train_loss", 34.4),
    "2d": (2, "direction", "val_loss", None),
    "3a": (3, "direction", "val_top1", None),
    "3b": (3, "direction", "val_top1", None),
    "4a": (4, "direction", "test_top1", None),
    "4b": (4, "little_impact", "test_top1", 3.03),
    "5a": (5, "direction", "test_top1", None),
    "5b": (5, "worst", "test_top1", None),
    "6a": (6, "direction", "macs", None),
    "7a": (7, "direction", "latency", None),
    "7c": (7, "two_numbers", None, None),
    "8a": (8, "order", "macs", None),
    "8b": (8, "order", "latency", None),
    "8c": (8, "order", "test_top1", None),
    "8d": (8, "pair", "latency", None),
    "8e": (8, "direction", "latency", None),
    "9a": (9, "little_impact", "train_top1", 2.49),
    "10a": (10, "order", "training_seconds", None),
    "10b": (10, "order", "params", None),
    "10c": (10, "order", "conv_params", None),
    "10d": (10, "direction", "training_seconds", None),
    "11a": (11, "bound", "macs", None),
    "11b": (11, "bound", "latency", None),
    "12a": (12, "little_impact", "val_loss", 22.9),
    "13a": (13, "agreement", "val_less_test_top1", 1.55),
    "13b": (13, "two_numbers", "test_top1", None),
}


def test_other_readings_are_of_the_same_words_and_no_others():
    found = {i: e["another_reading_of"] for i, e in ENTRIES.items() if "another_reading_of" in e}
    assert found == {"7b": "7a", "8d": "8b", "10c": "10b"}


def test_every_number_of_the_paper_is_an_entry():
    keys = ("value", "unit", "scheme", "measure", "n_paper")
    found = {
        i: (e["claim"], *(e["number"].get(key) for key in keys), e["place"])
        for i, e in ENTRIES.items()
        if "number" in e
    }
    assert found == NUMBERS


def test_every_statement_of_the_paper_is_an_entry_with_its_rule():
    found = {
        i: (e["claim"], *(e["statement"].get(key) for key in ("rule", "measure", "margin")))
        for i, e in ENTRIES.items()
        if "statement" in e
    }
    assert found == STATEMENTS
    assert {e["statement"]["rule"] for e in ENTRIES.values() if "statement" in e} == set(RULES)


GOOD = ENTRIES["4a"] | {"id": "4c"}
LITTLE = {"rule": "little_impact", "measure": "test_top1", "worse": "down", "margin": 1}
LITTLE["reason"] = "a reason"
PAIR = {"rule": "pair", "measure": "macs", "scheme": "D", "reference": "D", "sign": "down"}
BOUND = {"rule": "bound", "measure": "macs", "value": 80}
NATS = {"measure": "val_loss", "level": True}
IMAGES = {"measure": "macs", "images": [3, 4]}
OF_MACS = {"measure": "macs", "tolerance": 1}
SAME = {"rule": "two_numbers", "first": 1, "second": 1}
TWO = {"rule": "two_numbers", "first": 1, "second": 2, "measure": "test_top1", "scheme": "E"}


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (lambda e: e["statement"].update(rule="directions"), "did you mean direction?"),
        (lambda e: e["statement"].pop("rule"), "statement.rule is missing"),
        (lambda e: e["statement"].pop("sign"), "statement.sign is missing"),
        (lambda e: e["statement"].update(sign="lower"), "no such sign; allowed: down, up"),
        (lambda e: e["number"].update(measure="test_topl"), "did you mean test_top1?"),
        (lambda e: e["number"].update(scheme="F"), "no such scheme; allowed: baseline, A, B"),
        (lambda e: e["number"].update(value="-2.49%"), 'value = "-2.49%": must be a number'),
        (lambda e: e["number"].update(tolerence=1), "did you mean tolerance?"),
        (lambda e: e.update(claim=14), "claim = 14: no such claim; allowed: 1, 2"),
        (lambda e: e.update(id="4a"), "entry 4a: another entry has this id"),
        (lambda e: e.update(statement="E loses"), 'statement = "E loses": must have keys, as rule'),
        (lambda e: e.update(another_reading_of="3a"), "allowed: 4a, 4b"),
        (lambda e: e.update(another_reading_of="4c"), "allowed: 4a, 4b"),
        (lambda e: e["number"].update(value=float("nan")), "value = NaN: must be a number"),
        (lambda e: e["number"].update(value=10**400), ": must be a number"),
        (lambda e: e["number"].update(tolerance=-1), "tolerance = -1: must be a number above 0"),
        (lambda e: e["number"].update(n_paper=1.5), "n_paper = 1.5: must be a whole number above"),
        (lambda e: e["number"].update(level="no"), 'level = "no": must be true or false'),
        (lambda e: e.update(words=["E", "loses"]), 'words = ["E", "loses"]: must be text'),
        (lambda e: e.update(place=9), "place = 9: must be text"),
        (lambda e: e.update(statement=LITTLE | {"reason": 3}), "reason = 3: must be text"),
        (lambda e: e.update(statement=LITTLE | {"margin": 0}), "margin = 0: must be a number ab"),
        (lambda e: e.update(statement=TWO | {"images": [3]}), "images = [3]: must be two whole nu"),
        (lambda e: e.update(statement=TWO), "images is missing; measure, scheme, images go toget"),
        (lambda e: e["number"].update(n_paper=10**400), ": must be a whole number above 0"),
        (lambda e: e["number"].update(unit="percent"), "a change of test_top1 is in points"),
        (
            lambda e: e["number"].update(measure="macs"),
            "number.tolerance is missing; macs are exac",
        ),
        (lambda e: e["number"].update(OF_MACS), "a change of macs is in percent"),
        (lambda e: e.update(statement=SAME), "statement.second = 1: the same as first"),
        (lambda e: e.update(claim="4"), 'claim = "4": must be 4'),
        (lambda e: e["number"].update(level=True), "only a loss is given as a level; test_top1 as"),
        (lambda e: e["number"].update(scheme="baseline"), "of its own level, write level: true"),
        (lambda e: e["number"].update(measure="latency_onx"), "no such measure; did you mean late"),
        (
            lambda e: e["number"].update(NATS),
            "number.unit = points: a level of val_loss is in nats",
        ),
        (lambda e: e.update(claim=True), "claim = true: no such claim; allowed: 1, 2"),
        (lambda e: e["statement"].update(scheme="baseline"), "it is compared with baseline"),
        (lambda e: e.update(statement=PAIR), "statement.scheme = D: it is compared with D"),
        (lambda e: e.update(statement=BOUND), "statement.value = 80: must be below 0, as -80"),
        (lambda e: e.update(statement=TWO | IMAGES), "no such measure; allowed: test_top1, val_t"),
        (lambda e: e.pop("words"), "words is missing"),
        (lambda e: (e.pop("number"), e.pop("statement")), "number or statement is missing"),
    ],
)
def test_a_mistake_in_an_entry_is_one_line(mistake, said):
    entry = copy.deepcopy(GOOD)
    mistake(entry)
    with pytest.raises(StepError) as raised:
        entries.check(DOCUMENT | {"entries": [*DOCUMENT["entries"], entry]}, "claims.yaml")
    line = str(raised.value)
    assert line.startswith("claims.yaml: entry 4"), line
    assert said in line
    assert "\n" not in line


def test_the_baseline_may_be_the_worst_of_several_but_not_of_two():
    worst = {"rule": "worst", "measure": "macs", "scheme": "baseline", "sign": "up"}
    entry = {**GOOD, "statement": worst}
    entries.check({**DOCUMENT, "entries": [entry]}, "claims.yaml")
    few = {name: DOCUMENT["schemes"][name] for name in ("baseline", "E")}
    with pytest.raises(StepError, match=r"statement\.rule = worst: schemes has too few"):
        entries.check({**DOCUMENT, "schemes": few, "entries": [entry]}, "claims.yaml")


def test_the_papers_entries_and_the_recipes_have_no_mistake():
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    (written,) = re.findall(r"```yaml\n(  - id: .*?)```", text, re.S)
    assert yaml.safe_load(written) == [ENTRIES["4a"]]
    entries.check(DOCUMENT | {"entries": [*DOCUMENT["entries"], GOOD]}, "claims.yaml")


def test_the_claims_are_thirteen_and_each_has_entries():
    ids = [claim["id"] for claim in DOCUMENT["claims"]]
    assert ids == list(range(1, 14))
    assert sorted({entry["claim"] for entry in ENTRIES.values()}) == ids
    assert len(ENTRIES) == len(DOCUMENT["entries"])
    for i, entry in ENTRIES.items():
        assert i.rstrip("abcdefgh") == str(entry["claim"])
        assert all(entry[key] for key in ("words", "place", "reading")), i
        keys = {"id", "claim", "words", "place", "reading", "number", "statement"}
        assert set(entry) <= {*keys, "another_reading_of"}
        margin = entry.get("statement", {}).get("margin")
        assert margin is None or entry["statement"]["reason"], i


def test_margins_and_bounds_follow_from_the_papers_numbers():
    of = {i: entry.get("statement", {}) for i, entry in ENTRIES.items()}
    assert of["1d"]["margin"] == pytest.approx(100 * (0.086 / 0.064 - 1), abs=0.05)
    assert of["12a"]["margin"] == pytest.approx(100 * (1.4 / 1.139 - 1), abs=0.05)
    assert of["13a"]["margin"] == pytest.approx(4.04 - 2.49)
    assert (of["11a"]["value"], of["11b"]["value"]) == (-80, -50)
    assert (of["7c"]["first"], of["7c"]["second"]) == (-54.73, -45)
    assert (of["13b"]["first"], of["13b"]["second"], of["13b"]["images"]) == (
        -4.04,
        -2.49,
        [10586, 13439],
    )
    assert (of["8d"]["scheme"], of["8d"]["reference"]) == ("D", "E")
    assert of["2d"]["sign"] == "up"
    assert DOCUMENT["tuned"] == pytest.approx(1 - 0.064 / 0.6931, abs=5e-4)


def test_the_schemes_and_layers_are_the_papers():
    assert config.load(ROOT / "configs/paper.yaml")["schemes"] == {
        name: {"groups": groups} for name, groups in DOCUMENT["schemes"].items()
    }
    layers = {name: grouped_layers(groups) for name, groups in DOCUMENT["schemes"].items()}
    assert layers == {"baseline": 0, "A": 2, "B": 4, "C": 6, "D": 8, "E": 8}
    assert not any({"D", "E"} == set(pair) for pair in untied(layers))


def test_what_needs_a_training_is_accuracy_and_loss():
    measures = {(e.get("number") or e["statement"]).get("measure") for e in ENTRIES.values()} - {
        None
    }
    assert {m for m in measures if not trained(m)} == {
        "macs",
        "latency",
        "params",
        "conv_params",
        "training_seconds",
    }


def test_the_closed_form_holds_claims_6_and_11():
    """E saves 79.22% of the MACs, within a point of "about 80%"; D 80.50%: "up to 80%"."""
    macs = {
        name: closed_form("vgg13_bn", groups=groups, **FULL_MODEL).macs
        for name, groups in DOCUMENT["schemes"].items()
    }
    assert 100 * (macs["E"] / macs["baseline"] - 1) == pytest.approx(-79.22, abs=0.005)
    assert 100 * (macs["D"] / macs["baseline"] - 1) == pytest.approx(-80.50, abs=0.005)


@given(st.dictionaries(st.text("ABCDEFGH", min_size=1, max_size=1), st.integers(0, 16)))
def test_every_two_schemes_are_compared_once_unless_they_tie(layers):
    pairs = untied(layers)
    assert {frozenset(pair) for pair in pairs} == {
        frozenset((a, b)) for a in layers for b in layers if layers[a] != layers[b]
    }
    assert all(layers[a] < layers[b] for a, b in pairs)
    assert len(pairs) == len(set(pairs))
