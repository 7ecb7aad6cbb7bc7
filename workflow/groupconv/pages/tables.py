"""The functions behind the tables, one each: results -> (numbers, the same as printed).

A row of contents.py names the function. Every number was made by an earlier step, but for the
images and classes, which are counted here.
"""

from itertools import compress

import pandas as pd

from groupconv.data.parts import PARTS
from groupconv.pages import architectures, claimed, papers
from groupconv.pages.inputs import TableInputs
from groupconv.pages.words import ms
from groupconv.results.order import in_order

Made = tuple[pd.DataFrame, pd.DataFrame]  # numbers for programs, texts for people

# What the choice of classes and images passes over, by the columns of counts.csv.
LEFT_OUT = {
    "under_min_images": "not chosen: classes with too few images",
    "class_not_chosen": "not chosen: other classes",
    "over_images_per_class": "not chosen: more images of a class than asked for",
    "class_too_small": "left out: classes with too few images left",
    "not_an_image": "left out: no images",
}
NONE = ""  # the paper gives no number
RESULTS = (
    "test_top1 test_top1_low test_top1_high test_top1_change smallest_difference test_top5 "
    "macs macs_change parameters parameters_change latency_ms latency_low_ms latency_high_ms "
    "latency_change latency_folded_ms latency_folded_change best_latency_ms best_back_end "
    "best_latency_change latency_loaded"
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
    "fastest",
    "change",
    "eager",
    "change",
    "paper",
]
PARAMETERS = PRINTED.index("param.")  # it and its change are left out where a line is narrow
UNDER_LOAD = "under load"


def architecture(given: TableInputs) -> Made:
    """Table 1: every layer of the three networks, and what each scheme alters in it."""
    return architectures.table(given)


def schemes(given: TableInputs) -> Made:
    """A row per scheme: which stages it groups, in words and in numbers."""
    of = {name: given.params["schemes"][name] for name in in_order(given.params["schemes"])}
    numbers = pd.DataFrame(
        [
            {
                "scheme": name,
                **{f"conv-{i}": n for i, n in enumerate(one["groups"], start=1)},
                "width": one.get("width", 1),
                "shuffle": int(one.get("shuffle", False)),
            }
            for name, one in of.items()
        ]
    )
    printed = numbers.drop(columns=["width", "shuffle"])
    printed.insert(1, "what is grouped", [grouped(one) for one in of.values()])
    return numbers, printed


def grouped(scheme: dict) -> str:
    """A scheme of params.yaml in words: "conv-4 and conv-5 in 64 groups"."""
    stages = {n: [] for n in scheme["groups"] if n > 1}
    for i, n in enumerate(scheme["groups"], start=1):
        if n > 1:
            stages[n].append(i)
    said = [f"{_stages(found)} in {n} groups" for n, found in stages.items()] or ["nothing"]
    if scheme.get("shuffle"):
        said.append("channels shuffled between the groups")
    if scheme.get("width", 1) != 1:
        said.append(f"{scheme['width']:g} times the channels")
    return ", ".join(said)


def _stages(numbers: list[int]) -> str:
    """conv-3; conv-4 and conv-5; conv-2 to conv-5; conv-2, conv-4."""
    names = [f"conv-{i}" for i in numbers]
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{names[0]} to {names[-1]}"
    return " and ".join(names) if len(names) == 2 else ", ".join(names)


def results(given: TableInputs) -> Made:
    """A row per scheme: what was measured, with the paper's changes beside ours."""
    theirs = papers.changes(given.answers)
    numbers = given.summary[["scheme", "seeds", "test_images", *RESULTS]].copy()
    for measure in sorted({measure for _, measure in theirs}):
        of_scheme = [theirs.get((scheme, measure)) for scheme in numbers["scheme"]]
        numbers[f"paper_{measure}_change"] = [n and n / 100 for n in of_scheme]
    header, *rows = results_lines(given)
    return numbers, pd.DataFrame(rows, columns=header)


def results_lines(given: TableInputs, *, narrow: bool = False) -> list[list[str]]:
    """PRINTED, then the cells of each scheme; without the columns in which nothing stands.

    ``narrow``: without the parameters, too.
    """
    loaded = given.summary["latency_loaded"].any()
    header = [f"{n}, {UNDER_LOAD}" if loaded and n in ("fastest", "eager") else n for n in PRINTED]
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
                ms(row["best_latency_ms"], 1),
                change("best_latency_change", "%"),
                ms(row["latency_ms"], 1),
                change("latency_change", "%"),
                paper("latency", "%"),
            ]
        )
    kept = [any(cells) for cells in zip(*rows, strict=True)]
    if narrow:
        kept[PARAMETERS : PARAMETERS + 2] = [False, False]
    return [list(compress(line, kept)) for line in (header, *rows)]


def claims(given: TableInputs) -> Made:
    """Each claim with its entries: what the paper says, both answers, ours, and why."""
    return claimed.table(given.answers)


def signed(fraction: float, unit: str) -> str:
    """-0.0249 as "-2.5 pt" or "-2.5%"."""
    return f"{fraction * 100:+.1f}{unit}"


def data(given: TableInputs) -> Made:
    """Images and classes at each stage, from the source to the parts.

    What is used and what is not add up to the source; the parts add up to what is used. Where the
    source has a division of its own, a column for each published part says where its images went.
    """
    table = given.manifest
    published = [part for part in PARTS if "part" in table and (table["part"] == part).any()]
    counts = given.counts.drop(columns=["class", "code_point"])
    rows = [("in the files that were read", counts["source"].sum(), len(counts), float("nan"))]
    for column in counts.drop(columns=["source", "kept"]):
        if counts[column].sum():
            name = LEFT_OUT.get(column, f"left out: {column.replace('_', ' ')}")
            rows.append((name, counts[column].sum(), (counts[column] > 0).sum(), float("nan")))
    first = len(rows)
    parts = [("used", table), *((part, table[table["split"] == part]) for part in PARTS)]
    for name, of in parts:
        rows.append((name, len(of), of["class"].nunique(), len(of) / len(table)))
    numbers = pd.DataFrame(rows, columns=["part", "images", "classes", "share"])
    printed = numbers.assign(share=[f"{s:.1%}" if s == s else "" for s in numbers["share"]])
    for column in ("images", "classes"):
        printed[column] = [f"{n:,}" for n in numbers[column]]
    for part in published:
        found = [None] * first + [int((of["part"] == part).sum()) for _, of in parts]
        numbers[f"published_{part}"] = pd.array(found, dtype="Int64")
        printed[f"published {part}"] = ["" if n is None else f"{n:,}" for n in found]
    return numbers, printed.rename(columns={"part": "stage"})
