"""Times of several processes, each of which counts as one sample.

Memory is laid out once in a process, and kernels are chosen once: runs of one process agree with
each other more than with those of the next. So a process is one sample. Knows no files.
"""

import numpy as np
import pandas as pd

from groupconv.results.estimates import Estimate


def variants(runs: pd.DataFrame) -> list[str]:
    """The back ends that were timed, eager first."""
    return sorted(set(runs["variant"]), key=lambda name: (name != "eager", name))


def medians(runs: pd.DataFrame, variant: str) -> dict[str, np.ndarray]:
    """{scheme: (processes,)}: median of a scheme in each process, relative to the baseline's.

    A ratio is of one round: a machine that slows down meanwhile slows both. The baseline's own is
    its median in ms, so every scheme's is in ms, and a ratio of two is one of rounds.
    """
    of = runs[runs["variant"] == variant]
    wide = of.pivot(index=["process", "round"], columns="scheme", values="latency_ms")
    base = wide["baseline"].groupby("process").median()
    ratios = wide.div(wide["baseline"], axis=0).groupby("process").median()
    return {scheme: (ratios[scheme] * base).to_numpy() for scheme in ratios}


def interval(ms: np.ndarray) -> tuple[float, float]:
    """95% interval of a scheme's time over processes, by Student's t of the logarithms; ms."""
    logs = np.log(ms)
    if len(logs) < 2:
        return float("nan"), float("nan")
    error = logs.std(ddof=1) / np.sqrt(len(logs))
    middle = np.expm1(logs.mean()) * 100
    low, high = Estimate(middle, 100 * error, len(logs) - 1, logs=True).interval()
    return 1 + low / 100, 1 + high / 100
