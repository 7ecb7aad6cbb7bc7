"""Best against best, from every timed run, with intervals. Knows no files."""

import numpy as np
import pandas as pd

from groupconv.results.back_ends import BackEnds, Cell
from groupconv.results.estimates import Estimate


def medians(runs: pd.DataFrame) -> dict[Cell, float]:
    """Median of all runs of each scheme on each back end, ms."""
    return runs.groupby(["scheme", "variant"])["latency_ms"].median().to_dict()


def ratios(runs: pd.DataFrame, one: Cell, other: Cell) -> np.ndarray:
    """Time of ``one`` over that of ``other``, (processes,): the median of a process's rounds.

    A ratio is of one round: a machine that slows down slows both.
    """
    keys = {"index": ["process", "round"], "columns": ["scheme", "variant"]}
    wide = runs.pivot(**keys, values="latency_ms")
    return (wide[one] / wide[other]).groupby("process").median().to_numpy()


def ratio(runs: pd.DataFrame, one: Cell, other: Cell) -> tuple[float, float, float]:
    """ratios() as one, with its 95% interval over processes.

    The interval is Student's t of the processes' logarithms; nan with one process.
    """
    logs = np.log(ratios(runs, one, other))
    middle = float(logs.mean())
    if len(logs) < 2:
        return float(np.exp(middle)), np.nan, np.nan
    error = logs.std(ddof=1) / np.sqrt(len(logs))
    low, high = Estimate(100 * np.expm1(middle), 100 * error, len(logs) - 1, logs=True).interval()
    return float(np.exp(middle)), 1 + low / 100, 1 + high / 100


def headline(runs: pd.DataFrame, back_ends: BackEnds, scheme: str = "E") -> dict[str, float | str]:
    """The scheme's best against the baseline's best of the same precision, and both in fp32."""
    ms = medians(runs)
    found: dict[str, float | str] = {}
    for prefix, allowed in (("", back_ends), ("fp32_", back_ends.in_fp32())):
        mine, rival = allowed.pair(ms, scheme)
        less, low, high = ratio(runs, (scheme, mine), ("baseline", rival))
        faster, slow, fast = ratio(runs, (scheme, "eager"), (scheme, mine))
        found |= {
            f"{scheme}.{prefix}best_back_end": mine,
            f"{scheme}.{prefix}best_ms": ms[scheme, mine],
            f"baseline.{prefix}best_back_end": rival,
            f"baseline.{prefix}best_ms": ms["baseline", rival],
            f"{scheme}.{prefix}best_reduction_percent": 100 * (1 - less),
            f"{scheme}.{prefix}best_reduction_low": 100 * (1 - high),
            f"{scheme}.{prefix}best_reduction_high": 100 * (1 - low),
            f"{scheme}.{prefix}best_speedup_over_eager": faster,
            f"{scheme}.{prefix}best_speedup_low": slow,
            f"{scheme}.{prefix}best_speedup_high": fast,
        }
        agreed = back_ends.agreements.get((scheme, mine))
        share = 1.0 if mine == "eager" else np.nan  # with itself; another in fp32: by its logits
        found[f"{scheme}.{prefix}best_top1_agreement"] = agreed.share if agreed else share
    return found
