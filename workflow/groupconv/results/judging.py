"""An entry of claims.yaml and a run's comparisons -> two answers, each with its reason.

Is the paper's number reproduced (only in its setting), and does its statement hold in this run?
Knows no files and no screen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

from groupconv.results import learnt, numbers, statements
from groupconv.results.changes import Change, Compared
from groupconv.results.comparisons import NETWORK
from groupconv.results.layers import untied
from groupconv.results.verdicts import (
    CANNOT_TELL,
    CONTRADICTED,
    HOLDS,
    NOT_COMPARABLE,
    NOT_CONVERGED,
    Verdict,
    over_back_ends,
)

LOOKED_AT = "looked_at"  # changes that a statement is about, where not all of them are here
EXTREMES = {"lowest": min, "highest": max}
THESE = "these networks, too few seeds"
KEPT = "id claim words place reading another_reading_of number".split()  # of an entry


@dataclass(frozen=True)
class Run:
    """The results of a run that answers rest on.

    compared: its comparisons.csv
    known: the paper's schemes that it has as the paper has them, baseline first
    layers: {scheme: grouped layers} of these
    top1: {scheme: test accuracy, 0 to 1}; guess: that of who always answers one class
    differs: how it differs from the paper's (comparability.differences)
    architecture: whether that is the paper's
    other_precision: back ends that compute in another than the paper's, fp32
    loaded: the measures, latency or training_seconds, beside which other programs ran
    unconverged: why no accuracy or loss counts, where more epochs are known to change it
    """

    compared: Compared
    known: list[str]
    layers: dict[str, int]
    top1: dict[str, float]
    differs: list[str]
    guess: float = 0.0
    architecture: bool = True
    other_precision: Sequence[str] = ()
    loaded: Sequence[str] = ()
    unconverged: str = ""


def judge(entry: dict, run: Run, paper: dict) -> dict:
    """One entry with its answers. ``paper`` is claims.yaml.

    ``about`` is THESE where each scheme was trained once, or hardly more: an answer to the
    statement is then about these networks, as what another seed gives is unknown. Else it is None.
    """
    answers: dict[str, Verdict | None] = {"number": None, "statement": None}
    for key, answer in (("number", of_number), ("statement", of_statement)):
        if key in entry:
            answers[key] = _gated(entry[key], key, run, paper) or answer(entry[key], run, paper)
        if key == "statement" and key in entry and answers[key].word == NOT_COMPARABLE:
            answers[key] = _of_those_here(entry[key], run, paper) or answers[key]
    found = {key: entry.get(key) for key in KEPT}
    for key, verdict in answers.items():
        found[f"{key}_verdict"] = verdict and verdict.word
    reasons = [f"{key}: {v.reason}" for key, v in answers.items() if v]
    found["reason"] = reasons[0].partition(": ")[2] if len(reasons) == 1 else "; ".join(reasons)
    judged = any(v and v.word != NOT_COMPARABLE for v in answers.values())
    if judged and _measure(entry) in run.loaded:
        found["reason"] += "; measured under load"
    known = [v.smallest for v in answers.values() if v and isfinite(v.smallest)]
    found["smallest_difference"] = max(known, default=None)
    # No result stands beside a number of the paper that it cannot be compared with.
    alone = answers["statement"] is None and found["number_verdict"] == NOT_COMPARABLE
    ours = [] if alone else _ours(entry, run, paper)
    decided = found["statement_verdict"] in (HOLDS, CONTRADICTED)
    these = decided and any(row["kind"] == NETWORK for row in ours)
    found["about"] = THESE if these else None
    if these:
        found["reason"] += f"; about {THESE}, and not about the schemes"
    return found | {"ours": ours}


def of_number(number: dict, run: Run, paper: dict) -> Verdict:
    """Whether the paper's number is reproduced."""
    measure, value = number["measure"], number["value"]
    found = {name: _one(number, name, run, paper) for name in _back_ends(measure, run)}
    if not found or None in found.values():
        return Verdict(CANNOT_TELL, f"{measure}: not measured in this run")
    if measure.startswith(("latency", "training_seconds")):
        return numbers.timed(found, value)
    if "tolerance" in number:
        return numbers.exact(found[measure], value, number["tolerance"])
    return numbers.reproduced(found[measure], value, number.get("n_paper"))


