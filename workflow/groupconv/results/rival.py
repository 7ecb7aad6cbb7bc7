"""The fair rival of a grouped scheme: the plain, narrower network that takes as long.

Knows no files.
"""

import itertools

import numpy as np
import pandas as pd

from groupconv.results.estimates import Estimate
from groupconv.results.headline import ratio

LEAST_FALL = 0.02  # of the time, at which a doubling of the groups still is a gain


def equal_width(ratios: dict[float, float]) -> float:
    """The width at which a plain network takes as long as the scheme: its ratio is 1.

    ``ratios``: time of the plain network of each width over the scheme's. Between two widths the
    logarithm is taken to be straight; nan where no two lie around 1. Where noise makes it cross 1
    more than once, the widest crossing counts.
    """
    widths = sorted(ratios)
    logs = [np.log(ratios[width]) for width in widths]
    for i in range(len(widths) - 1, 0, -1):
        low, high = logs[i - 1], logs[i]
        if low <= 0 <= high and low < high:
            return float(widths[i - 1] - low / (high - low) * (widths[i] - widths[i - 1]))
    return float("nan")


def width_of(
    runs: pd.DataFrame, scheme: str, plain: dict[str, float], variant: str
) -> tuple[float, float, float]:
    """(width, its 95% interval over processes) at which a plain network has the scheme's time.

    ``plain``: {name of a plain network in ``runs``: its width}. Student's t over processes.
    """
    found = []
    for _, of in runs.groupby("process"):
        ratios = {w: ratio(of, (name, variant), (scheme, variant))[0] for name, w in plain.items()}
        found.append(equal_width(ratios))
    values = np.array(found)
    if len(values) < 2 or not np.isfinite(values).all():
        return float(values.mean()), np.nan, np.nan
    error = values.std(ddof=1) / np.sqrt(len(values))
    return (
        float(values.mean()),
        *Estimate(float(values.mean()), float(error), len(values) - 1).interval(),
    )


def doublings(
    runs: pd.DataFrame, networks: dict[int, str], variant: str
) -> dict[int, tuple[float, float, float]]:
    """{groups: its time over that of the number before, and its 95% interval over processes}.

    ``networks``: {groups: its name in ``runs``}. A ratio is of one round: see headline.ratio().
    """
    return {
        m: ratio(runs, (networks[m], variant), (networks[n], variant))
        for n, m in itertools.pairwise(sorted(networks))
    }


def stops_falling(ratios: dict[int, float], fewest: int = 1) -> int | None:
    """The number of groups beyond which no doubling gains LEAST_FALL of the time.

    ``ratios``: of doublings(), or one end of their intervals; ``fewest``: what the first of them
    doubles. None if the last doubling still gains, or a ratio is not known.
    """
    if any(np.isnan(value) for value in ratios.values()):
        return None
    gains = [groups for groups, value in ratios.items() if value <= 1 - LEAST_FALL]
    last = max(gains, default=fewest)
    return None if last == max(ratios) else last
