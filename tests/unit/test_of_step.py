"""The params that one types for a step by hand: one line says what is wrong with them."""

import copy
import json
from functools import cache

import pytest
from groupconv.ground.errors import ParamsError
from groupconv.settings import config, of_step, reads
from project import ROOT

PARAMS = config.load(ROOT / "params.yaml")
JOB = {"scheme": "E", "seed": 0}


@cache
def loaded(file):
    return config.load(ROOT / file)


def own(step, change=None):
    """What the workflow gives to the step, with one dotted key changed."""
    cut = copy.deepcopy(reads.params_of(PARAMS, step, **JOB))
    for key, value in (change or {}).items():
        *sections, name = key.split(".")
        inner = cut
        for section in sections:
            inner = inner[section]
        inner[name] = value
    return cut


@pytest.mark.parametrize("step", reads.READS)
@pytest.mark.parametrize("file", ["params.yaml", *sorted(map(str, ROOT.glob("configs/*.yaml")))])
def test_what_the_workflow_gives_to_a_step_is_allowed(step, file):
    params = loaded(file)
    of_one = "schemes.{scheme}" in reads.READS[step]
    for scheme in params["schemes"] if of_one else ["baseline"]:
        of_step.check(step, reads.params_of(params, step, scheme=scheme, seed=0))


def test_a_step_of_one_scheme_takes_its_value_and_a_step_of_all_takes_either():
    params = copy.deepcopy(PARAMS)
    params["train"]["learning_rate"] = dict.fromkeys(params["schemes"], 0.003)
    of_step.check("report", reads.params_of(params, "report"))
    with pytest.raises(ParamsError, match=r"train: PARAMS: train.learning_rate = .*a number"):
        of_step.check("train", own("train", {"train.learning_rate": {"E": 0.003}}))
    params["train"]["learning_rate"]["E"] = "0.003"
    with pytest.raises(ParamsError, match=r'report: PARAMS: train.learning_rate.E = "0.003": must'):
        of_step.check("report", reads.params_of(params, "report"))


@pytest.mark.parametrize("step", reads.READS)
def test_a_step_needs_every_key_that_it_reads(step):
    for key in reads.READS[step]:
        if key == "schemes.{scheme}":
            continue  # which one it is, says another key: the test below
        cut = own(step)
        section, _, name = key.partition(".")
        if name:
            del cut[section][name]
        else:
            del cut[section]
        with pytest.raises(ParamsError) as caught:
            of_step.check(step, cut)
        assert str(caught.value).startswith(f"{step}: PARAMS: {key}: missing; it needs ")


@pytest.mark.parametrize(
    ("step", "change", "said"),
    [
        ("split", {"split": {"seed": 0}}, "split.unit: missing; it needs split"),
        ("split", {"split.seed": "0"}, 'split.seed = "0": must be a whole number; write 0'),
        ("split", {"split.unti": 1}, "split.unti = 1: unknown key; did you mean split.unit?"),
        ("split", {"split": [0]}, "split = [0]: must be keys with values, as split: {seed: 0}"),
        ("split", {"train": {}}, "train = {}: unknown key; known: split"),
        ("split", {"split.seed": float("nan")}, "split.seed = NaN: must be a whole number"),
        (
            "macs",
            {"model.architecture": "vgg99"},
            'model.architecture = "vgg99": must be vgg13_bn, vgg16_bn or vgg19_bn',
        ),
        (
            "macs",
            {"schemes.E.groups": [1, 2]},
            "schemes.E.groups = [1, 2]: must have at least 5 items",
        ),
        (
            "macs",
            {"schemes.E.groups": [1, 3, 1, 1, 1]},
            "schemes.E.groups[1] (conv-2) = 3: must divide 64 and 128 channels; nearest: 2, 4",
        ),
        (
            "macs",
            {"schemes.E.groups": None},
            "schemes.E.groups = null: must be a list, as groups: [1, 1, 64, 1, 1]",
        ),
        ("macs", {"schemes.E.width": 9}, "schemes.E.width = 9: must be at most 4"),
        ("macs", {"schemes": {}}, "schemes = []: must have scheme E alone"),
        (
            "macs",
            {"scheme": "baseline", "schemes": {"baseline": {"groups": [1, 1, 1, 1, 2]}}},
            "schemes.baseline.groups = [1, 1, 1, 1, 2]: must be [1, 1, 1, 1, 1]",
        ),
        ("macs", {"scheme": "a/b"}, 'scheme = "a/b": a name is a letter, then letters, '),
        (
            "macs",
            {"scheme": "baseline"},
            'schemes = ["E"]: must have scheme baseline alone',
        ),
        ("train", {"seed": -1}, "seed = -1: must be at least 0"),
        ("train", {"train.epochs": 2.0}, "train.epochs = 2.0: must be a whole number; write 2"),
        ("latency", {"schemes": {}}, "schemes.baseline: missing; it needs model.architecture"),
        (
            "latency",
            {"schemes.E.groups": [1, 1, 1, 1, 3]},
            "schemes.E.groups[4] (conv-5) = 3: must divide 512 and 512 channels; nearest: 2, 4",
        ),
        ("latency", {"schemes.E.gruops": []}, "schemes.E.gruops = []: unknown key; did you mean "),
        ("prepare", {"data.source": "kmnsit"}, 'data.source = "kmnsit": must be '),
        ("prepare", {"data.folder": "pics"}, 'data.folder = "pics": must be data/folder unless '),
        ("evaluate", {"evaluate.checkpoint": "best"}, 'evaluate.checkpoint = "best": must be '),
        ("figures", {"figures.dpi": 1}, "figures.dpi = 1: must be at least 50"),
    ],
)
def test_what_is_wrong_is_one_line_with_the_step_and_the_key(step, change, said):
    with pytest.raises(ParamsError) as caught:
        of_step.check(step, own(step, change))
    assert str(caught.value).startswith(f"{step}: PARAMS: {said}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [[], None, 1, "text", True])
@pytest.mark.parametrize("step", ["split", "macs", "report"])
def test_what_is_no_object_is_refused(step, value):
    with pytest.raises(ParamsError) as caught:
        of_step.check(step, value)
    said = f"{step}: PARAMS = {json.dumps(value)}: must be keys with values"
    assert str(caught.value) == said
