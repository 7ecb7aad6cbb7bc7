"""Estimates with their intervals: one, several at once, and what they could have shown.

Knows no files and no schemes.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from groupconv.results.intervals import CONFIDENCE, POWER

DRAWS = 100_000  # of the largest |t|: its 95% quantile is then right to about 0.01


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error and degrees of freedom (nan: nothing is known of them).

    A change in percent (``logs``) was estimated as a logarithm: -0.6 is -45%. ``value`` and every
    bound are in percent or points; ``error`` is 100 times that of the logarithm, or points.
    """

    value: float
    error: float
    df: float
    logs: bool = False

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return bool(np.isfinite(self.error) and np.isfinite(self.df))

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Two-sided interval by Student's t; nan, nan where nothing is known."""
        return self.at(quantile((1 + confidence) / 2, self.df))

    def at(self, times: float) -> tuple[float, float]:
        """The value less and more ``times`` its standard error."""
        middle = 100 * np.log1p(self.value / 100) if self.logs else self.value
        ends = (middle - times * self.error, middle + times * self.error)
        return tuple(self._back(end) for end in ends) if self.known else (np.nan, np.nan)

    def _back(self, end: float) -> float:
        return float(100 * np.expm1(end / 100)) if self.logs else float(end)

    @property
    def p(self) -> float:
        """Two-sided p of no change."""
        middle = 100 * np.log1p(self.value / 100) if self.logs else self.value
        if not self.known:
            return np.nan
        if self.error == 0:
            return float(middle == 0)
        return float(2 * special.stdtr(self.df, -abs(middle) / self.error))

    @property
    def critical_difference(self) -> float:
        """The smallest change that this interval would have told from none."""
        return self._back(quantile((1 + CONFIDENCE) / 2, self.df) * self.error)

    @property
    def smallest_difference(self) -> float:
        """The smallest true change that such a run tells from none four times in five."""
        t = quantile((1 + CONFIDENCE) / 2, self.df) + quantile(POWER, self.df)
        return self._back(t * self.error)


def quantile(probability: float, df: float) -> float:
    """Student's t; the normal distribution's from a million degrees of freedom on."""
    return float(special.stdtrit(min(df, 1e6), probability))  # as scipy.stats, without its checks


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's adjusted p values (Holm 1979): each is the level at which its test would reject."""
    p = np.asarray(p, float)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def simultaneous(correlation: np.ndarray, df: float) -> float:
    """How many standard errors hold all of several estimates at once, in 95% (max-t).

    The quantile of the largest |t| of a multivariate t distribution (scipy), drawn with a fixed
    seed. Source: Hothorn, Bretz, Westfall 2008.
    """
    if len(correlation) == 1 or not np.isfinite(df):
        return quantile((1 + CONFIDENCE) / 2, df)
    spread = stats.multivariate_t(shape=correlation, df=min(df, 1e6), allow_singular=True)
    draws = spread.rvs(DRAWS, random_state=np.random.default_rng(0))
    return float(np.quantile(np.abs(draws).max(1), CONFIDENCE))
