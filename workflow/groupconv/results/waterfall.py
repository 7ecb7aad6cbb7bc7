"""From "MACs saved" to "time saved": what each loss costs, in ms that add up. Knows no files.

If time followed MACs, a scheme would take the baseline's time times its share of the MACs. What it
takes more is a sum over its parts: each part's time less what its MACs cost at the baseline's mean
rate. A part with a floor (the roofline) is two losses: the floor's, which no kernel can avoid, and
the kernel's, above the floor.
"""

from dataclasses import dataclass

import pandas as pd

CLASSIFIER = "classifier"
CONV1 = "conv-1, which no scheme groups"
GROUPED = "grouped convolutions"
PLAIN = "other convolutions"
BETWEEN = "batch norm, ReLU, pooling"
CALLS = "between the modules"
FLOOR, KERNEL = "memory and arithmetic at the machine's rates", "kernels below those rates"


@dataclass(frozen=True)
class Part:
    """One layer of the scheme: its place, its MACs, its time and its floor, ms."""

    place: str
    macs: int
    ms: float
    floor_ms: float


@dataclass(frozen=True)
class Loss:
    """A bar of the waterfall: what it is, why, and how many ms it adds."""

    what: str
    why: str
    ms: float


def place(stage: int, groups: int) -> str:
    """The part of the network that a layer belongs to."""
    if stage == 0:
        return CLASSIFIER
    if stage == 1:
        return CONV1
    return GROUPED if groups > 1 else PLAIN


def of_scheme(
    layers: pd.DataFrame, whole_ms: dict[str, float], scheme: str, variant: str
) -> list[Loss]:
    """The waterfall of a scheme on a back end.

    ``layers``: layers.csv; ``whole_ms``: the time of each scheme on that back end, not taken apart.
    """
    of = layers[layers["variant"] == variant]
    baseline, own = of[of["scheme"] == "baseline"], of[of["scheme"] == scheme]
    parts = [
        Part(place(row["stage"], row["groups"]), row["macs"], row["ms"], row["floor_ms"])
        for row in own.dropna(subset="macs").to_dict("records")
    ]
    return waterfall(
        baseline_ms=whole_ms["baseline"],
        baseline_macs=int(baseline["macs"].sum()),
        parts=parts,
        between_ms=own.loc[own["macs"].isna(), "ms"].sum(),
        whole_ms=whole_ms[scheme],
    )


def waterfall(
    baseline_ms: float, baseline_macs: int, parts: list[Part], between_ms: float, whole_ms: float
) -> list[Loss]:
    """From the baseline's time to the scheme's: the sum of all but the last is the last.

    ``parts``: the scheme's layers; ``between_ms``: its modules without MACs; ``whole_ms``: a pass
    that was not taken apart.
    """
    rate = baseline_ms / baseline_macs
    macs = sum(part.macs for part in parts)
    found = [
        Loss("baseline", "", baseline_ms),
        Loss("MACs saved", "if time followed MACs", rate * macs - baseline_ms),
    ]
    for name in (CLASSIFIER, CONV1, GROUPED, PLAIN):
        of = [part for part in parts if part.place == name]
        if of:
            floor = sum(part.floor_ms for part in of)
            found.append(Loss(name, FLOOR, floor - rate * sum(part.macs for part in of)))
            found.append(Loss(name, KERNEL, sum(part.ms for part in of) - floor))
    apart = sum(part.ms for part in parts) + between_ms
    found.append(Loss(BETWEEN, "no MACs", between_ms))
    found.append(Loss(CALLS, "a pass taken apart is not quite a whole one", whole_ms - apart))
    return [*found, Loss("scheme", "", whole_ms)]
