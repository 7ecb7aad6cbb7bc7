"""Which of the paper's numbers may stand beside ours."""

import copy
from pathlib import Path

import pytest
import yaml
from groupconv.pages import papers
from groupconv.results.comparability import Facts, differences
from groupconv.settings import config

DEFAULT = config.load("params.yaml")
SETTING = config.load("configs/paper.yaml")
DOCUMENT = yaml.safe_load(Path("workflow/paper/claims.yaml").read_text(encoding="utf-8"))
THEIRS = Facts(65734, (0.64, 0.16, 0.2), side=64, channels=1, training_accuracy=0.97)


def answers(comparable):
    """claims.json, as far as papers.py reads it; ``comparable(number)`` says which may stand."""
    return {
        "entries": [
            {
                "number": entry.get("number"),
                "number_verdict": "reproduced"
                if "number" in entry and comparable(entry["number"])
                else "not comparable",
            }
            for entry in DOCUMENT["entries"]
        ]
    }


COST = {("E", "macs"): -80, ("E", "latency"): -54.73}
TRAINED = {("E", "val_top1"): -4.04, ("E", "test_top1"): -2.49, ("D", "test_top1"): -3.03}


def test_those_that_the_step_claims_found_comparable_stand_and_no_others():
    assert papers.changes(answers(lambda number: True)) == COST | TRAINED
    cost = answers(lambda number: number["measure"] in ("macs", "latency"))
    assert papers.changes(cost) == COST
    assert papers.changes(answers(lambda number: False)) == {}


def test_the_papers_own_setting_differs_in_nothing():
    assert differences(SETTING, DOCUMENT, THEIRS) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("data.source", "folder"),
        ("data.classes", None),
        ("model.input_size", 32),
        ("model.classifier_pool", 1),
        ("train.epochs", 24),
        ("train.batch_size", 128),
        ("evaluate.checkpoint", "best_val"),
    ],
)
def test_a_key_that_is_another_is_named_with_both_values(key, value):
    params = copy.deepcopy(SETTING)
    section, name = key.split(".")
    theirs, params[section][name] = params[section][name], value
    (said,) = differences(params, DOCUMENT, THEIRS)
    whose = "assumed of the paper" if key in ("data.source", "evaluate.checkpoint") else "the paper"
    assert said == f"{key}: {'all' if value is None else value} ({whose}: {theirs})"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (Facts(3360, (0.64, 0.16, 0.2), 64, 1, 0.97), "images: 3,360 (the paper: 65,795)"),
        (
            Facts(65795, (0.64, 0.16, 0.2), 8, 1, 0.97),
            "stored image: 8 px (assumed of the paper: 64)",
        ),
        (Facts(65795, (0.64, 0.16, 0.2), 64, 3, 0.97), "channels: 3 (assumed of the paper: 1)"),
        (Facts(65795, (0.69, 0.17, 0.14), 64, 1, 0.97), "parts: 69% : 17% : 14%"),
        (Facts(65795, (0.64, 0.16, 0.2), 64, 1, 0.907), "fit of the training part: the baseline's"),
    ],
)
def test_what_the_data_and_the_rate_came_to_counts_too(facts, said):
    """With 3 images a class, 8-px images or a rate of 1e-9 the keys alone would agree."""
    (found,) = differences(SETTING, DOCUMENT, facts)
    assert said in found


def test_a_fresh_default_names_all_that_it_is_not():
    found = " ".join(differences(DEFAULT, DOCUMENT, Facts(1300, (0.64, 0.16, 0.2), 64, 3, 0.9)))
    for what in ("sample", "input_size: 32", "epochs: 4", "images: 1,300", "channels", "fit of"):
        assert what in found
