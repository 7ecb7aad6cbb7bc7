"""The words for a run's answers to a claim, and the answer to a claim of several parts."""

from dataclasses import dataclass, field
from math import nan

CONTRADICTED = "contradicted"
CONTRADICTORY = "contradictory in the paper"
NOT_COMPARABLE = "not comparable"
NOT_CONVERGED = "not converged"
CANNOT_TELL = "cannot tell"
MACHINE = "machine-dependent"
REPRODUCED, HOLDS = "reproduced", "holds"
WEAKEST_FIRST = (
    CONTRADICTED,
    CONTRADICTORY,
    NOT_COMPARABLE,
    NOT_CONVERGED,
    CANNOT_TELL,
    MACHINE,
    REPRODUCED,
    HOLDS,
)


@dataclass(frozen=True)
class Verdict:
    """One answer.

    word: one of WEAKEST_FIRST
    reason: why, as a sentence without its full stop
    smallest: the smallest change that such a run tells from none (80% power), in the unit of the
        measure; nan where it is not known
    """

    word: str
    reason: str
    smallest: float = field(default=nan, compare=False)


def weakest(words: list[str]) -> str | None:
    """The weakest of ``words``, which is the answer to all of them together; None without any."""
    return min(words, key=WEAKEST_FIRST.index, default=None)


def together(claim: dict, entries: list[dict]) -> dict:
    """A claim: no answer is more than that of its weakest entry.

    Another reading of the same words says nothing more of the claim: it is shown, and not joined.
    """
    every = [entry for entry in entries if entry["claim"] == claim["id"]]
    own = [entry for entry in every if not entry.get("another_reading_of")]
    found = {key: claim.get(key) for key in ("id", "text", "place", "note")}
    for key in ("number_verdict", "statement_verdict"):
        found[key] = weakest([entry[key] for entry in own if entry[key]])
    decides = (entry for entry in own if entry["statement_verdict"] == found["statement_verdict"])
    found["about"] = next((entry["about"] for entry in decides if entry["about"]), None)
    return found | {"entries": [entry["id"] for entry in every]}


def over_back_ends(found: dict[str, Verdict]) -> Verdict:
    """The verdict of a measure that each back end gave; where two contradict, the machine decides.

    One that cannot tell contradicts none: the answer is then no more than its own.
    """
    words = {verdict.word for verdict in found.values()}
    first = next(iter(found.values()))
    if len(found) == 1:
        return first
    reason = "; ".join(f"{name}: {verdict.reason}" for name, verdict in found.items())
    if len(words) == 1:
        return Verdict(first.word, reason, first.smallest)
    said = ", ".join(f"{name} {verdict.word}" for name, verdict in found.items())
    contradict = CONTRADICTED in words and words & {REPRODUCED, HOLDS}
    word = MACHINE if contradict else weakest(list(words))
    return Verdict(word, f"{said} ({reason})", first.smallest)
