"""Intervals of one sample: a share, a median. Knows no files, and draws no random number."""

import math

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
POWER = 0.80


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Wilson's 95% interval of a proportion (scipy's binomtest). Raises ValueError for n < 1."""
    low, high = stats.binomtest(successes, n).proportion_ci(CONFIDENCE, method="wilson")
    return float(low), float(high)


def of_share(share: float, variance: float, df: float) -> tuple[float, float]:
    """95% interval of a share in [0, 1] with the ``variance`` of its estimate: Student's t.

    On the scale of log(share / (1 - share)), so that it stays in [0, 1]; a share at an end has
    none there, and is taken as far inside as its standard error.
    """
    error = math.sqrt(variance)
    inside = min(max(share, min(error, 0.5)), 1 - min(error, 0.5))
    middle = math.log(inside / (1 - inside)) if 0 < inside < 1 else 0.0
    slope = max(inside * (1 - inside), 1e-9)
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, min(df, 1e6))) * error / slope
    low, high = (
        1 / (1 + math.exp(-min(max(end, -50), 50))) for end in (middle - half, middle + half)
    )
    return (0.0 if share == 0 else low), (1.0 if share == 1 else high)


def median_interval(samples: np.ndarray) -> tuple[float, float, float]:
    """Median with its distribution-free 95% interval, from the order statistics (scipy).

    Assumes independent samples. With fewer than 6 it is the whole range.
    """
    ordered = np.sort(np.asarray(samples, float))
    n = len(ordered)
    k = int(stats.binom.ppf((1 - CONFIDENCE) / 2, n, 0.5))
    k = max(k, 1)
    return float(np.median(ordered)), float(ordered[k - 1]), float(ordered[n - k])
