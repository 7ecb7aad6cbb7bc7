"""What a sweep chooses, and where it goes on; a real grid of the small network."""

import copy
import json
import math

import pandas as pd
import pytest
import yaml
from groupconv.results import sweeping
from groupconv.settings import config, reads
from groupconv.steps import grid, sweep

PARAMS = config.load("configs/tiny.yaml")


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ({0.001: 0.5, 0.003: 0.7, 0.01: 0.6}, None),
        ({0.001: 0.5, 0.003: 0.6, 0.01: 0.7}, 0.033),
        ({0.001: 0.7, 0.003: 0.6, 0.01: 0.5}, 0.00033),
        ({0.01: 0.7, 0.001: 0.5, 0.033: None}, None),
        ({0.01: 0.5, 0.1: float("nan")}, 0.001),
        ({0.01: None, 0.1: None}, 0.001),  # all diverged: lower
        ({0.01: 0.5, 0.1: 0.5}, 0.001),  # the lowest of equals
    ],
)
def test_the_grid_goes_on_beyond_its_best_end(scores, expected):
    assert sweeping.beyond(scores) == expected


@pytest.mark.parametrize("best", [1e-5, 0.002, 3.0])
def test_it_comes_to_a_best_with_worse_ones_on_both_sides(best):
    def score(rate):
        return 1 / (1 + abs(math.log(rate / best)))

    tried = {rate: score(rate) for rate in (0.001, 0.003, 0.01)}
    for _ in range(20):
        if (rate := sweeping.beyond(tried)) is None:
            break
        assert rate not in tried
        tried[rate] = score(rate)
    rates = sorted(tried)
    assert rates.index(max(rates, key=tried.get)) not in (0, len(rates) - 1)


def trainings(**of_scheme):
    """{scheme: [(initialization, rate, seed, val_top1)]} as the table of all grids."""
    names = ["scheme", "initialization", "learning_rate", "seed", "val_top1"]
    rows = [(scheme, *row) for scheme, several in of_scheme.items() for row in several]
    return pd.DataFrame(rows, columns=names)


TABLE = trainings(
    E=[
        ("kaiming", 0.003, 0, 0.60),
        ("kaiming", 0.01, 0, 0.70),
        ("kaiming", 0.033, 0, 0.65),
        ("kaiming_grouped", 0.003, 0, 0.2),
        ("kaiming_grouped", 0.01, 0, 0.5),
    ],
    baseline=[
        ("kaiming", 0.001, 0, 0.74),
        ("kaiming", 0.003, 0, 0.75),
        ("kaiming", 0.01, 0, None),
        ("kaiming_grouped", 0.003, 0, 0.74),
        ("kaiming_grouped", 0.01, 0, 0.3),
    ],
)


def test_each_scheme_at_its_best_and_one_setting_for_all_are_two_answers():
    best = sweeping.each_at_its_best(TABLE)
    assert best["model.initialization"] == {"baseline": "kaiming", "E": "kaiming"}
    assert best["train.learning_rate"] == {"baseline": 0.003, "E": 0.01}
    assert best["val_top1_change"] == {"E": pytest.approx(-0.05)}
    assert best["still_at_an_end"] == []
    # At 0.01 the baseline diverged: no setting for all, however good for E.
    one = sweeping.one_for_all(TABLE)
    assert (one["model.initialization"], one["train.learning_rate"]) == ("kaiming", 0.003)
    assert one["val_top1_change"] == {"E": pytest.approx(-0.15)}


def test_a_setting_is_the_mean_of_its_seeds_and_one_that_diverged_is_none():
    of_rate = {0.1: (0.9, None), 0.2: (0.5, 0.7), 0.4: (0.55, 0.6)}
    found = trainings(
        E=[("kaiming", r, s, top1) for r, both in of_rate.items() for s, top1 in enumerate(both)]
    )
    best = sweeping.each_at_its_best(found)
    assert best["train.learning_rate"] == {"E": 0.2}
    assert best["val_top1"] == {"E": pytest.approx(0.6)}


def test_a_best_at_an_end_is_named():
    at_end = TABLE[~((TABLE["scheme"] == "E") & (TABLE["learning_rate"] == 0.033))]
    assert sweeping.each_at_its_best(at_end)["still_at_an_end"] == ["E"]
    nothing = trainings(E=[("kaiming", 0.1, 0, None)], baseline=[("kaiming", 0.1, 0, 0.5)])
    assert sweeping.one_for_all(nothing) is None