def of_statement(statement: dict, run: Run, paper: dict) -> Verdict:
    """Whether the statement holds in this run; a time is judged in each back end."""
    rule = RULES[statement["rule"]].judge
    if "measure" not in statement:
        return rule(statement, "", run, paper)
    names = _back_ends(statement["measure"], run)
    if not names:
        return Verdict(CANNOT_TELL, f"{statement['measure']}: not measured in this run")
    return over_back_ends({name: rule(statement, name, run, paper) for name in names})


def _direction(statement, measure, run, paper) -> Verdict:
    found = run.compared.of(measure, _schemes(statement, paper), "baseline")
    return statements.direction(found, statement["sign"], paper.get(LOOKED_AT, 0))


def _little_impact(statement, measure, run, paper) -> Verdict:
    found = run.compared.of(measure, _schemes(statement, paper), "baseline")
    margin, worse = statement["margin"], statement["worse"]
    verdict = statements.little_impact(found, margin, worse, paper.get(LOOKED_AT, 0))
    if measure != "test_top1":
        return verdict
    right = 1 - run.top1["baseline"]
    worst = max(1 - run.top1[change.scheme] for change in found)
    if not right:
        return verdict
    reason = f"{verdict.reason}; errors up to {worst / right:.2f} times the baseline's"
    return Verdict(verdict.word, reason, verdict.smallest)


def _order(statement, measure, run, paper) -> Verdict:
    pairs = [run.compared.change(measure, more, fewer) for fewer, more in untied(run.layers)]
    trend = run.compared.trend(measure)
    return statements.order(trend, [pair for pair in pairs if pair], statement["sign"])


def _pair(statement, measure, run, paper) -> Verdict:
    found = run.compared.change(measure, statement["scheme"], statement["reference"])
    return statements.direction([found], statement["sign"])


def _worst(statement, measure, run, paper) -> Verdict:
    others = [name for name in _each(paper) if name != statement["scheme"]]
    found = [run.compared.change(measure, statement["scheme"], other) for other in others]
    return statements.worst(found, statement["sign"])


def _bound(statement, measure, run, paper) -> Verdict:
    found = run.compared.of(measure, _each(paper), "baseline")
    return statements.bound(found, statement["value"], paper.get(LOOKED_AT, 0))


def _two_numbers(statement, measure, run, paper) -> Verdict:
    error = 0.0
    if measure:
        change = run.compared.change(measure, statement["scheme"], "baseline")
        error = statements.sampling_error(change.image_sd, *statement["images"])
    return statements.two_numbers(statement["first"], statement["second"], error)


class Rule(NamedTuple):
    """How a statement is judged, and the keys that it must and may have in claims.yaml."""

    judge: Callable[[dict, str, Run, dict], Verdict]
    needs: str
    may: str = ""


RULES = {
    "direction": Rule(_direction, "measure sign", "scheme"),
    "little_impact": Rule(_little_impact, "measure worse margin reason", "scheme"),
    "agreement": Rule(_little_impact, "measure worse margin reason", "scheme"),
    "order": Rule(_order, "measure sign"),
    "pair": Rule(_pair, "measure scheme reference sign"),
    "worst": Rule(_worst, "measure scheme sign"),
    "bound": Rule(_bound, "measure value"),
    "two_numbers": Rule(_two_numbers, "first second", "measure scheme images"),
}


def _gated(part: dict, key: str, run: Run, paper: dict) -> Verdict | None:
    """Why this cannot be compared; None where it can."""
    measure = part.get("measure", "")
    if not measure:
        return None
    if not run.architecture:
        return Verdict(NOT_COMPARABLE, "another architecture")
    if missing := [name for name in _needed(part, paper) if name not in run.known]:
        names = ", ".join(missing)
        return Verdict(NOT_COMPARABLE, f"not in params.yaml with the paper's groups: {names}")
    if not trained(measure):
        return None
    if key == "number" and run.differs:
        return Verdict(NOT_COMPARABLE, "; ".join(run.differs))
    if run.top1["baseline"] < (least := learnt.least(run.guess)):
        reason = f"the baseline learnt too little: {run.top1['baseline']:.1%} of the test images"
        return Verdict(NOT_COMPARABLE, f"{reason} (at least {least:.0%})")
    return Verdict(NOT_CONVERGED, run.unconverged) if run.unconverged else None


