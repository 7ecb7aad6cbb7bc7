"""The study's plan, and that its committed numbers are those of its committed results."""

import copy
import json
import shutil
from argparse import Namespace

import pandas as pd
import pytest
import yaml
from groupconv.ground.errors import DataError, ParamsError, StepError
from groupconv.settings import reads

from study import collect, convergence, plan, results, rule, train


def stages(tmp_path, **changes):
    document = yaml.safe_load(plan.STAGES.read_text(encoding="utf-8"))
    for name, value in changes.items():
        document["stages"]["main"]["set"] = {name: value}
    path = tmp_path / "stages.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def test_every_training_is_planned_once_and_the_answer_before_what_rests_on_it():
    found = plan.load().trainings
    names = [one.name for one in found]
    assert len(set(names)) == len(names)
    main = {(one.scheme, one.seed) for one in found if one.stage == "main"}
    assert {(s, seed) for s in ("baseline", "A", "B", "C", "D", "E") for seed in (0, 1, 2)} <= main
    order = ["rate/E", "main/baseline-seed0", "half/E-seed0", "longer/E-seed0", "main/E-seed1"]
    assert sorted(order, key=names.index) == order


def test_a_stage_differs_from_the_configuration_by_what_it_sets_alone():
    found = plan.load()
    half = copy.deepcopy(found.stages["main"])
    assert half["train"]["precision"] == "fp32"
    half["train"]["epochs"] //= 2
    assert found.stages["half"] == half
    assert found.stages["rate"]["data"]["classes"] == 373
    assert found.stages["main"]["data"]["classes"] == 1120


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("train.epoch", 3, r"main: train\.epoch: unknown key; did you mean train\.epochs\?"),
        ("train.epochs", 0, r"main: train\.epochs = 0: must be at least 1"),
        ("train.seeds", [0], r"order: seed 1: not in train\.seeds = \[0\]"),
    ],
)
def test_a_wrong_stage_is_one_line(tmp_path, key, value, line):
    with pytest.raises(ParamsError, match=line) as caught:
        plan.load(stages(tmp_path, **{key: value}))
    assert "\n" not in str(caught.value)


ONE = {"stage": "main", "schemes": ["E"], "seeds": [0]}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda d: d.pop("order"), "no order"),
        (lambda d: d["stages"]["main"].pop("set"), "main: set = null: must be keys"),
        (lambda d: d["order"].append({"schemes": ["E"]}), "no stage"),
        (lambda d: d["order"].append({"stage": "mian", "schemes": ["E"]}), "did you mean main"),
        (lambda d: d["order"].append({"stage": "main", "schemes": "E"}), 'schemes = "E": must be'),
        (lambda d: d["order"].append({"stage": "main", "schemes": ["e"]}), "did you mean E"),
        (lambda d: d["order"].append({"stage": "main", "schemes": ["E"], "seeds": 0}), "must be a"),
        (lambda d: d["order"].append({"stage": "main", "seed": [0]}), "did you mean seeds"),
        (lambda d: d["rates"].update(A=["baseline", "Q"]), "rates: A: no scheme Q"),
        (lambda d: d.update(rates=None), "rates = null"),
        (lambda d: d.clear(), "no stages"),
        (lambda d: d.update(rate=d.pop("rates")), '"rate": unknown key; did you mean rates'),
        (lambda d: d["stages"]["main"].update(sets={}), 'main: "sets": unknown key; did you'),
        (
            lambda d: d["stages"].update({1: {"what": "a", "set": {}}}),
            "1 = 1: must be text",
        ),
        (lambda d: d["rates"].update(D=[]), r"rates: D = \[\]: must name at least one"),
        (lambda d: d["order"].append({1: 2, "foo": 3}), "1: unknown key; known: stage"),
        (lambda d: d["order"].append({**ONE, "seeds": [0.0]}), "seed 0.0: not in train.seeds"),
        (lambda d: d["order"].append({**ONE, "seeds": [None]}), "seed None: not in train.seeds"),
        (lambda d: d["order"].append({**ONE, "seeds": [0, 0]}), "seeds: 0: stands twice"),
        (lambda d: d["order"].append({**ONE, "seeds": []}), r"seeds = \[\]: must name at least"),
        (lambda d: d["order"].append({**ONE, "schemes": ["E", "E"]}), '"E": stands twice'),
        (lambda d: d["order"].append(ONE), "order: main/E-seed0: stands twice"),
        (lambda d: d.update(order=[]), r"order = \[\]: must name at least one"),
    ],
)
def test_a_wrong_plan_is_one_line(tmp_path, change, line):
    document = yaml.safe_load(plan.STAGES.read_text(encoding="utf-8"))
    change(document)
    (tmp_path / "stages.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(ParamsError, match=line) as caught:
        plan.load(tmp_path / "stages.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "    set: {train.epochs: 3}",
            "    set: {train.epochs: 3}\n    set: {}",
            "set: this key st",
        ),
        (
            "set: {train.epochs: 12}",
            "set: {train.epochs: 12, train.epochs: 9}",
            "train.epochs: thi",
        ),
        ("{<<: *sweep, sweep", "{<<: *sweep, <<: *sweep, sweep", r"write <<: \[\*a, \*b\]"),
        ("set: {train.epochs: 12}", "set: {train.epochs: 2026-13-01}", "no timestamp"),
    ],
)
def test_what_yaml_would_take_without_a_word_is_one_line(tmp_path, old, new, line):
    text = plan.STAGES.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "stages.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(StepError, match=line) as caught:
        plan.load(tmp_path / "stages.yaml")
    assert "\n" not in str(caught.value)


