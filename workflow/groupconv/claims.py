"""Step claims: the paper's claims and summary.csv -> claims.json, a verdict each.

First verdicts, by plain rules: one function per kind of comparison. Knows no figures.
"""

import json
from pathlib import Path

import pandas as pd
import yaml

from groupconv import atomic
from groupconv.architecture import convolutions

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
        if params["schemes"].get(name, {}).get("groups") == groups
    ]
    layers = {
        name: sum(c.groups > 1 for c in convolutions(params["model"]["architecture"], s["groups"]))
        for name, s in params["schemes"].items()
    }
    entries = [judge(claim, table.loc[known], differs, layers) for claim in document["claims"]]
    atomic.write_text(claims, json.dumps(entries, indent=2, ensure_ascii=False) + "\n")


def differences(params: dict, setting: dict) -> list[str]:
    """The keys in which this run is not the paper's, as "key: ours (the paper: theirs)"."""
    found = []
    for key, theirs in setting.items():
        section, name = key.split(".")
        if params[section][name] != theirs:
            ours = "all" if params[section][name] is None else params[section][name]
            found.append(f"{key}: {ours} (the paper: {theirs})")
    return found


def judge(claim: dict, table: pd.DataFrame, differs: list[str], layers: dict[str, int]) -> dict:
    """One claim with ours, a verdict and its reason; ``table`` has the paper's schemes alone."""
    entry = {key: claim.get(key) for key in ("id", "text", "place", "paper", "note")}
    trained_alike = not differs
    scheme = claim["paper"].get("scheme")
    if scheme is not None and scheme not in table.index:
        reason = f"scheme {scheme} with the paper's groups is not in params.yaml"
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
    reason = f"{off * 100:+.2f} points from the paper's number; allowed: {paper['tolerance']:.0%}"
    return ours, HOLDS if abs(off) <= paper["tolerance"] else FAILS, reason


def judge_order(claim, table, layers, trained_alike):
    """Each column falls with the number of grouped layers; schemes that tie are not compared."""
    columns = claim["of"] + (claim["of_training"] if trained_alike else [])
    wrong = [
        f"{column}: {b} is not below {a}"
        for column in columns
        for a in table.index
        for b in table.index
        if layers[a] < layers[b] and not table[column][b] < table[column][a]
    ]
    left_out = "" if trained_alike else f"; {', '.join(claim['of_training'])} not comparable"
    ours = {column: table[column].to_dict() for column in columns}
    reason = "; ".join(wrong) or f"{', '.join(columns)} fall"
    return ours, FAILS if wrong else HOLDS, reason + left_out


def judge_largest(claim, table, layers, trained_alike):
    """The largest saving of each column, within a tolerance of the paper's number."""
    paper = claim["paper"]
    ours = {column: table[column].min() for column in claim["of"]}
    off = [ours[c] - theirs for c, theirs in zip(claim["of"], paper["largest"], strict=True)]
    near = all(abs(o) <= paper["tolerance"] for o in off)
    reason = ", ".join(f"{o * 100:+.2f}" for o in off) + " points from the paper's numbers"
    return ours, HOLDS if near else FAILS, f"{reason}; allowed: {paper['tolerance']:.0%}"


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
    "largest": judge_largest,
    "words": judge_words,
}