def _of_those_here(statement: dict, run: Run, paper: dict) -> Verdict | None:
    """The answer of the schemes that are here if it is that of all: one refutes "each"."""
    decides = {"direction": CONTRADICTED, "little_impact": CONTRADICTED, "bound": HOLDS}
    here = {name: of for name, of in paper["schemes"].items() if name in run.known}
    word = decides.get(statement["rule"])
    if not word or "scheme" in statement or len(here) < 2 or "baseline" not in here:
        return None
    # As many as of all: else one table of times gave two answers, by which schemes stand in it.
    fewer = paper | {"schemes": here, LOOKED_AT: len(_each(paper))}
    if _gated(statement, "statement", run, fewer):
        return None
    found = of_statement(statement, run, fewer)
    return found if found.word == word else None


def trained(measure: str) -> bool:
    """Whether a measure depends on the training: accuracies and losses."""
    return "top1" in measure or "loss" in measure


def _measure(entry: dict) -> str:
    return (entry.get("number") or entry["statement"]).get("measure", "")


def _each(paper: dict) -> list[str]:
    return [name for name in paper["schemes"] if name != "baseline"]


def _schemes(part: dict, paper: dict) -> list[str]:
    """The schemes that a part is about; one that names none is about each."""
    return [part["scheme"]] if "scheme" in part else _each(paper)


def _needed(part: dict, paper: dict) -> list[str]:
    """The schemes without which it would be about something else."""
    if part.get("rule") == "worst" or part.get("scheme") in EXTREMES:
        return ["baseline", *_each(paper)]
    return [
        "baseline",
        *_schemes(part, paper),
        *([part["reference"]] if "reference" in part else []),
    ]


def _back_ends(measure: str, run: Run) -> list[str]:
    """The measures of comparisons.csv behind one of claims.yaml: a time's, one per back end.

    Of fp32 alone: what int8 makes of the paper's network is another one, exact enough or not.
    """
    left_out = {f"latency_{name}" for name in run.other_precision}
    back_ends = [name for name in run.compared.measures if name.startswith(f"{measure}_")]
    own = [measure] if measure in run.compared.measures else []
    counted = [name for name in back_ends if name not in left_out]
    return own + (counted if measure == "latency" else [])


def _one(number: dict, measure: str, run: Run, paper: dict) -> Change | None:
    """The change, or the level, that a number is about."""
    reference = "" if number.get("level") else "baseline"
    if choose := EXTREMES.get(number["scheme"]):
        found = run.compared.of(measure, _each(paper), reference)
        return choose(found, key=lambda change: change.estimate.value) if found else None
    return run.compared.change(measure, number["scheme"], reference)


def _ours(entry: dict, run: Run, paper: dict) -> list[dict]:
    """Our numbers behind an entry: change, interval, unit."""
    part = entry.get("number") or entry["statement"]
    measure, found = part.get("measure", ""), []
    for name in _back_ends(measure, run) if measure and run.architecture else []:
        if "number" in entry:
            rows = [_one(part, name, run, paper)]
        elif part["rule"] == "pair":
            rows = [run.compared.change(name, part["scheme"], part["reference"])]
        elif part["rule"] == "order":
            rows = [run.compared.trend(name)]
        else:
            rows = run.compared.of(name, _schemes(part, paper), "baseline")
        found += [_shown(row) for row in rows if row and row.scheme in [*run.known, "trend"]]
    return found


def _shown(change: Change) -> dict:
    low, high = change.interval
    return {
        "measure": change.measure,
        "scheme": change.scheme,
        "reference": change.reference,
        "change": change.estimate.value,
        "low": low if isfinite(low) else None,
        "high": high if isfinite(high) else None,
        "unit": change.unit,
        "kind": change.kind,
        "text": change.text(),
    }
