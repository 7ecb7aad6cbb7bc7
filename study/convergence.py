"""Rule 5 of the study: does E's difference from the baseline still move with the epochs?"""

from pathlib import Path

from study import reading, results
from study.plan import Plan, Training

MOST = 1.0  # points between a number of epochs and twice as many
SCHEME, SEED = "E", 0


def still_moves(plan: Plan, stage: str, kept: Path = results.RESULTS) -> str:
    """Why no verdict on accuracy of this stage counts; "" where nothing speaks against it.

    Compared are two stages that are the same but for the epochs, one of which has twice the
    other's. Of half as many and of twice as many, either is enough.
    """
    own = difference(plan, stage, kept)
    if own is None:
        return ""
    for other in plan.stages:
        change = difference(plan, other, kept)
        if change is None or not _doubled(plan, stage, other):
            continue
        if abs(own - change) > MOST:
            epochs = {name: plan.stages[name]["train"]["epochs"] for name in (stage, other)}
            return (
                f"{SCHEME} less the baseline, with seed {SEED}, is {own:+.1f} points after "
                f"{epochs[stage]} epochs and "
                f"{change:+.1f} after {epochs[other]}: the difference still moves by more than "
                f"{MOST:g} point"
            )
    return ""


def difference(plan: Plan, stage: str, kept: Path) -> float | None:
    """E's test accuracy less the baseline's, one seed, in points; None where it is not trained."""
    found = []
    for one in _of(stage):
        path = results.place(kept, one)
        if one not in plan.trainings or not path.exists():
            return None
        found.append(reading.record(path, "top1")["top1"])
    return 100 * (found[0] - found[1])


def _doubled(plan: Plan, stage: str, other: str) -> bool:
    """Whether both trainings are the same in two stages, but one has twice the other's epochs.

    By what these two read: a stage that names one rate for all has the very networks of another.
    """
    epochs = sorted(plan.stages[name]["train"]["epochs"] for name in (stage, other))
    of = [[results.causes(plan, one) for one in _of(name)] for name in (stage, other)]
    for causes in (causes for both in of for causes in both):
        del causes["train train.epochs"]
    return of[0] == of[1] and epochs[1] == 2 * epochs[0]


def _of(stage: str) -> list[Training]:
    return [Training(stage, scheme, SEED) for scheme in (SCHEME, "baseline")]
