"""Every comparison of two schemes in every measure: the rows of comparisons.csv.

Each row has its interval, what that interval is about (``kind``), and the smallest change that it
could have shown. Knows no files.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from groupconv.results import components, estimates
from groupconv.results.components import Components, Scores
from groupconv.results.estimates import Estimate
from groupconv.results.words import many

COLUMNS = (
    "measure scheme reference change unit low high simultaneous_low simultaneous_high p_holm "
    "critical_difference smallest_difference kind family seeds images note standard_error "
    "degrees_of_freedom seed_sd image_sd"
).split()
POINTS, PERCENT, NATS = "points", "percent", "nats"
TINY = 1e-12  # a loss of 0 has no logarithm

NETWORK = "this network, other images"
SCHEME = "the scheme, other seeds and images"
SEEDS = "the scheme, other seeds"
ONE = "this training alone"
PROCESSES = "this machine, other processes"
STEPS = "this machine, other steps"
EXACT = "exact"

TREND, LAYERS = "trend", "grouped layers"  # a row's scheme and reference: the change per layer
LEVELS = "levels"  # the family of rows without a reference: a scheme's own value

Contrast = tuple[str, str, str, dict[str, float]]  # scheme, reference, family, weights


@dataclass(frozen=True)
class Plan:
    """Which comparisons are made, and which of them count together.

    names: every scheme, baseline first
    primary, secondary: the paper's schemes that are here, in two families; others are `added`
    layers: grouped layers of each of the paper's schemes that are here, baseline too
    """

    names: list[str]
    primary: list[str]
    secondary: list[str]
    layers: dict[str, int]

    def levels(self) -> list[Contrast]:
        """Each scheme's own value: no reference."""
        return [(name, "", LEVELS, {name: 1.0}) for name in self.names]

    def contrasts(self) -> list[Contrast]:
        """Changes against baseline, then the other pairs, then the change per grouped layer.

        A scheme that the paper does not have is compared with each that it has, and with each
        other that it does not have.
        """
        found = []
        for name in self.names:
            if name != "baseline":
                family = "primary" if name in self.primary else "added"
                family = "secondary" if name in self.secondary else family
                found.append((name, "baseline", family, {name: 1.0, "baseline": -1.0}))
        paper = [name for name in self.names if name in self.layers and name != "baseline"]
        for i, name in enumerate(paper):
            for other in paper[:i]:
                found.append((name, other, "pairs", {name: 1.0, other: -1.0}))
        added = [n for n in self.names if n not in self.layers and n != "baseline"]
        for i, other in enumerate(added):
            for name in [*paper, *added[:i]]:
                found.append((name, other, "added pairs", {name: 1.0, other: -1.0}))
        slope = slopes(self.layers)
        if slope:
            found.append((TREND, LAYERS, TREND, slope))
        return found


def slopes(layers: dict[str, int]) -> dict[str, float]:
    """Weights of the least-squares slope over the number of layers; {} where all have as many."""
    centred = {name: n - np.mean(list(layers.values())) for name, n in layers.items()}
    squares = sum(c**2 for c in centred.values())
    return {name: c / squares for name, c in centred.items()} if squares else {}


def of_points(measure: str, plan: Plan, scores: Scores, pages: np.ndarray) -> list[dict]:
    """Changes in points of a mean of 0 and 1, as an accuracy, over images and seeds."""
    parts = components.of_scores(scores, pages, least=1.0)
    means = np.array([of.mean() for of in scores.values()])
    return _rows(measure, plan.contrasts(), parts, means, POINTS, scores, pages)


def of_percent(measure: str, plan: Plan, scores: Scores, pages: np.ndarray) -> list[dict]:
    """Changes in percent of the reference of a mean above 0, as a loss, over images and seeds."""
    means = np.array([max(of.mean(), TINY) for of in scores.values()])
    scaled = {name: of / mean for (name, of), mean in zip(scores.items(), means, strict=True)}
    parts = components.of_scores(scaled, pages)
    changes = _rows(measure, plan.contrasts(), parts, np.log(means), PERCENT, scaled, pages)
    own = components.of_scores(scores, pages)
    return changes + _rows(measure, plan.levels(), own, means, NATS, scores, pages)


