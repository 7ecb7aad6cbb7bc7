"""Samples -> estimate, low, high. Knows no files; every random number comes from a given rng."""

import math

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
POWER = 0.80


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Wilson's 95% interval of a proportion (scipy's binomtest). Raises ValueError for n < 1."""
    low, high = stats.binomtest(successes, n).proportion_ci(CONFIDENCE, method="wilson")
    return float(low), float(high)


def smallest_difference(n: int, p: float) -> float:
    """The smallest true difference between two accuracies near ``p``, each on ``n`` images, that a
    two-sided 5% test would find with 80% power.

    Normal approximation for independent samples: (1.96 + 0.84) * sqrt(2 p (1 - p) / n). The
    schemes see the same images, so a paired comparison can show somewhat less. ``p`` at 0 or 1 is
    taken half an image inside.
    """
    p = min(max(p, 0.5 / n), 1 - 0.5 / n)
    z = stats.norm.ppf((1 + CONFIDENCE) / 2) + stats.norm.ppf(POWER)
    return float(z * math.sqrt(2 * p * (1 - p) / n))


def paired_difference(
    a: np.ndarray, b: np.ndarray, rng: np.random.Generator, resamples: int = 2000
) -> tuple[float, float, float]:
    """Mean of a - b with its 95% bootstrap interval over images; (images,) or (seeds, images).

    With several seeds both are resampled, the seeds too: rows are then drawn with replacement.
    A seed trains both models from the same draw order, so rows of ``a`` and ``b`` stay together.
    Source: the percentile bootstrap, Efron and Tibshirani 1993, chapter 13.
    """
    difference = np.atleast_2d(np.asarray(a, float) - np.asarray(b, float))
    return _bootstrap_mean(difference, rng, resamples)


def mean_over_seeds(
    hits: np.ndarray, rng: np.random.Generator, resamples: int = 2000
) -> tuple[float, float, float]:
    """Mean of (seeds, images) hits with its 95% interval: Wilson's for one seed, else bootstrap
    over seeds and images.
    """
    hits = np.atleast_2d(np.asarray(hits, float))
    if len(hits) == 1:
        return (float(hits.mean()), *wilson(int(hits.sum()), hits.size))
    return _bootstrap_mean(hits, rng, resamples)


def _bootstrap_mean(
    table: np.ndarray, rng: np.random.Generator, resamples: int
) -> tuple[float, float, float]:
    seeds, images = table.shape
    means = np.empty(resamples)
    for i in range(resamples):
        rows = rng.integers(seeds, size=seeds)
        columns = rng.integers(images, size=images)
        means[i] = table[rows].mean(0)[columns].mean()
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(table.mean()), float(low), float(high)


def median_interval(samples: np.ndarray) -> tuple[float, float, float]:
    """Median with its distribution-free 95% interval, from the order statistics (scipy).

    Assumes independent samples. With fewer than 6 it is the whole range.
    """
    ordered = np.sort(np.asarray(samples, float))
    n = len(ordered)
    k = int(stats.binom.ppf((1 - CONFIDENCE) / 2, n, 0.5))
    k = max(k, 1)
    return float(np.median(ordered)), float(ordered[k - 1]), float(ordered[n - k])