def test_a_key_that_params_got_since_is_in_no_result_or_in_all(tmp_path, monkeypatch):
    planned = plan.load()
    for name in ("E-seed0", "D-seed0"):
        shutil.copytree(results.RESULTS / "main" / name, tmp_path / "main" / name)
    for stage in planned.stages.values():
        stage["train"]["gradient_norm"] = 5.0
    read = (*reads.READS["train"], "train.gradient_norm")
    monkeypatch.setitem(reads.READS, "train", read)
    results.check(planned, tmp_path)
    path = tmp_path / "main" / "E-seed0" / "test.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["made"]["params"]["train"]["gradient_norm"] = 5.0
    path.write_text(json.dumps(record))
    with pytest.raises(DataError, match=r"train\.gradient_norm: .*E-seed0 differs"):
        results.check(planned, tmp_path)


def test_the_committed_numbers_are_those_of_the_committed_results():
    planned = plan.load()
    said = {line.split(":")[0] for line in collect.collect(planned, check=True)}
    grids = {one.name for one in results.there(planned) if one.seed is None}
    # Nothing was collected that no result holds.
    assert said - grids == {path.name for path in collect.COLLECTED.glob("*/")}


def kept_tops(tmp_path, **tops):
    """Made-up results: {stage: (E's top-1, the baseline's)}."""
    for stage, both in tops.items():
        for scheme, top1 in zip(("E", "baseline"), both, strict=True):
            folder = tmp_path / stage / f"{scheme}-seed0"
            folder.mkdir(parents=True)
            (folder / "test.json").write_text(json.dumps({"top1": top1}))
    return tmp_path


@pytest.mark.parametrize(
    ("tops", "moving"),
    [
        ({"main": (0.80, 0.86)}, set()),  # nothing to compare it with
        ({"main": (0.80, 0.86), "half": (0.61, 0.69)}, {"main", "half"}),
        ({"main": (0.80, 0.86), "half": (0.635, 0.69)}, set()),
        ({"main": (0.80, 0.86), "longer": (0.84, 0.895)}, set()),
        (  # the very networks of main, by a rate that it names itself
            {"main": (0.80, 0.86), "half": (0.61, 0.69), "one_rate": (0.80, 0.86)},
            {"main", "half", "one_rate"},
        ),
        (
            {"half": (0.61, 0.69), "main": (0.80, 0.86), "longer": (0.84, 0.895)},
            {"half", "main"},  # twice as many epochs do not mend the half
        ),
    ],
)
def test_a_difference_that_still_moves_with_the_epochs_is_not_converged(tmp_path, tops, moving):
    kept, planned = kept_tops(tmp_path, **tops), plan.load()
    found = {stage: convergence.still_moves(planned, stage, kept) for stage in planned.stages}
    assert {stage for stage, why in found.items() if why} == moving
    if "main" in moving:
        assert found["main"] == (
            "E less the baseline, with seed 0, is -6.0 points after 6 epochs and -8.0 after 3: the "
            "difference still moves by more than 1 point"
        )


def test_the_results_are_small():
    files = [path for path in (plan.ROOT / "study").rglob("*") if path.is_file()]
    kept = [path for path in files if path.suffix not in (".pyc", ".html", ".svg", ".png")]
    assert sum(path.stat().st_size for path in kept) < 10e6


