"""The functions behind the tables, one each: results -> (numbers, the same as printed).

A row of contents.py names the function. Every number was made by an earlier step, but for the
images and classes, which are counted here.
"""

from itertools import compress

import pandas as pd

from groupconv.data.parts import PARTS
from groupconv.pages import architectures, claimed, papers
from groupconv.pages.inputs import TableInputs

Made = tuple[pd.DataFrame, pd.DataFrame]  # numbers for programs, texts for people

NONE = ""  # the paper gives no number
RESULTS = (
    "test_top1 test_top1_low test_top1_high test_top1_change smallest_difference test_top5 "
    "macs macs_change parameters parameters_change latency_ms latency_low_ms latency_high_ms "
    "latency_change latency_folded_ms latency_folded_change"
).split()
PRINTED = [
    "scheme",
    "test top-1 [95%]",
    "change",
    "paper",
    "MACs",
    "change",
    "paper",
    "param.",
    "change",
    "latency",
    "change",
    "paper",
]


def architecture(given: TableInputs) -> Made:
    """Table 1: every layer of the three networks, and what each scheme alters in it."""
    return architectures.table(given)


def results(given: TableInputs) -> Made:
    """A row per scheme: what was measured, with the paper's changes beside ours."""
    theirs = papers.changes(given.answers)
    numbers = given.summary[["scheme", "seeds", "test_images", *RESULTS]].copy()
    for measure in sorted({measure for _, measure in theirs}):
        of_scheme = [theirs.get((scheme, measure)) for scheme in numbers["scheme"]]
        numbers[f"paper_{measure}_change"] = [n and n / 100 for n in of_scheme]
    header, *rows = results_lines(given)
    return numbers, pd.DataFrame(rows, columns=header)


def results_lines(given: TableInputs) -> list[list[str]]:
    """PRINTED, then the cells of each scheme; without the columns in which nothing stands."""
    theirs = papers.changes(given.answers)
    rows = []
    for row in given.summary.to_dict("records"):
        scheme, first = row["scheme"], row["scheme"] == "baseline"

        def change(column: str, unit: str, row=row, first=first) -> str:
            return NONE if first else signed(row[column], unit)

        def paper(measure: str, unit: str, scheme=scheme) -> str:
            number = theirs.get((scheme, measure))
            return NONE if number is None else signed(number / 100, unit)

        low, high = (row[f"test_top1_{end}"] * 100 for end in ("low", "high"))
        rows.append(
            [
                scheme,
                f"{row['test_top1'] * 100:.1f}% [{low:.1f}, {high:.1f}]",
                change("test_top1_change", " pt"),
                paper("test_top1", " pt"),
                f"{row['macs'] / 1e9:.2f} G",
                change("macs_change", "%"),
                paper("macs", "%"),
                f"{row['parameters'] / 1e6:.1f} M",
                change("parameters_change", "%"),
                f"{row['latency_ms']:.1f} ms",
                change("latency_change", "%"),
                paper("latency", "%"),
            ]
        )
    kept = [any(cells) for cells in zip(*rows, strict=True)]
    return [list(compress(line, kept)) for line in (PRINTED, *rows)]


def claims(given: TableInputs) -> Made:
    """Each claim with its entries: what the paper says, both answers, ours, and why."""
    return claimed.table(given.answers)


def signed(fraction: float, unit: str) -> str:
    """-0.0249 as "-2.5 pt" or "-2.5%"."""
    return f"{fraction * 100:+.1f}{unit}"


def data(given: TableInputs) -> Made:
    """Images and classes per part, what was left out and why, and what the source has.

    The parts are all that is used; with what was left out they add up to the source. Where the
    source has a division of its own, a column for each published part says where its images went.
    """
    table = given.manifest
    published = [part for part in PARTS if "part" in table and (table["part"] == part).any()]
    rows, origins = [], []
    for name, of in (*((part, table[table["split"] == part]) for part in PARTS), ("all", table)):
        rows.append((name, len(of), of["class"].nunique(), len(of) / len(table)))
        origins.append([(of["part"] == part).sum() for part in published])
    counts = given.counts.drop(columns=["class", "code_point"])
    for column in counts.drop(columns=["source", "kept"]):
        if counts[column].sum():
            name = f"left out: {column.replace('_', ' ')}"
            rows.append((name, counts[column].sum(), (counts[column] > 0).sum(), float("nan")))
    rows.append(("in the source", counts["source"].sum(), len(counts), float("nan")))
    numbers = pd.DataFrame(rows, columns=["part", "images", "classes", "share"])
    printed = numbers.assign(share=[f"{s:.1%}" if s == s else "" for s in numbers["share"]])
    for i, part in enumerate(published):
        column = pd.array([of[i] for of in origins], dtype="Int64")
        column = pd.Series(column).reindex(numbers.index)
        numbers[f"published_{part}"] = column
        printed[f"published {part}"] = ["" if pd.isna(n) else str(n) for n in column]
    return numbers, printed
