"""Which of the paper's numbers may stand beside ours."""

import copy
from pathlib import Path

import pytest
import yaml
from groupconv.pages import papers
from groupconv.settings import config

DEFAULT = config.load("params.yaml")
SETTING = config.load("configs/paper.yaml")
DOCUMENT = yaml.safe_load(Path("workflow/paper/claims.yaml").read_text(encoding="utf-8"))

COST = {("E", "macs"): -80.0, ("E", "latency"): -54.73}
TRAINED = {("E", "val_top1"): -4.04, ("E", "test_top1"): -2.49, ("D", "test_top1"): -3.03}


def test_what_depends_on_the_training_stands_in_the_papers_setting_alone():
    assert papers.changes(SETTING, DOCUMENT) == COST | TRAINED
    assert papers.changes(DEFAULT, DOCUMENT) == COST


@pytest.mark.parametrize(
    "scheme",
    [
        {"groups": [1, 16, 16, 16, 16]},
        {"groups": [1, 32, 32, 32, 32], "shuffle": True},
        {"groups": [1, 32, 32, 32, 32], "width": 0.5},
        None,
    ],
)
def test_a_number_is_of_its_own_scheme_alone(scheme):
    params = copy.deepcopy(SETTING)
    params["schemes"]["E"] = scheme
    if scheme is None:
        del params["schemes"]["E"]
    assert set(papers.changes(params, DOCUMENT)) == {("D", "test_top1")}


def test_a_property_that_changes_nothing_is_none():
    params = copy.deepcopy(SETTING)
    params["schemes"]["E"] |= {"shuffle": False, "width": 1}
    assert papers.changes(params, DOCUMENT) == COST | TRAINED


def test_beside_another_architecture_none_stands():
    params = copy.deepcopy(SETTING)
    params["model"]["architecture"] = "vgg16_bn"
    assert papers.changes(params, DOCUMENT) == {}
