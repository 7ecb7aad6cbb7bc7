"""Step claims: the paper's claims and summary.csv -> claims.json, a verdict each.

First verdicts, by plain rules: one function per kind of comparison. Knows no figures.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from groupconv.ground import atomic
from groupconv.network.architecture import convolutions
from groupconv.results.comparability import differences

HOLDS, FAILS = "holds", "does not hold"
NOT_COMPARABLE, NOT_TESTED = "not comparable", "not tested"


def run(params: dict, paper: str, summary: str, claims: str) -> None:
    """Set our results beside every claim of ``paper`` (claims.yaml)."""
    document = yaml.safe_load(Path(paper).read_text(encoding="utf-8"))
    table = pd.read_csv(summary, index_col="scheme")
    table["val_top1_change"] = table["val_top1"] - table["val_top1"]["baseline"]
    differs = differences(params, document["setting"])
    known = [
        name
        for name, groups in document["schemes"].items()
        if params["schemes"].get(name) == {"groups": groups}
    ]
    layers = {
        name: sum(c.groups > 1 for c in convolutions(params["model"]["architecture"], **s))
        for name, s in params["schemes"].items()
    }
    entries = [
        judge(claim, table.loc[known], differs, layers, list(document["schemes"]))
        for claim in document["claims"]
    ]
    text = json.dumps(entries, indent=2, ensure_ascii=False, allow_nan=False)
    atomic.write_text(claims, text + "\n")


def judge(
    claim: dict,
    table: pd.DataFrame,
    differs: list[str],
    layers: dict[str, int],
    schemes: list[str],
) -> dict:
    """One claim with ours, a verdict and its reason.

    ``table`` has the configured ones of the paper's ``schemes``. A claim that names no scheme is
    about all of them: with one missing, "the largest" or an order would be of something else.
    """
    entry = {key: claim.get(key) for key in ("id", "text", "place", "unit", "paper", "note")}
    trained_alike = not differs
    needed = [claim["paper"]["scheme"]] if "scheme" in claim["paper"] else schemes
    missing = [scheme for scheme in needed if scheme not in table.index]
    if missing:
        reason = f"not in params.yaml with the paper's groups: {', '.join(missing)}"
        return {**entry, "ours": None, "verdict": NOT_TESTED, "reason": reason}
    if any(d.startswith("model.architecture") for d in differs):
        reason = "another architecture"
        return {**entry, "ours": None, "verdict": NOT_COMPARABLE, "reason": reason}
    ours, verdict, reason = KINDS[claim["kind"]](claim, table, layers, trained_alike)
    if claim.get("trained") and not trained_alike:
        verdict = NOT_COMPARABLE
        reason = "not trained in the paper's setting"
    return {**entry, "ours": ours, "verdict": verdict, "reason": reason}


def judge_range(claim, table, layers, trained_alike):
    """The schemes between two numbers, the baseline near one (within a tenth)."""
    paper, column = claim["paper"], table[claim["of"]]
    schemes = column.drop("baseline")
    ours = {claim["of"]: column.to_dict()}
    near = abs(column["baseline"] / paper["baseline"] - 1) <= 0.1
    inside = schemes.between(paper["low"] * 0.9, paper["high"] * 1.1).all()
    return ours, HOLDS if near and inside else FAILS, "within a tenth of the paper's numbers"


def judge_change(claim, table, layers, trained_alike):
    """One scheme's change against baseline, within a tolerance of the paper's number."""
    paper, name = claim["paper"], claim["of"]
    row = table.loc[paper["scheme"]]
    ours = {key: row[key] for key in (name, f"{name}_low", f"{name}_high") if key in row}
    off = row[name] - paper["change"]
    reason = f"{off * 100:+.2f} points from the paper's number{allowed(paper)}"
    if "abstract" in paper:
        reason += f"; {(row[name] - paper['abstract']) * 100:+.2f} points from the abstract's"
    return ours, HOLDS if abs(off) <= paper["tolerance"] else FAILS, reason


def judge_order(claim, table, layers, trained_alike):
    """Each column falls with the number of grouped layers; schemes that tie are not compared."""
    columns = claim["of"] + (claim["of_training"] if trained_alike else [])
    wrong = [
        f"{column}: {b} is not below {a}"
        for column in columns
        for a, b in untied(table.index, layers)
        if not table[column][b] < table[column][a]
    ]
    left_out = "" if trained_alike else f"; {', '.join(claim['of_training'])} not comparable"
    ours = {column: table[column].to_dict() for column in columns}
    reason = "; ".join(wrong) or f"{', '.join(columns)} fall"
    return ours, FAILS if wrong else HOLDS, reason + left_out


def judge_agreement(claim, table, layers, trained_alike):
    """Two columns put every two schemes in the same order; schemes that tie are not compared."""
    ours = {column: table[column].to_dict() for column in claim["of"]}
    wrong = [
        f"{a} and {b}"
        for a, b in untied(table.index, layers)
        if len({np.sign(table[column][b] - table[column][a]) for column in claim["of"]}) > 1
    ]
    names = " and ".join(claim["of"])
    reason = f"{names} order {', '.join(wrong)} differently" if wrong else f"{names} agree"
    return ours, FAILS if wrong else HOLDS, reason


def untied(schemes: pd.Index, layers: dict[str, int]) -> list[tuple[str, str]]:
    """Pairs of schemes, the one with fewer grouped layers first; equal ones are in no pair."""
    return [(a, b) for a in schemes for b in schemes if layers[a] < layers[b]]


def judge_largest(claim, table, layers, trained_alike):
    """The largest saving of each column, within a tolerance of the paper's number."""
    paper = claim["paper"]
    ours = {column: table[column].min() for column in claim["of"]}
    off = [ours[c] - theirs for c, theirs in zip(claim["of"], paper["largest"], strict=True)]
    near = all(abs(o) <= paper["tolerance"] for o in off)
    reason = ", ".join(f"{o * 100:+.2f}" for o in off) + " points from the paper's numbers"
    return ours, HOLDS if near else FAILS, reason + allowed(paper)


def allowed(paper: dict) -> str:
    """The tolerance, in words."""
    return f"; allowed: {paper['tolerance'] * 100:g}"


def judge_words(claim, table, layers, trained_alike):
    """A claim without a number: ours is shown, the reader judges."""
    return (
        {claim["of"]: table[claim["of"]].to_dict()},
        NOT_TESTED,
        "the paper gives no number to test",
    )


KINDS = {
    "range": judge_range,
    "change": judge_change,
    "order": judge_order,
    "agreement": judge_agreement,
    "largest": judge_largest,
    "words": judge_words,
}
