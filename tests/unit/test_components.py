"""Contrasts that no page moves: each network has as many hits on every page, or all score alike."""

from dataclasses import replace

import numpy as np
import pytest
from groupconv.results import comparisons, components, estimates, rates
from groupconv.results.simulation import Truth

PLAN = comparisons.Plan(
    names=["baseline", "D", "E"],
    primary=["E", "D"],
    secondary=[],
    layers={"baseline": 0, "D": 8, "E": 8},
)
# Three classes of four images; each network gives one class to all. Seen in a run of the tests.
PAGES = np.array([0, 1, 2, 2, 0, 1, 2, 2, 0, 0, 1, 2])
SCORES = {
    name: np.repeat(np.array(hits, float), 4)[None]
    for name, hits in {"baseline": [1, 0, 0], "D": [0, 0, 1], "E": [0, 1, 0]}.items()
}


def test_as_many_hits_on_every_page_are_compared_and_no_difference_is_certain():
    rows = comparisons.of_points("val_top1", PLAN, SCORES, PAGES)
    (of_e,) = [r for r in rows if (r["scheme"], r["reference"]) == ("E", "baseline")]
    assert of_e["change"] == 0
    assert of_e["simultaneous_low"] < 0 < of_e["simultaneous_high"]


def test_schemes_that_the_paper_has_not_are_compared_with_all_others_once():
    plan = comparisons.Plan(["baseline", "E", "F", "narrow"], ["E"], [], {"baseline": 0, "E": 8})
    pairs = [(scheme, reference) for scheme, reference, family, _ in plan.contrasts()]
    assert [pair for pair in pairs if pair[1] in ("F", "narrow")] == [
        ("E", "F"),
        ("E", "narrow"),
        ("F", "narrow"),
    ]
    assert len({frozenset(pair) for pair in pairs}) == len(pairs)
    alone = comparisons.Plan(["baseline", "F"], [], [], {})
    assert [pair[:2] for pair in alone.contrasts()] == [("F", "baseline")]


def test_a_contrast_that_no_page_moves_is_correlated_with_none():
    parts = components.of_scores(SCORES, PAGES)
    contrasts = np.array([[-1, 0, 1], [-1, 1, 0], [0, 1, -1.0]])
    assert parts.correlation(contrasts) == pytest.approx(
        np.array([[1, 0, 0], [0, 1, 1], [0, 1, 1]])
    )


def test_networks_that_score_alike_have_changes_without_a_correlation():
    """Rounding made a matrix that is none, and the step `summary` ended in a traceback."""
    score = np.array([[0.0, 1.0, 1.0, 0.0, 1.0, 0.0]])
    scores = dict.fromkeys(("baseline", "D", "E"), score)
    alike = components.of_scores(scores, np.arange(6))
    rounded = alike.images.copy()
    rounded[[0, 1], [1, 0]] += 1e-17
    found = replace(alike, images=rounded).correlation(np.array([[-1.0, 1, 0], [-1, 0, 1]]))
    assert np.abs(found).max() <= 1 + 1e-3
    assert np.isfinite(estimates.simultaneous(found, 2))


def test_one_page_with_most_of_the_images_has_few_degrees_of_freedom():
    """Pages less one made an interval of 95% that held the truth in 89% of runs."""
    pages = np.repeat(np.arange(14), [150] + [8] * 13)
    rng, runs, inside = np.random.default_rng(0), 1500, 0
    for _ in range(runs):
        leaning = np.clip(rng.normal(0.0, 0.06, 14), -0.15, 0.15)[pages]
        differs = rng.random(len(pages)) < 0.15
        better = differs & (rng.random(len(pages)) < (1 + leaning / 0.15) / 2)
        scores = {"baseline": 1.0 * (differs & ~better)[None], "E": 1.0 * better[None]}
        variance, df = components.of_scores(scores, pages).contrast(np.array([-1.0, 1.0]))
        change = (scores["E"] - scores["baseline"]).mean()
        low, high = estimates.Estimate(change, np.sqrt(variance), df).interval()
        inside += low <= 0 <= high
    assert inside / runs >= 0.93
    alike = components.of_scores({"E": np.ones((1, 260))}, np.arange(260) // 20)
    assert alike.df_images == pytest.approx(12)


def test_a_row_has_the_seeds_of_its_own_schemes():
    rng = np.random.default_rng(0)
    seeds = {"baseline": 3, "A": 1, "B": 1, "E": 3}
    scores = {name: rng.integers(0, 2, (n, 200)).astype(float) for name, n in seeds.items()}
    layers = {"baseline": 0, "A": 2, "B": 4, "E": 8}
    plan = comparisons.Plan(list(seeds), ["E"], ["A", "B"], layers)
    rows = comparisons.of_points("test_top1", plan, scores, np.arange(200))
    found = {(row["scheme"], row["reference"]): row["seeds"] for row in rows}
    assert found["E", "baseline"] == 3
    assert found["B", "A"] == found["B", "baseline"] == found["trend", "grouped layers"] == 1


def with_seeds(rng, images, **seeds):
    """Made-up results of a run in which a study is on its way: {scheme: (its seeds, images)}."""
    truth = Truth(dict.fromkeys(rates.NAMES, rates.BASE), seed_sd=0.01)
    scores = truth.scores(rng, max(seeds.values()), images)
    return {name: of[: seeds.get(name, 1)] for name, of in scores.items()}


@pytest.mark.parametrize(
    ("seeds", "kind"),
    [
        ({"E": 2}, comparisons.NETWORK),  # one degree of freedom: it held the truth in 85%
        ({"E": 2, "D": 2}, comparisons.NETWORK),
        ({"E": 2, "D": 2, "baseline": 2}, comparisons.SCHEME),
        ({"E": 4}, comparisons.SCHEME),
    ],
)
def test_too_few_seeds_say_nothing_of_a_scheme(seeds, kind):
    scores = with_seeds(np.random.default_rng(0), 500, **seeds)
    rows = comparisons.of_points("test_top1", rates.ALL, scores, np.arange(500))
    assert {row["kind"] for row in rows} == {kind}
    assert all(np.isnan(row["seed_sd"]) == (kind == comparisons.NETWORK) for row in rows)
    both = comparisons.of_difference("gap", rates.ALL, *[scores, np.arange(500)] * 2)
    assert {row["kind"] for row in both} == {kind}
    # Where nothing but seeds varies, two of one scheme are enough: t with 1 degree of freedom.
    loss = {name: of.mean(1) for name, of in scores.items()}
    alone = comparisons.of_seeds("train_loss", rates.ALL, loss, comparisons.POINTS)
    assert {row["kind"] for row in alone} == {comparisons.SEEDS}


def test_the_least_seeds_that_say_something_of_a_scheme_hold_the_truth_often_enough():
    rng, runs, inside = np.random.default_rng(1), 300, 0
    for _ in range(runs):
        scores = with_seeds(rng, 1000, baseline=2, D=2, E=2)
        row = comparisons.of_points("test_top1", rates.ALONE, scores, np.arange(1000))[0]
        inside += row["low"] <= 0 <= row["high"]
    assert inside / runs >= 0.90
