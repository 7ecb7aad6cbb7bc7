"""The claims as a table and as lines: each claim, then its entries, with both answers."""

import json

import pandas as pd

from groupconv.pages import words
from groupconv.results.verdicts import WEAKEST_FIRST

# Said once for the page, at its top.
ELSEWHERE = "this run is not in the paper's setting (the list stands in the answer)"
ANSWERS = {"number_verdict": "number", "statement_verdict": "statement"}
OF_READING = ("reading", "another_reading_of")
MORE = ("about", "reason", "smallest_difference")


def table(answers: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row per entry as numbers; as printed, each claim stands above its entries."""
    entries = answers["entries"]
    numbers = pd.DataFrame(
        {
            **{
                key: [e[key] for e in entries]
                for key in ("id", "claim", "words", "place", *OF_READING)
            },
            **{key: [json.dumps(e[key]) for e in entries] for key in ("number", "ours")},
            **{key: [e[key] for e in entries] for key in ANSWERS},
            **{key: [e[key] for e in entries] for key in MORE},
        }
    )
    rows = []
    for claim in answers["claims"]:
        rows.append(_row(f"**{claim['id']}**", claim["text"], claim, "", claim["note"] or ""))
        of_claim = (entry for entry in entries if entry["id"] in claim["entries"])
        for entry in of_claim:
            text = f"{entry['words']} ({entry['place']}). {reading(entry)}"
            ours = "; ".join(one["text"] for one in entry["ours"])
            rows.append(_row(entry["id"], text, entry, ours, f"{entry['reason']}."))
    return numbers, pd.DataFrame(rows)


def claims(answers: dict) -> list[dict]:
    """Each claim with its entries, in words, for the page."""
    entries = {entry["id"]: entry for entry in answers["entries"]}
    differs = "; ".join(answers["differs"])
    return [
        {**claim, "entries": [_entry(entries[name], differs) for name in claim["entries"]]}
        for claim in answers["claims"]
    ]


def _entry(entry: dict, differs: str) -> dict:
    said = "; ".join(one["text"] for one in entry["ours"])  # many a reason begins with it
    reason = entry["reason"].removeprefix(said).lstrip(";: ")
    reason = reason.replace(differs, ELSEWHERE) if differs else reason
    ours: dict[str, list[str]] = {}
    for one in entry["ours"]:
        ours.setdefault(words.measure(one["measure"]), []).append(words.signed(one["text"]))
    return {
        **{key: entry[key] for key in ("id", "words", "place", "about", *ANSWERS)},
        "reading": words.signed(reading(entry)),
        "ours": {name: "; ".join(texts) for name, texts in ours.items()},
        "reason": words.plain(reason),
    }


def reading(entry: dict) -> str:
    """How we take an entry's words; of another reading, which entry decides of the claim."""
    other, own = entry["another_reading_of"], entry["reading"]
    return f"{own} Another reading of {other}, on which the claim rests." if other else own


def counts(answers: dict) -> list[tuple[str, int, int]]:
    """Each verdict with the claims that have it, by number and by statement; best first."""
    found = []
    for word in reversed(WEAKEST_FIRST):
        both = [sum(claim[key] == word for claim in answers["claims"]) for key in ANSWERS]
        if any(both):
            found.append((word, *both))
    return found


def lines(answers: dict) -> list[str]:
    """A line for the numbers and one for the statements: each verdict with its claims.

    Another names the statements that too few seeds answer.
    """
    found = []
    for key, name in ANSWERS.items():
        of = {
            word: [c["id"] for c in answers["claims"] if c[key] == word] for word in WEAKEST_FIRST
        }
        said = (f"{word} {', '.join(map(str, ids))}" for word, ids in reversed(of.items()) if ids)
        if listed := "; ".join(said):
            found.append(f"The paper's claims by {name}: {listed}.")
    if once := ", ".join(str(c["id"]) for c in answers["claims"] if c["about"]):
        found.append(f"By statement {once}: about these networks, too few seeds, not the schemes.")
    return found


def _row(number: str, text: str, answered: dict, ours: str, reason: str) -> dict[str, str]:
    verdicts = {name: answered[key] or "" for key, name in ANSWERS.items()}
    if answered["about"]:
        verdicts["statement"] += f" ({answered['about']})"
    return {"#": number, "claim": text, **verdicts, "ours": ours or "", "reason": reason}