def of_seeds(measure: str, plan: Plan, means: dict[str, np.ndarray], unit: str) -> list[dict]:
    """Changes of something of which each training gives one number, as its training loss."""
    own = components.of_means(means)
    middles = np.array([max(of.mean(), TINY) for of in means.values()])
    if unit == POINTS:
        return _rows(measure, plan.contrasts(), own, middles, POINTS)
    scaled = {name: of / mean for (name, of), mean in zip(means.items(), middles, strict=True)}
    parts = components.of_means(scaled)
    changes = _rows(measure, plan.contrasts(), parts, np.log(middles), PERCENT)
    return changes + _rows(measure, plan.levels(), own, middles, NATS)


def of_difference(
    measure: str, plan: Plan, one: Scores, pages: np.ndarray, other: Scores, others: np.ndarray
) -> list[dict]:
    """Changes in points on ``one`` less those on ``other``: whether two parts agree."""
    parts = components.of_difference(one, pages, other, others)
    means = np.array([one[name].mean() - other[name].mean() for name in one])
    found = _rows(measure, plan.contrasts(), parts, means, POINTS)
    kind = SCHEME if parts.df_seeds else NETWORK
    images = sum(next(iter(of.values())).shape[1] for of in (one, other))
    return [row | {"kind": kind, "images": images} for row in found]


def of_repeats(measure: str, plan: Plan, times: dict[str, np.ndarray], kind: str) -> list[dict]:
    """Changes in percent of positive numbers that were measured together, again and again.

    ``times`` is {scheme: (repeats,)}: repeat i of all schemes was made side by side, as the median
    of one process. A contrast is formed in each repeat; its t interval is over repeats.
    """
    logs = {name: np.log(np.asarray(of, float)) for name, of in times.items()}
    wanted = [c for c in plan.contrasts() if set(c[3]) <= set(logs)]
    values = [sum(w * logs[name] for name, w in c[3].items()) for c in wanted]
    return _of_logs(measure, wanted, values, kind)


def of_ratios(measure: str, plan: Plan, ratios: dict[str, np.ndarray], kind: str) -> list[dict]:
    """As of_repeats(), of each scheme's ratio to the baseline alone: {scheme: (repeats,)}."""
    wanted = [c for c in plan.contrasts() if c[0] in ratios and c[1] == "baseline"]
    return _of_logs(measure, wanted, [np.log(ratios[c[0]]) for c in wanted], kind)


def _of_logs(measure: str, wanted: list[Contrast], logs: list, kind: str) -> list[dict]:
    """Rows of contrasts, each of a logarithm per repeat."""
    if not wanted:  # the baseline alone
        return []
    values = np.array(logs)
    repeats = values.shape[1]
    errors = values.std(1, ddof=1) / np.sqrt(repeats) if repeats > 1 else values[:, 0] * np.nan
    found = [
        (contrast, Estimate(100 * np.expm1(of.mean()), 100 * error, repeats - 1, logs=True))
        for contrast, of, error in zip(wanted, values, errors, strict=True)
    ]

    def correlation(rows: list[int]) -> np.ndarray:
        centred = values[rows] - values[rows].mean(1, keepdims=True)
        norms = np.maximum(np.linalg.norm(centred, axis=1), 1e-300)
        of = centred @ centred.T / np.outer(norms, norms)
        np.fill_diagonal(of, 1.0)
        return of

    shared = {"kind": kind, "unit": PERCENT, "note": many(repeats, "repeat")}
    return _judged(measure, found, correlation, [shared] * len(found))