@pytest.mark.parametrize("lost", ["E", "baseline"])
def test_a_scheme_that_diverged_everywhere_has_no_best(lost):
    top1 = {name: None if name == lost else 0.7 for name in ("baseline", "E")}
    found = trainings(**{n: [("kaiming", r, 0, of) for r in (1, 3)] for n, of in top1.items()})
    best = sweep.best_of_each(found)
    assert best["diverged"] == [lost]
    (other,) = best["val_top1"]
    assert best["val_top1"] == {other: 0.7}
    assert best["val_top1_change"] == {}
    assert list(best["train.learning_rate"]) == [other] == best["still_at_an_end"]
    said = sweep.lines({"one_for_all": None, "each_at_its_best": best})
    assert said[-1] == f"{lost}: diverged at each rate; add lower ones to sweep.learning_rates"
    assert not any("-100" in line for line in said)
    nothing = sweep.best_of_each(found.assign(val_top1=None))
    assert (nothing["diverged"], nothing["val_top1"]) == (["baseline", "E"], {})


@pytest.mark.parametrize(
    ("rates", "further"),
    [
        ({0.001: 0.5, 0.003: 0.7, 0.01: 0.6}, []),
        ({0.003: 0.7, 0.01: 0.6}, [0.0009]),
        ({0.003: 0.6, 0.01: 0.7, 0.033: None}, []),  # beyond, the baseline diverged
        ({0.003: 0.6, 0.01: 0.7}, [0.033]),
        ({0.003: 0.6}, [0.001, 0.009]),
    ],
)
def test_a_setting_for_all_at_an_end_says_what_to_try_next(rates, further):
    baseline = [("kaiming", rate, 0, top1) for rate, top1 in rates.items()]
    own = [("kaiming", rate, 0, 0.5) for rate in rates] + [("kaiming", 0.1, 0, 0.4)]
    rows = trainings(E=own, baseline=baseline)  # 0.1 was E's own
    shared = sweeping.one_for_all(rows)
    assert sweep.next_rates(rows, shared) == further
    content = {"one_for_all": shared | {"next_learning_rates": further}}
    said = sweep.lines(content | {"each_at_its_best": sweep.best_of_each(rows)})
    told = [line for line in said if line.startswith("one_for_all: the rate is at an end")]
    assert len(told) == bool(further)
    assert all(f"{rate:g}" in told[0] for rate in further)


def test_what_it_says_can_be_pasted_into_params_yaml(tmp_path, capfd):
    for scheme, rows in TABLE.groupby("scheme"):
        rows.to_csv(tmp_path / f"{scheme}.csv", index=False)
    params = {"schemes": {"baseline": {}, "E": {}}}
    paths = [str(tmp_path / name) for name in ("{scheme}.csv", "sweep.csv", "sweep.json")]
    sweep.run(params, *paths)
    found = json.loads((tmp_path / "sweep.json").read_text())
    assert len(pd.read_csv(tmp_path / "sweep.csv")) == len(TABLE)
    lines = sweep.lines(found)
    printed = [line for line in lines if line.startswith("  ")]
    pasted = [yaml.safe_load(line.partition(":")[2]) for line in printed]
    assert pasted == [
        {"initialization": "kaiming"},
        {"learning_rate": 0.003},
        {"initialization": {"baseline": "kaiming", "E": "kaiming"}},
        {"learning_rate": {"baseline": 0.003, "E": 0.01}},
    ]
    assert "sweep: each_at_its_best: validation top-1 baseline 75.0%, E 70.0%" in (
        capfd.readouterr().err
    )


def own(**changes):
    params = copy.deepcopy(PARAMS)
    params["train"] |= {"epochs": 1, "batch_size": 8}
    params["sweep"] |= {"learning_rates": [0.01, 0.03], "extensions": 1} | changes
    return reads.params_of(params, "grid", scheme="E")


def test_a_grid_trains_each_setting_goes_on_and_trains_nothing_twice(fitted, tmp_path, capfd):
    table = tmp_path / "sweep" / "E.csv"
    table.parent.mkdir()
    grid.run(own(), *fitted, str(table))
    first = pd.read_csv(table)
    assert list(first.columns) == grid.COLUMNS
    assert len(first) == 3
    scores = dict(zip(first["learning_rate"][:2], first["val_top1"][:2], strict=True))
    assert first["learning_rate"][2] == sweeping.beyond(scores)
    assert set(first["diverged"]) == {0}
    capfd.readouterr()
    table.unlink()  # as Snakemake does before a job
    grid.run(own(), *fitted, str(table))
    assert "images/s" not in capfd.readouterr().err  # nothing was trained
    assert pd.read_csv(table).equals(first)
    assert not list(table.with_suffix("").glob(".resume-*"))


def test_a_rate_that_diverges_is_a_row_and_the_grid_goes_on(fitted, tmp_path):
    table = tmp_path / "E.csv"
    grid.run(own(learning_rates=[0.01, 1e20], extensions=0), *fitted, str(table))
    rows = pd.read_csv(table)
    assert rows["diverged"].tolist() == [0, 1]
    assert rows["val_top1"].isna().tolist() == [False, True]