@pytest.fixture
def grids(tmp_path):
    """The plan, and made-up grids of the baseline, C and E."""
    tops = {
        "rate_baseline/baseline": ("kaiming", {0.001: 0.6, 0.003: 0.7, 0.01: 0.5}),
        "rate/E": ("kaiming", {0.003: 0.5, 0.01: 0.72, 0.03: 0.6}),
        "rate/C": ("kaiming", {0.003: 0.5, 0.01: 0.6, 0.03: 0.7, 0.09: 0.6}),
        "rate_grouped/E": ("kaiming_grouped", {0.03: 0.5, 0.1: 0.71, 0.33: 0.7}),
    }
    for name, (initialization, tops_of) in tops.items():
        (tmp_path / name).mkdir(parents=True)
        table = pd.DataFrame(list(tops_of.items()), columns=["learning_rate", "val_top1"])
        table = table.assign(
            scheme=name.split("/")[1], initialization=initialization, seed=0, diverged=0
        )
        table.to_csv(tmp_path / name / "sweep.csv", index=False)
    return plan.load(), tmp_path


def test_each_scheme_takes_what_the_grids_chose(grids):
    found = rule.chosen(*grids)
    rates = {"baseline": 0.003, "C": 0.03, "E": 0.01, "D": 0.01, "A": 0.0095, "B": 0.0095}
    assert rates.items() <= found["train.learning_rate"].items()
    assert found["train.learning_rate"].keys() == grids[0].stages["main"]["schemes"].keys()
    assert set(found["model.initialization"].values()) == {"kaiming"}
    with pytest.raises(DataError, match=r"learning_rate\.C = 0\.01: the grids chose 0\.03 \("):
        rule.check(grids[0], "main", grids[1])
    grids[0].stages["main"]["train"]["learning_rate"] = found["train.learning_rate"]
    rule.check(grids[0], "main", grids[1])
    rule.check(grids[0], "one_rate", grids[1])  # which says its own


@pytest.mark.parametrize("missing", [["rate/C"], ["rate/C", "rate/E", "rate_baseline/baseline"]])
def test_a_rate_without_its_grid_is_one_line(grids, missing):
    planned, kept = grids
    planned.trainings[:] = [one for one in planned.trainings if one.name not in missing]
    with pytest.raises(
        DataError, match=r"^\w: its rate follows from that of \w+, which has no grid"
    ):
        rule.check(planned, "main", kept)


def test_a_grid_that_diverged_at_each_rate_chooses_none(grids):
    planned, kept = grids
    path = kept / "rate" / "C" / "sweep.csv"
    pd.read_csv(path).assign(val_top1=None).to_csv(path, index=False)
    with pytest.raises(DataError, match=r"^C: its grid diverged at each rate; it needs lower ones"):
        rule.check(planned, "main", kept)


def test_a_training_that_another_stage_made_is_taken_and_no_other():
    planned = plan.load()
    by_name = {one.name: one for one in planned.trainings}
    same = results.same(planned, by_name["one_rate/E-seed0"])
    assert same.name == "main/E-seed0"
    for other in ("main/C-seed0", "main/E-seed1", "longest/E-seed0", "rate/E"):
        assert results.same(planned, by_name[other]) is None
    planned.stages["one_rate"]["split"]["seed"] += 1
    assert results.same(planned, by_name["one_rate/E-seed0"]) is None


def test_what_is_taken_is_the_other_s_files_and_belongs_to_the_plan(tmp_path):
    planned = plan.load()
    by_name = {one.name: one for one in planned.trainings}
    theirs = results.RESULTS / "main" / "E-seed0"
    shutil.copytree(theirs, tmp_path / "main" / "E-seed0")
    given = Namespace(results=tmp_path, no_commit=True)
    assert train.taken(by_name["one_rate/E-seed0"], planned, given)
    assert not train.taken(by_name["longest/E-seed0"], planned, given)
    mine = {file.name: file.read_bytes() for file in (tmp_path / "one_rate/E-seed0").iterdir()}
    assert mine == {file.name: file.read_bytes() for file in theirs.iterdir()}
    results.check(planned, tmp_path)
    assert [one.name for one in results.there(planned, tmp_path)] == [
        "main/E-seed0",
        "one_rate/E-seed0",
    ]
