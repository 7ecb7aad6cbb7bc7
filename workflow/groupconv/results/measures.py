"""One run's results -> the rows of comparisons.csv, measure by measure. Knows no files."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from groupconv.results import comparisons, headline, processes
from groupconv.results.back_ends import BackEnds
from groupconv.results.comparisons import PERCENT, POINTS, PROCESSES, STEPS, Plan

Tables = dict[str, list[pd.DataFrame]]  # {scheme: a table per seed}


@dataclass(frozen=True)
class Results:
    """What a run has made, read.

    test, val: {scheme: predictions per seed}, a row per image: id, correct (0 or 1), loss (nats)
    histories: {scheme: a history per seed}, a row per epoch
    counts: {scheme: macs.json}
    runs: latency.csv, a row per timed run
    pages: the page of each image, by its id; an image without one is a page of its own
    back_ends: those that were timed, and how exact they are
    steps: training_speed.csv, seconds of single training steps; empty where not measured
    """

    test: Tables
    val: Tables
    histories: Tables
    counts: dict[str, dict]
    runs: pd.DataFrame
    pages: pd.Series
    back_ends: BackEnds
    steps: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["scheme"]))


def rows(given: Results, plan: Plan) -> list[dict]:
    """The rows of every measure that the run has."""
    pages = {"test": page_numbers(given.test, given.pages)}
    pages["val"] = page_numbers(given.val, given.pages)
    top1, val_top1 = scores(given.test, "correct"), scores(given.val, "correct")
    found = [
        *comparisons.of_points("test_top1", plan, top1, pages["test"]),
        *comparisons.of_points("val_top1", plan, val_top1, pages["val"]),
        *comparisons.of_difference(
            "val_less_test_top1", plan, val_top1, pages["val"], top1, pages["test"]
        ),
        *comparisons.of_percent("test_loss", plan, scores(given.test, "loss"), pages["test"]),
        *comparisons.of_percent("val_loss", plan, scores(given.val, "loss"), pages["val"]),
    ]
    for measure in ("train_loss", "train_eval_loss"):
        if measured(given.histories, measure):
            found += comparisons.of_seeds(measure, plan, last(given.histories, measure), PERCENT)
    for measure in ("train_top1", "train_eval_top1"):
        if measured(given.histories, measure):
            found += comparisons.of_seeds(measure, plan, last(given.histories, measure), POINTS)
    for measure, counts in costs(given.counts).items():
        found += comparisons.of_counts(measure, plan, counts)
    for variant in processes.variants(given.runs):
        found += comparisons.of_repeats(
            "latency" if variant == "eager" else f"latency_{variant}",
            plan,
            processes.medians(given.runs, variant),
            PROCESSES,
        )
    found += comparisons.of_ratios("best_latency", plan, best_ratios(given), PROCESSES)
    if len(given.steps):
        times = {s: of["seconds"].to_numpy() for s, of in given.steps.groupby("scheme")}
        found += comparisons.of_repeats("training_seconds", plan, times, STEPS)
    return found


def best_ratios(given: Results) -> dict[str, np.ndarray]:
    """{scheme: (processes,)}: time on its fastest back end that is exact enough, over the
    baseline's on its fastest of the same precision.
    """
    ms, found = headline.medians(given.runs), {}
    for scheme in given.counts:
        mine, rival = given.back_ends.pair(ms, scheme)
        found[scheme] = headline.ratios(given.runs, (scheme, mine), ("baseline", rival))
    return found


def scores(tables: Tables, column: str) -> dict[str, np.ndarray]:
    """{scheme: (seeds, images)} of one column of the predictions."""
    return {s: np.stack([of[column].to_numpy(float) for of in t]) for s, t in tables.items()}


def page_numbers(tables: Tables, pages: pd.Series) -> np.ndarray:
    """A number for the page of each image, the same in every part."""
    numbers, _ = pd.factorize(pages)
    ids = next(iter(tables.values()))[0]["id"]
    return pd.Series(numbers, index=pages.index).loc[ids].to_numpy()


def measured(histories: Tables, column: str) -> bool:
    """Whether each history ends with a number in ``column``."""
    every = [of for tables in histories.values() for of in tables]
    return all(column in of and np.isfinite(of[column].iloc[-1]) for of in every)


def last(histories: Tables, column: str) -> dict[str, np.ndarray]:
    """{scheme: (seeds,)} of the last epoch."""
    return {s: np.array([of[column].iloc[-1] for of in t]) for s, t in histories.items()}


def costs(counts: dict[str, dict]) -> dict[str, dict[str, int]]:
    """MACs, parameters, and those of the convolutions with their batch norm, of each scheme."""
    found: dict[str, dict[str, int]] = {"macs": {}, "params": {}, "conv_params": {}}
    for scheme, of in counts.items():
        classifier = of["linear_macs"] + 2 * of["classifier_width"] + of["classes"]
        found["macs"][scheme] = of["macs"]
        found["params"][scheme] = of["parameters"]
        found["conv_params"][scheme] = of["parameters"] - classifier
    return found
