"""Whether a statement holds in a run: one function for each rule that claims.yaml may name.

All from intervals. A statement of several schemes holds if each part's own interval says so (each
at its level: an intersection-union test); one that the joint interval of all parts speaks against
is enough to contradict it, however many were looked at (``of``: how many, if more than are given).
Source of the margins: claims.yaml.
"""

from groupconv.results.changes import UNITS, Change
from groupconv.results.estimates import quantile
from groupconv.results.intervals import CONFIDENCE
from groupconv.results.verdicts import CANNOT_TELL, CONTRADICTED, CONTRADICTORY, HOLDS, Verdict

DOWN, UP = "down", "up"


def direction(changes: list[Change], sign: str, of: int = 0) -> Verdict:
    """Every change is below 0 (``sign`` down), or above."""
    return _all_beyond(changes, sign, "; ".join(change.text() for change in changes), of)


def worst(changes: list[Change], sign: str) -> Verdict:
    """One scheme's changes against each other one all lie on one side: it is the extreme one."""
    return direction(changes, sign)


def order(trend: Change, pairs: list[Change], sign: str) -> Verdict:
    """A measure falls (or rises) with the layers: its slope does, and no pair goes the other way.

    ``pairs``: each scheme against each with fewer grouped layers; schemes that tie are in none. A
    pair's joint interval is to lie on the wrong side whole: by chance alone, some of ten pairs of
    equal schemes stand in the wrong order in almost every run. Half of the error is the slope's.
    """
    if not trend.known:
        return _unknown([trend])
    known = [pair for pair in pairs if pair.known]
    wrong = [pair for pair in known if _beyond(_joint(pair, 2 * len(known)), _other(sign))]
    if wrong or _beyond(_joint(trend, 2), _other(sign)):
        said = "; ".join(pair.text() for pair in wrong) or trend.text()
        return Verdict(CONTRADICTED, f"the other way: {said}", trend.smallest)
    in_order = [pair for pair in known if _beyond(pair.interval, sign)]
    said = f"{trend.text()}; {_pairs(in_order, pairs)}"
    if _beyond(trend.bounds(), sign):
        return Verdict(HOLDS, f"{said}, none goes the other way", trend.smallest)
    return Verdict(CANNOT_TELL, f"{said}{_small(trend)}", trend.smallest)


def little_impact(changes: list[Change], margin: float, worse: str, of: int = 0) -> Verdict:
    """No change is worse than ``margin``, by its one-sided 95% bound.

    worse: the side that counts: down (non-inferiority of an accuracy), up (a loss), or either
        (both bounds inside of the margin: equivalence)
    """
    if not all(change.known for change in changes):
        return _unknown([change for change in changes if not change.known])
    harm = max(_harm(change.bounds(), worse) for change in changes)
    largest = max(changes, key=lambda change: _harm(change.bounds(), worse))
    unit, smallest = UNITS[largest.unit], max(change.smallest for change in changes)
    passes = f"smallest margin that would pass: {max(harm, 0):.2f}{unit} ({largest.scheme})"
    said = f"{passes}; allowed {margin:g}{unit}"
    together = max(of, len(changes))
    beyond = [c for c in changes if _least_harm(_joint(c, together), worse) > margin]
    if beyond:
        return Verdict(CONTRADICTED, f"{beyond[0].text()}; {said}", smallest)
    if harm < margin:
        return Verdict(HOLDS, said, smallest)
    return Verdict(CANNOT_TELL, f"{largest.text()}; {said}", smallest)


def bound(changes: list[Change], value: float, of: int = 0) -> Verdict:
    """Savings "up to" ``value``: some scheme reaches it. A larger one refutes nothing."""
    changes = [change for change in changes if change.known]
    if not changes:
        return Verdict(CANNOT_TELL, "no interval")
    together = max(of, len(changes))
    best = min(changes, key=lambda change: change.estimate.value)
    said = f"the largest saving: {best.text()}"
    if _joint(best, together)[1] <= value:
        return Verdict(HOLDS, said, best.smallest)
    if all(_joint(change, together)[0] > value for change in changes):
        return Verdict(CONTRADICTED, f"{said}, not {value:g}{UNITS[best.unit]}", best.smallest)
    return Verdict(CANNOT_TELL, said, best.smallest)


