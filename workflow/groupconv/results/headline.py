"""Best against best: the fastest back end of each scheme that is exact enough. Knows no files."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from groupconv.results.estimates import Estimate

Cell = tuple[str, str]  # scheme, back end
FP32 = "fp32"


def medians(runs: pd.DataFrame) -> dict[Cell, float]:
    """Median of all runs of each scheme on each back end, ms."""
    return runs.groupby(["scheme", "variant"])["latency_ms"].median().to_dict()


def best(ms: dict[Cell, float], scheme: str, allowed: Iterable[str]) -> str:
    """The fastest of the ``allowed`` back ends. The fastest of several is a little too fast: their
    medians have errors of their own.
    """
    return min((name for name in allowed if (scheme, name) in ms), key=lambda n: ms[scheme, n])


def ratio(runs: pd.DataFrame, one: Cell, other: Cell) -> tuple[float, float, float]:
    """Time of ``one`` over that of ``other``, with its 95% interval over processes.

    A ratio is of one round, then the median of a process's rounds: a machine that slows down slows
    both. The interval is Student's t of the processes' logarithms; nan with one process.
    """
    keys = {"index": ["process", "round"], "columns": ["scheme", "variant"]}
    wide = runs.pivot(**keys, values="latency_ms")
    logs = np.log((wide[one] / wide[other]).groupby("process").median().to_numpy())
    middle = float(logs.mean())
    if len(logs) < 2:
        return float(np.exp(middle)), np.nan, np.nan
    error = logs.std(ddof=1) / np.sqrt(len(logs))
    low, high = Estimate(100 * np.expm1(middle), 100 * error, len(logs) - 1, logs=True).interval()
    return float(np.exp(middle)), 1 + low / 100, 1 + high / 100


def headline(
    runs: pd.DataFrame,
    precisions: dict[str, str],
    agreements: dict[Cell, float],
    least: float,
    scheme: str = "E",
) -> dict[str, float | str]:
    """The scheme's best against the baseline's best of the same precision, and both in fp32.

    ``precisions`` of the back ends; ``agreements``: top-1 agreement with eager of a scheme on a
    back end, where it was measured. A back end below fp32 is exact enough if it was measured for
    both schemes, and is at least ``least``.
    """
    ms = medians(runs)

    def enough(name: str) -> bool:
        measured = [agreements.get((s, name), 0.0) for s in (scheme, "baseline")]
        return precisions[name] == FP32 or min(measured) >= least

    exact = [name for name in precisions if precisions[name] == FP32]
    found: dict[str, float | str] = {}
    for prefix, allowed in (("", filter(enough, precisions)), ("fp32_", exact)):
        mine = best(ms, scheme, list(allowed))
        same = [n for n in precisions if precisions[n] == precisions[mine] and enough(n)]
        rival = best(ms, "baseline", same)
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
        found[f"{scheme}.{prefix}best_top1_agreement"] = agreements.get((scheme, mine), np.nan)
    return found
