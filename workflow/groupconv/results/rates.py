"""How often intervals hold the truth, and how often each verdict comes out. No step imports it.

On made-up results (simulation.py) of a baseline and a scheme E whose true change is known.
"""

from collections import Counter
from dataclasses import replace

import numpy as np

from groupconv.results import comparisons, components, numbers, statements
from groupconv.results.changes import Change, Compared, of_row
from groupconv.results.estimates import Estimate, quantile
from groupconv.results.layers import untied
from groupconv.results.simulation import Truth

BASE = 0.80  # the baseline's accuracy
PAPERS_IMAGES = 13439  # of its test part
NAMES = ("baseline", "A", "B", "C", "D", "E")
LAYERS = {"baseline": 0, "A": 2, "B": 4, "C": 6, "D": 8, "E": 8}
ALL = comparisons.Plan(list(NAMES), ["E", "D"], ["A", "B", "C"], LAYERS)
ALONE = comparisons.Plan(["baseline", "E"], ["E"], [], {})  # the others lend their seeds


def changes(change: float, seed_sd: float, seeds: int, images: int, rng) -> tuple[Change, Truth]:
    """One run: E's change from the baseline as comparisons.csv has it. In points, but the truth."""
    lost = dict.fromkeys(NAMES, 0.0) | {"E": change}
    truth = Truth({name: BASE + lost[name] / 100 for name in NAMES}, seed_sd=seed_sd / 100)
    scores = truth.scores(rng, seeds, images)
    rows = comparisons.of_points("test_top1", ALONE, scores, np.arange(images))
    return of_row(rows[0]), truth


def of_verdicts(
    change: float,
    seed_sd: float,
    seeds: int,
    images: int,
    runs: int,
    margin: float = 3.03,
    papers: float | None = None,
) -> dict[str, Counter]:
    """{question: how often each verdict came out} of ``runs`` runs.

    direction: does accuracy fall? margin: does it fall by less than ``margin`` points? number: is
    the number reproduced of a paper that trained once, on 13,439 images, under the same truth, or
    where the change is ``papers``?
    """
    rng = np.random.default_rng([seeds, images, int(1000 * (change + 50))])
    found = {name: Counter() for name in ("direction", "margin", "number")}
    for _ in range(runs):
        ours, truth = changes(change, seed_sd, seeds, images, rng)
        theirs = change if papers is None else papers
        accuracy = {"baseline": BASE, "E": BASE + theirs / 100}
        paper = replace(truth, accuracy=accuracy).scores(rng, 1, PAPERS_IMAGES)
        number = 100 * float(paper["E"].mean() - paper["baseline"].mean())
        found["direction"][statements.direction([ours], "down").word] += 1
        found["margin"][statements.little_impact([ours], margin, "down").word] += 1
        found["number"][numbers.reproduced(ours, number, PAPERS_IMAGES).word] += 1
    return found


def of_several(seed_sd: float, seeds: int, images: int, runs: int) -> dict[str, Counter]:
    """{question: verdicts} of statements on all schemes, where grouping changes nothing.

    direction: does each lose accuracy? order: the more, the more layers are grouped? worst: D most?
    """
    rng = np.random.default_rng([seeds, images, 7])
    truth = Truth(dict.fromkeys(NAMES, BASE), seed_sd=seed_sd / 100)
    found = {name: Counter() for name in ("direction", "order", "worst")}
    for _ in range(runs):
        scores = truth.scores(rng, seeds, images)
        of = Compared(
            comparisons.table(comparisons.of_points("top1", ALL, scores, np.arange(images)))
        )
        each = of.of("top1", NAMES[1:], "baseline")
        pairs = [of.change("top1", more, fewer) for fewer, more in untied(LAYERS)]
        others = [of.change("top1", "D", other) for other in "ABCE"]
        found["direction"][statements.direction(each, "down").word] += 1
        found["order"][statements.order(of.trend("top1"), pairs, "down").word] += 1
        found["worst"][statements.worst(others, "down").word] += 1
    return found


def of_coverage(change: float, seed_sd: float, seeds: int, images: int, runs: int) -> float:
    """Share of runs whose 95% interval of E's change holds the true one, over seeds and images."""
    rng = np.random.default_rng([seeds, images, int(1000 * seed_sd)])
    weights = np.array([-1.0, 0, 0, 0, 0, 1.0])
    lost = dict.fromkeys(NAMES, 0.0) | {"E": change}
    truth = Truth({name: BASE + lost[name] / 100 for name in NAMES}, seed_sd=seed_sd / 100)
    inside = 0
    for _ in range(runs):
        scores = truth.scores(rng, seeds, images)
        parts = components.of_scores(scores, np.arange(images), least=1.0)
        variance, df = parts.contrast(weights)
        middle = 100 * (scores["E"].mean() - scores["baseline"].mean())
        low, high = Estimate(middle, 100 * np.sqrt(variance), df).interval()
        inside += low <= change <= high
    return inside / runs


def of_few_seeds(df: int, share: float, runs: int) -> float:
    """Share of runs whose 95% interval holds the truth, with ``df`` degrees of freedom of seeds.

    ``share`` of the variance is the seeds', estimated; the rest, the images', is known. By
    Satterthwaite's t, as in components.contrast.
    """
    rng = np.random.default_rng([df, int(1000 * share)])
    seeds = share * rng.chisquare(df, runs) / df
    variance = seeds + 1 - share
    freedom = variance**2 / (seeds**2 / df) if share else np.full(runs, np.inf)
    half = np.array([quantile(0.975, of) for of in freedom]) * np.sqrt(variance)
    return float((np.abs(rng.normal(size=runs)) <= half).mean())
