"""Best against best, of times that are known; and what its interval covers."""

import math

import numpy as np
import pandas as pd
import pytest
from groupconv.results import back_ends, headline

MS = {
    ("baseline", "eager"): 240,
    ("baseline", "fast"): 200,
    ("baseline", "half"): 100,
    ("baseline", "rough"): 60,
    ("E", "eager"): 110,
    ("E", "fast"): 60,
    ("E", "half"): 40,
    ("E", "rough"): 20,
}
PRECISIONS = {"eager": "fp32", "fast": "fp32", "half": "bf16", "rough": "int8"}


def made_up(processes=5, rounds=4, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for process in range(1, processes + 1):
        for n in range(rounds):
            slow = 1 + rng.random()  # of the machine, which a ratio does not see
            for (scheme, variant), ms in MS.items():
                value = ms * slow * np.exp(rng.normal(0, noise))
                rows.append((process, rounds * process + n, scheme, variant, value))
    return pd.DataFrame(rows, columns=["process", "round", "scheme", "variant", "latency_ms"])


def test_a_ratio_is_of_one_round_and_crosses_back_ends():
    middle, low, high = headline.ratio(made_up(), ("E", "fast"), ("baseline", "half"))
    assert (middle, low, high) == pytest.approx((0.6, 0.6, 0.6))
    middle, low, high = headline.ratio(made_up(1), ("E", "fast"), ("baseline", "half"))
    assert middle == pytest.approx(0.6)
    assert math.isnan(low)
    assert math.isnan(high)


def test_the_best_of_the_same_precision_are_compared():
    agreed = {(s, "half"): back_ends.Agreement(995, 1000) for s in ("baseline", "E")}
    agreed["E", "rough"] = back_ends.Agreement(1000, 1000)
    found = headline.headline(made_up(), back_ends.BackEnds(PRECISIONS, agreed))
    assert found["E.best_back_end"] == "half"  # rough was not measured for the baseline
    assert found["E.best_reduction_percent"] == pytest.approx(60)
    assert found["E.best_speedup_over_eager"] == pytest.approx(110 / 40)
    assert found["E.best_top1_agreement"] == 0.995
    assert found["E.fp32_best_reduction_percent"] == pytest.approx(70)
    assert found["E.fp32_best_speedup_over_eager"] == pytest.approx(110 / 60)
    assert found["baseline.best_back_end"] == "half"


@pytest.mark.parametrize(
    ("agree", "images", "why"),
    [
        (99, 100, ""),
        (100, 100, ""),
        (98, 100, "eager's class for 98 of 100, less than 99%"),
        (15, 15, "too few test images (15 of at least 100)"),
        (99, 99, "too few test images (99 of at least 100)"),
        (9899, 10000, "eager's class for 9,899 of 10,000, less than 99%"),
    ],
)
def test_what_counts_is_99_percent_of_100_images_or_more(agree, images, why):
    found = back_ends.Agreement(agree, images)
    assert found.why_not() == why
    of = back_ends.BackEnds(PRECISIONS, {("E", "half"): found, ("D", "half"): found})
    assert ("half" in of.enough("D", "E")) == (not why)
    assert of.why_not("half", "D", "E") == (why and f"D, E: {why}")
    assert of.enough("D", "E")[:2] == ["eager", "fast"]  # fp32 is held against eager's logits


def test_below_99_percent_or_unmeasured_is_not_exact_enough():
    agreed = {(s, "half"): back_ends.Agreement(980, 1000) for s in ("baseline", "E")}
    few = {cell: back_ends.Agreement(15, 15) for cell in agreed}
    assert (
        back_ends.BackEnds(PRECISIONS, {}).why_not("half", "E") == "E: agreement was not measured"
    )
    for measured in ({}, agreed, few):
        found = headline.headline(made_up(), back_ends.BackEnds(PRECISIONS, measured))
        assert found["E.best_back_end"] == found["E.fp32_best_back_end"] == "fast"
        assert found["baseline.best_ms"] == found["baseline.fp32_best_ms"]


def test_the_interval_has_the_truth_in_it():
    covered = 0
    for seed in range(200):
        _, low, high = headline.ratio(
            made_up(noise=0.1, rounds=2, seed=seed), ("E", "half"), ("baseline", "half")
        )
        covered += low <= 0.4 <= high
    assert covered / 200 == pytest.approx(0.95, abs=0.05)


def test_eager_agrees_with_itself():
    runs = made_up()
    runs = runs[runs["variant"] == "eager"]
    found = headline.headline(runs, back_ends.BackEnds({"eager": "fp32"}, {}))
    assert found["E.best_top1_agreement"] == 1
