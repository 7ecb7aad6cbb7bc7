"""How much of a run is done and how long the rest takes, from what its jobs took so far.

Knows no screen and no engine; the time is given, so that a test needs no run.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from groupconv.engines import costs
from groupconv.engines.costs import Planned

ENOUGH = 0.1  # of a job: before, its own pace says little
LATE = 0.25  # of its time up to now a job that takes longer than the guess is given again
KINDS = {  # steps whose times are corrected together
    "train": "network",
    "evaluate": "network",
    "grid": "network",
    "latency": "timing",
    "training_speed": "timing",
}
# How far a step says that it is, at the beginning of a line of its own.
STATUS = re.compile(
    r"(?P<said>epoch (?P<epoch>\d+)/(?P<epochs>\d+)(?: at (?P<percent>\d+)%)?"
    r"|(?:step|process) (?P<part>\d+)(?:/| of )(?P<parts>\d+)"
    r"|after (?P<seen>[\d,]+) of (?P<all>[\d,]+) images"
    r"|round (?P<round>\d+)|[\d.,]+ \w+(?: of [\d.,]+ \w+)?(?=, [\d.,]+ \w+/s))"
)
RESUMED = re.compile(r"resumed after epoch (\d+)/(\d+)")
CACHED = "taken from DVC's cache"


@dataclass
class Running:
    """A job at work. ``done``: the part of it that is made, ``before`` of it in an earlier run."""

    planned: Planned
    began: float
    before: float = 0.0
    done: float = 0.0
    status: str = ""
    cached: bool = False

    @property
    def own(self) -> float:
        """The part that this run made."""
        return self.done - self.before


@dataclass(frozen=True)
class Made:
    """All jobs of a step, which has come to its end."""

    step: str
    jobs: int
    cached: int
    seconds: float  # from the first one's beginning to the last one's end


class Workload:
    """The jobs of a run, which ``began`` at that time."""

    def __init__(
        self, waiting: Iterable[Planned], began: float, images: Callable[[], int] = costs.images
    ):
        self.plans = {one.label: one for one in waiting}
        self.waiting = dict(self.plans)
        self.running: dict[str, Running] = {}  # by label
        self.began, self.count = began, images
        self.images = images()
        self.ended: dict[str, list[Running]] = {}  # by step
        self.paces: dict[str, list[tuple[float, float]]] = {}  # by kind: it took, it was guessed
        self.shown = 0

    def begin(self, step: str, label: str, now: float) -> None:
        """A job begins, for the first time or again."""
        self.waiting.pop(label, None)
        plan = self.plans.get(label, Planned(step, label))
        self.running[label] = Running(plan, now, cached=plan.cached)

    def end(self, label: str, now: float, failed: bool = False) -> Made | None:
        """A job ended; returns what its step made if that was its last job."""
        one = self.running.pop(label, None)
        if one is None or failed:
            return None
        step = one.planned.step
        if not one.cached:
            guessed = self._seconds(one.planned) * (1 - one.before)
            self.paces.setdefault(_kind(one.planned), []).append((now - one.began, guessed))
        if step == "split":
            self.images = self.count()
        ended = self.ended.setdefault(step, [])
        ended.append(one)
        if any(plan.step == step for plan in self._plans()):
            return None
        cached, first = sum(one.cached for one in ended), min(one.began for one in ended)
        return Made(step, len(ended), cached, now - first)

    def take(self, line: str) -> bool:
        """Take a step's line. Returns whether it only says how far a job is."""
        label, _, rest = line.partition(": ")
        one = self._of(label)
        if one is None:
            return False
        if resumed := RESUMED.match(rest):
            one.before = one.done = int(resumed[1]) / int(resumed[2])
            return False
        if rest.endswith(CACHED):
            one.cached = True
            return True
        if found := STATUS.match(rest):
            one.status = found["said"]
            if label in self.running:  # not one training of a grid's
                one.done = max(one.done, _part(found, one.planned.rounds))
        return bool(found) or rest == "started"

    def _of(self, label: str) -> Running | None:
        """The job at work whose line begins so: `download`, `grid E kaiming 0.01 seed 0`."""
        begins = (one for name, one in self.running.items() if f"{label} ".startswith(f"{name} "))
        step = (o for o in self.running.values() if o.planned.step == label)
        return next(begins, None) or next(step, None)

    def left(self, now: float) -> float | None:
        """Seconds until the end; None while nobody knows how many images there are."""
        if not self.images and any(one.of_image_s for one in self._plans()):
            return None
        rest = [(self._rest(one, now), one.planned.share) for one in self.running.values()]
        rest += [
            (self._corrected(one, one.cached, now), one.share) for one in self.waiting.values()
        ]
        longest = max((seconds for seconds, _ in rest), default=0.0)
        return max(longest, sum(seconds * share for seconds, share in rest))

    def percent(self, now: float) -> int | None:
        """How much is done, by the time that it takes; it never goes back."""
        left = self.left(now)
        if left is None:
            return None
        elapsed = now - self.began
        self.shown = max(self.shown, min(99, int(100 * elapsed / max(elapsed + left, 1e-9))))
        return self.shown

    def _plans(self) -> list[Planned]:
        return [*self.waiting.values(), *(one.planned for one in self.running.values())]

    def _seconds(self, plan: Planned) -> float:
        return plan.seconds + plan.of_image_s * self.images

    def _rest(self, one: Running, now: float) -> float:
        """Seconds that a job at work still needs."""
        elapsed = now - one.began
        if one.own >= ENOUGH:
            return elapsed * (1 - one.done) / one.own
        whole = self._corrected(one.planned, one.cached, now) * (1 - one.before)
        return max(whole - elapsed, LATE * elapsed)

    def _corrected(self, plan: Planned, cached: bool, now: float) -> float:
        """Seconds of a whole job: so many times the guess as others of its kind took."""
        if cached:
            return costs.START_S
        known = list(self.paces.get(_kind(plan), ()))
        for one in self.running.values():
            if _kind(one.planned) == _kind(plan) and one.own >= ENOUGH:
                known.append((now - one.began, self._seconds(one.planned) * one.own))
        took, guessed = (sum(column) for column in zip(*known, strict=True)) if known else (1, 1)
        return self._seconds(plan) * took / guessed


def _kind(plan: Planned) -> str:
    return KINDS.get(plan.step, "light")


def _part(found: re.Match, rounds: int) -> float:
    """Of a job, 0 to 1: what a status stands for."""
    if found["round"]:
        return int(found["round"]) / rounds if rounds else 0.0
    if found["epoch"]:
        within = 1.0 if found["percent"] is None else int(found["percent"]) / 100
        return (int(found["epoch"]) - 1 + within) / int(found["epochs"])
    for part, whole in (("part", "parts"), ("seen", "all")):
        if found[part]:
            return int(found[part].replace(",", "")) / int(found[whole].replace(",", ""))
    return 0.0