def of_counts(measure: str, plan: Plan, counts: dict[str, float]) -> list[dict]:
    """Changes in percent of numbers that are known exactly, as MACs."""
    rows = []
    for scheme, reference, family, weights in plan.contrasts():
        slope = sum(w * np.log(counts[name]) for name, w in weights.items())
        change = float(100 * np.expm1(slope))
        ends = dict.fromkeys(("low", "high", "simultaneous_low", "simultaneous_high"), change)
        rows.append(
            _row(measure, scheme, reference, family, change)
            | ends
            | {"unit": PERCENT, "kind": EXACT, "standard_error": 0.0, "degrees_of_freedom": np.inf}
        )
    return rows


def table(rows: Iterable[dict]) -> pd.DataFrame:
    """The rows as comparisons.csv has them."""
    return pd.DataFrame(list(rows), columns=COLUMNS)


def _rows(
    measure: str,
    contrasts: list[Contrast],
    parts: Components,
    means: np.ndarray,
    unit: str,
    scores: Scores | None = None,
    pages: np.ndarray | None = None,
) -> list[dict]:
    """Rows of contrasts of ``means`` (logarithms in percent), which vary as ``parts`` says."""
    scale = 1 if unit == NATS else 100
    kinds = (SEEDS, ONE) if scores is None else (SCHEME, NETWORK)
    shared = {
        "kind": kinds[0] if parts.df_seeds else kinds[1],
        "unit": unit,
        "images": 0 if scores is None else next(iter(scores.values())).shape[1],
        "note": "" if pages is None else _note(pages),
    }
    found, extra, vectors = [], [], []
    for contrast in contrasts:
        vector = np.array([contrast[3].get(name, 0.0) for name in parts.names])
        variance, df = parts.contrast(vector)
        change, logs = float(vector @ means), unit == PERCENT
        value = scale * (np.expm1(change) if logs else change)
        found.append((contrast, Estimate(value, scale * np.sqrt(variance), df, logs)))
        spread = {"seed_sd": scale * np.sqrt(parts.seeds * (vector**2).sum())}
        if scores is not None and contrast[2] != TREND:
            spread["image_sd"] = scale * components.image_sd(scores, pages, vector)
        spread["seeds"] = int(parts.repeats[vector != 0].min())  # of its own schemes
        extra.append(shared | spread)
        vectors.append(vector)

    def correlation(rows: list[int]) -> np.ndarray:
        return parts.correlation(np.array(vectors)[rows])

    return _judged(measure, found, correlation, extra)


def _judged(measure, found, correlation, extra) -> list[dict]:
    """Rows with intervals, those of a family together: max-t intervals, Holm's p."""
    rows = [
        _row(measure, scheme, reference, family, estimate.value)
        for (scheme, reference, family, _), estimate in found
    ]
    for row, (_, estimate), more in zip(rows, found, extra, strict=True):
        row |= more
        row["low"], row["high"] = estimate.interval()
        row["standard_error"], row["degrees_of_freedom"] = estimate.error, estimate.df
        if estimate.known:
            row["critical_difference"] = estimate.critical_difference
            row["smallest_difference"] = estimate.smallest_difference
    for family in {row["family"] for row in rows}:
        members = [i for i, row in enumerate(rows) if row["family"] == family]
        if family == LEVELS or not all(found[i][1].known for i in members):
            continue
        df = min(found[i][1].df for i in members)
        times = estimates.simultaneous(correlation(members), df)
        for i, p in zip(members, estimates.holm([found[i][1].p for i in members]), strict=True):
            own = estimates.quantile(0.975, found[i][1].df)  # never inside the single interval
            low, high = found[i][1].at(max(times, own))
            rows[i] |= {"simultaneous_low": low, "simultaneous_high": high, "p_holm": p}
    return rows


def _row(measure: str, scheme: str, reference: str, family: str, change: float) -> dict:
    start = dict.fromkeys(COLUMNS, np.nan)
    start |= {"measure": measure, "scheme": scheme, "reference": reference, "family": family}
    return start | {"change": float(change), "note": "", "seeds": 0, "images": 0}


def _note(pages: np.ndarray) -> str:
    labels = len(np.unique(pages))
    return "" if labels == len(pages) else f"{many(labels, 'page')}, which vary as wholes"