def two_numbers(first: float, second: float, error: float = 0.0) -> Verdict:
    """Two numbers of the paper are of one thing: do they agree within chance?

    error: standard error of their difference, as sampling alone makes it; 0: they are exact
    """
    apart = abs(first - second)
    if not error:
        return Verdict(CONTRADICTORY, f"{first:g} and {second:g} of one thing")
    said = f"{first:g} and {second:g} are {apart / error:.1f} standard errors apart"
    return Verdict(CONTRADICTORY if apart > 1.96 * error else HOLDS, said)


def sampling_error(image_sd: float, images: int, others: int) -> float:
    """Standard error of the difference of one network pair's change on two sets of images."""
    return image_sd * (1 / images + 1 / others) ** 0.5


def _all_beyond(changes: list[Change], sign: str, said: str, of: int = 0) -> Verdict:
    smallest = max((change.smallest for change in changes), default=float("nan"))
    together = max(of, len(changes))
    wrong = [c for c in changes if c.known and _beyond(_joint(c, together), _other(sign))]
    if wrong:
        return Verdict(CONTRADICTED, "; ".join(change.text() for change in wrong), smallest)
    if unknown := [change for change in changes if not change.known]:
        return _unknown(unknown)
    open_ = [change for change in changes if not _beyond(change.interval, sign)]
    if not open_:
        return Verdict(HOLDS, said, smallest)
    said = "; ".join(change.text() for change in open_)
    return Verdict(CANNOT_TELL, said + _small(max(open_, key=lambda c: c.smallest)), smallest)


def _joint(change: Change, of: int) -> tuple[float, float]:
    """The interval that holds in 95% of runs with those of ``of`` changes at once (Bonferroni).

    A statement has changes of several families, which each are at 95%; it is never inside theirs.
    """
    times = quantile(1 - (1 - CONFIDENCE) / 2 / of, change.estimate.df)
    low, high = change.estimate.at(times)
    return min(low, change.together[0]), max(high, change.together[1])


def _pairs(in_order: list[Change], pairs: list[Change]) -> str:
    """Which pairs are in the statement's order by their own intervals: 2 of 14 pairs (E-A, E-B)."""
    names = ", ".join(f"{pair.scheme}-{pair.reference}" for pair in in_order)
    listed = f" ({names})" if 0 < len(in_order) < len(pairs) else ""
    return f"{len(in_order)} of {len(pairs)} pairs in this order{listed}"


def _unknown(changes: list[Change]) -> Verdict:
    texts = "; ".join(change.text() for change in changes)
    return Verdict(CANNOT_TELL, f"{texts}: no interval, each was trained once")


def _small(change: Change) -> str:
    return f"; smallest detectable {abs(change.smallest):.2g}{UNITS[change.unit]}"


def _other(sign: str) -> str:
    return UP if sign == DOWN else DOWN


def _beyond(interval: tuple[float, float], sign: str) -> bool:
    """Whether the interval lies on one side of 0 whole."""
    low, high = interval
    return high < 0 if sign == DOWN else low > 0


def _harm(interval: tuple[float, float], worse: str) -> float:
    """How far the worse side reaches; below 0: it is a gain."""
    low, high = interval
    return {DOWN: -low, UP: high, "either": max(-low, high)}[worse]


def _least_harm(interval: tuple[float, float], worse: str) -> float:
    """The harm that is certain: the interval's nearer end, on the worse side."""
    low, high = interval
    return {DOWN: -high, UP: low, "either": max(-high, low)}[worse]
