"""Whether a number of the paper is reproduced: it lies in the prediction interval of one new run.

The paper's run may differ from ours by our own error, by its test or validation images, and by its
seed. Only a number that is known exactly, such as MACs ("about 80%"), has a tolerance.
"""

import numpy as np

from groupconv.results.changes import Change
from groupconv.results.estimates import Estimate
from groupconv.results.verdicts import (
    CANNOT_TELL,
    CONTRADICTED,
    MACHINE,
    REPRODUCED,
    Verdict,
    over_back_ends,
)


def prediction(change: Change, images: int | None) -> tuple[float, float]:
    """95% interval of the same in a new run of one network each, on ``images`` other images.

    ``seed_sd`` of a difference is already that of two networks, sqrt(2) times one's. With one seed
    it is unknown, and the interval is too narrow: see reproduced(). Without ``images`` the measure
    is no mean over images, as a time.
    """
    own = change.estimate
    terms = [own.error]
    if images and np.isfinite(change.image_sd):
        terms.append(change.image_sd / np.sqrt(images))
    if np.isfinite(change.seed_sd):
        terms.append(change.seed_sd)
    return Estimate(own.value, float(np.sqrt(np.square(terms).sum())), own.df, own.logs).interval()


def exact(change: Change, value: float, tolerance: float) -> Verdict:
    """Whether a number that is known exactly lies within the tolerance of the paper's "about"."""
    off = change.estimate.value - value
    word = REPRODUCED if abs(off) <= tolerance else CONTRADICTED
    return Verdict(word, f"{change.text()}, {value:g} in the paper, {tolerance:g} allowed")


def reproduced(change: Change, value: float, images: int | None) -> Verdict:
    """Whether a number that depends on the training is reproduced; ``images``: the paper's."""
    if not change.known:
        return Verdict(CANNOT_TELL, f"{change.text()}: no interval, each was trained once")
    low, high = prediction(change, images)
    said = f"{change.text()}; a run like the paper's: {low:.4g} to {high:.4g}"
    if low <= value <= high:
        if change.reference and low <= 0 <= high:
            reason = f"{said}: both {value:g} and none are inside"
            return Verdict(CANNOT_TELL, reason, change.smallest)
        return Verdict(REPRODUCED, said, change.smallest)
    if not np.isfinite(change.seed_sd):
        reason = f"{said}, but what another seed gives is unknown: too few seeds"
        return Verdict(CANNOT_TELL, reason, change.smallest)
    return Verdict(CONTRADICTED, said, change.smallest)


def timed(changes: dict[str, Change], value: float) -> Verdict:
    """A number about time, in each back end: {its name: the change}.

    The paper names no machine. Where its number lies between our back ends, no back end speaks
    against it: it is one machine's.
    """
    found = {name: _timed(change, value) for name, change in changes.items()}
    together = over_back_ends(found)
    ends = [end for change in changes.values() if change.known for end in change.interval]
    if together.word == CONTRADICTED and min(ends) <= value <= max(ends):
        return Verdict(MACHINE, together.reason, together.smallest)
    return together


def _timed(change: Change, value: float) -> Verdict:
    if not change.known:
        return Verdict(CANNOT_TELL, f"{change.text()}: no interval")
    low, high = change.interval
    if not low <= value <= high:
        return Verdict(CONTRADICTED, change.text(), change.smallest)
    if low <= 0 <= high:
        reason = f"{change.text()}: both {value:g} and none are inside"
        return Verdict(CANNOT_TELL, reason, change.smallest)
    return Verdict(REPRODUCED, change.text(), change.smallest)
