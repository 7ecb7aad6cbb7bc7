"""Intervals of one sample's share. Knows no files, and draws no random number.

scipy.stats takes a second to import, so only what needs it does: each evaluation has a share.
"""

import math

from scipy import special

CONFIDENCE = 0.95
POWER = 0.80


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Wilson's 95% interval of a proportion, as scipy's binomtest has it. ValueError for n < 1."""
    if n < 1:
        raise ValueError(f"a share of {n}")
    z, p = float(special.ndtri(0.5 + 0.5 * CONFIDENCE)), successes / n
    whole = 2 * (n + z**2)
    middle, half = (2 * n * p + z**2) / whole, z / whole * math.sqrt(4 * n * p * (1 - p) + z**2)
    low = 0.0 if successes == 0 else middle - half
    return low, 1.0 if successes == n else middle + half


def of_share(share: float, variance: float, df: float) -> tuple[float, float]:
    """95% interval of a share in [0, 1] with the ``variance`` of its estimate: Student's t.

    On the scale of log(share / (1 - share)), so that it stays in [0, 1]; a share at an end has
    none there, and is taken as far inside as its standard error.
    """
    from scipy import stats

    error = math.sqrt(variance)
    inside = min(max(share, min(error, 0.5)), 1 - min(error, 0.5))
    middle = math.log(inside / (1 - inside)) if 0 < inside < 1 else 0.0
    slope = max(inside * (1 - inside), 1e-9)
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, min(df, 1e6))) * error / slope
    low, high = (
        1 / (1 + math.exp(-min(max(end, -50), 50))) for end in (middle - half, middle + half)
    )
    return (0.0 if share == 0 else low), (1.0 if share == 1 else high)
