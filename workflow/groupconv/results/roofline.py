"""A roofline: how long each layer takes, and how long the machine's ceilings make it take at least.

Source: Williams, Waterman, Patterson 2009, doi:10.1145/1498765.1498785. Knows no files.
"""

import pandas as pd

from groupconv.network.counts import Layer

COLUMNS = (
    "scheme variant module stage groups macs bytes_moved runs ms p10_ms p90_ms floor_ms bound"
).split()
ARITHMETIC, MEMORY = "arithmetic", "memory"


def table(runs: pd.DataFrame, layers: dict[str, list[Layer]], most: dict | None) -> pd.DataFrame:
    """A row for each scheme, variant and module.

    ``runs``: scheme, variant, module, ms of every pass. ``layers`` of each scheme, in the order of
    the rows; a module that is none of them has no MACs. ``most``: flop_per_s and bytes_per_s of the
    machine; None if no layer was timed.
    """
    known = {(scheme, layer.name): layer for scheme, of in layers.items() for layer in of}
    found = []
    for (scheme, variant, module), of in runs.groupby(COLUMNS[:3], sort=False):
        times = of["ms"]
        row = {"scheme": scheme, "variant": variant, "module": module, "runs": len(times)}
        row |= {"ms": times.median(), "p10_ms": times.quantile(0.1), "p90_ms": times.quantile(0.9)}
        if layer := known.get((scheme, module)):
            row |= {key: getattr(layer, key) for key in COLUMNS[3:7]} | floor(layer, most)
        found.append(row)
    names, variants = list(layers), list(dict.fromkeys(runs["variant"]))
    found.sort(key=lambda row: (names.index(row["scheme"]), variants.index(row["variant"])))
    return pd.DataFrame(found, columns=COLUMNS).astype(dict.fromkeys(COLUMNS[3:7], "Int64"))


def highest(measured: list[dict], runs: pd.DataFrame, layers: dict[str, list[Layer]]) -> dict:
    """The machine's ceilings: the best that any process ``measured``, or a layer reached.

    So no layer's floor is above its median time. ``runs`` and ``layers`` as for table(). Returns
    flop_per_s, bytes_per_s, and of what they are: flop_of, bytes_of.
    """
    best = max(measured, key=lambda one: one["flop_per_s"])
    rates = [(best["flop_per_s"], best["flop_of"])]
    moved = [(max(one["bytes_per_s"] for one in measured), MEMORY)]
    known = {(scheme, layer.name): layer for scheme, of in layers.items() for layer in of}
    for (scheme, variant, module), ms in (
        runs.groupby(COLUMNS[:3], sort=False)["ms"].median().items()
    ):
        if layer := known.get((scheme, module)):
            of = f"{scheme}'s {module} ({variant})"
            rates.append((2e3 * layer.macs / ms, of))
            moved.append((1e3 * layer.bytes_moved / ms, of))
    (flop, flop_of), (moving, bytes_of) = max(rates), max(moved)
    return {"flop_per_s": flop, "flop_of": flop_of, "bytes_per_s": moving, "bytes_of": bytes_of}


def floor(layer: Layer, most: dict) -> dict:
    """The longer of its FLOP at the one ceiling and its bytes at the other, ms; and which it is."""
    arithmetic = 2e3 * layer.macs / most["flop_per_s"]
    memory = 1e3 * layer.bytes_moved / most["bytes_per_s"]
    bound = ARITHMETIC if arithmetic > memory else MEMORY
    return {"floor_ms": max(arithmetic, memory), "bound": bound}
