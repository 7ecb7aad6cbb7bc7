"""Rule 5 of the study: does E's difference from the baseline still move with the epochs?"""

import copy
import json
from pathlib import Path

from study import results
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
        if change is None or not _doubled(plan.stages[stage], plan.stages[other]):
            continue
        if abs(own - change) > MOST:
            epochs = {name: plan.stages[name]["train"]["epochs"] for name in (stage, other)}
            return (
                f"{SCHEME} less the baseline is {own:+.1f} points after {epochs[stage]} epochs and "
                f"{change:+.1f} after {epochs[other]}: the difference still moves by more than "
                f"{MOST:g} point"
            )
    return ""


def difference(plan: Plan, stage: str, kept: Path) -> float | None:
    """E's test accuracy less the baseline's, one seed, in points; None where it is not trained."""
    found = []
    for scheme in (SCHEME, "baseline"):
        path = results.place(kept, Training(stage, scheme, SEED))
        if Training(stage, scheme, SEED) not in plan.trainings or not path.exists():
            return None
        found.append(json.loads(path.read_text(encoding="utf-8"))["top1"])
    return 100 * (found[0] - found[1])


def _doubled(one: dict, other: dict) -> bool:
    """Whether two stages' parameters are the same, but one has twice the other's epochs."""
    epochs = sorted(params["train"]["epochs"] for params in (one, other))
    alike = []
    for params in (one, other):
        alike.append(copy.deepcopy(params))
        del alike[-1]["train"]["epochs"]
    return alike[0] == alike[1] and epochs[1] == 2 * epochs[0]
