"""Step tables: results -> results/tables/*.csv (numbers), *.md (as printed), summary.txt.

Computes nothing: every number stands in a file that an earlier step wrote.
"""

import json
import textwrap
from pathlib import Path

import pandas as pd
import yaml

from groupconv.data.packed import read_table
from groupconv.data.parts import PARTS
from groupconv.ground import atomic
from groupconv.network.architecture import CHANNELS, LAYERS
from groupconv.results.comparability import differences

LINE = 110  # characters of a terminal
NONE = ""  # the paper gives no number
RESULTS = (
    "test_top1 test_top1_low test_top1_high test_top1_change smallest_difference test_top5 "
    "macs macs_change parameters parameters_change latency_ms latency_low_ms latency_high_ms "
    "latency_change latency_folded_ms latency_folded_change"
).split()
UNITS = (("macs", 1e9, " G"), ("parameters", 1e6, " M"), ("_ms", 1, " ms"), ("top1", 0.01, "%"))
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


def run(
    params: dict, paper: str, summary: str, claims: str, manifest: str, excluded: str, folder: str
) -> None:
    """Write every table into ``folder``."""
    results = pd.read_csv(summary)
    document = yaml.safe_load(Path(paper).read_text(encoding="utf-8"))
    theirs = {}  # the paper measured one architecture
    if params["model"]["architecture"] == document["setting"]["model.architecture"]:
        theirs = papers_changes(document, params["schemes"])
    printed = results_rows(results, theirs)
    write(folder, "table1", *architectures(params["schemes"]))
    numbers = results[["scheme", "seeds", "test_images", *RESULTS]].copy()
    for column in sorted({column for _, column in theirs}):
        numbers[f"paper_{column}"] = [theirs.get((s, column)) for s in results["scheme"]]
    write(folder, "results", numbers, pd.DataFrame(printed, columns=range(len(PRINTED))), PRINTED)
    entries = json.loads(Path(claims).read_text(encoding="utf-8"))
    write(folder, "claims", *claims_table(entries))
    write(folder, "data", *data_table(manifest, excluded))
    text = summary_text(printed, results, differences(params, document["setting"]))
    atomic.write_text(Path(folder) / "summary.txt", text)


def write(
    folder: str, name: str, numbers: pd.DataFrame, printed: pd.DataFrame, header=None
) -> None:
    """One table, as CSV for programs and as Markdown for people."""
    csv = numbers.to_csv(index=False, lineterminator="\n")
    atomic.write_text(Path(folder) / f"{name}.csv", csv)
    lines = [header or list(printed.columns), ["---"] * len(printed.columns)]
    lines += printed.astype(str).to_numpy().tolist()
    text = "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)
    atomic.write_text(Path(folder) / f"{name}.md", text)


def architectures(schemes: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Table 1: layers of each stage of the three networks, and each scheme's groups."""
    table = pd.DataFrame(
        {
            "stage": [f"conv-{i}" for i in range(1, 6)],
            "channels": CHANNELS,
            **LAYERS,
            **{f"groups {name}": scheme["groups"] for name, scheme in schemes.items()},
        }
    )
    return table, table


def papers_changes(document: dict, schemes: dict) -> dict[tuple[str, str], float]:
    """{(scheme, column of summary.csv): the paper's change}, for schemes with its groups."""
    return {
        (claim["paper"]["scheme"], claim["of"]): claim["paper"]["change"]
        for claim in document["claims"]
        if claim["kind"] == "change"
        and schemes.get(claim["paper"]["scheme"], {}).get("groups")
        == document["schemes"][claim["paper"]["scheme"]]
    }


def results_rows(results: pd.DataFrame, theirs: dict) -> list[list[str]]:
    """The cells of PRINTED for each scheme."""
    rows = []
    for row in results.to_dict("records"):
        scheme, first = row["scheme"], row["scheme"] == "baseline"

        def change(column: str, unit: str, row=row, first=first) -> str:
            return NONE if first else signed(row[column], unit)

        def paper(column: str, unit: str, scheme=scheme) -> str:
            return signed(theirs[scheme, column], unit) if (scheme, column) in theirs else NONE

        low, high = (row[f"test_top1_{end}"] * 100 for end in ("low", "high"))
        rows.append(
            [
                scheme,
                f"{row['test_top1'] * 100:.1f}% [{low:.1f}, {high:.1f}]",
                change("test_top1_change", " pt"),
                paper("test_top1_change", " pt"),
                f"{row['macs'] / 1e9:.2f} G",
                change("macs_change", "%"),
                paper("macs_change", "%"),
                f"{row['parameters'] / 1e6:.1f} M",
                change("parameters_change", "%"),
                f"{row['latency_ms']:.1f} ms",
                change("latency_change", "%"),
                paper("latency_change", "%"),
            ]
        )
    return rows


def signed(fraction: float, unit: str) -> str:
    """-0.0249 as "-2.5 pt" or "-2.5%"."""
    return f"{fraction * 100:+.1f}{unit}"


def claims_table(entries: list[dict]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row per claim."""
    numbers = pd.DataFrame(
        {
            **{key: [e[key] for e in entries] for key in ("id", "text", "place", "unit")},
            **{key: [json.dumps(e[key]) for e in entries] for key in ("paper", "ours")},
            **{key: [e[key] for e in entries] for key in ("verdict", "reason", "note")},
        }
    )
    printed = pd.DataFrame(
        {
            "#": [e["id"] for e in entries],
            "claim": [e["text"] for e in entries],
            "ours": [shown(e["ours"]) for e in entries],
            "verdict": [e["verdict"] for e in entries],
            "reason": [" ".join(filter(None, [e["reason"] + ".", e["note"]])) for e in entries],
            "place": [e["place"] for e in entries],
        }
    )
    return numbers, printed


def shown(ours: dict | None) -> str:
    """Our numbers of a claim, with the units of their columns, and their intervals."""
    if ours is None:
        return "-"
    cells = []
    for column, values in ours.items():
        if column.endswith(("_low", "_high")):
            continue
        if f"{column}_low" in ours:
            ends = (number(ours[f"{column}_{end}"], column) for end in ("low", "high"))
            cells.append(f"{column} {number(values, column)} [{', '.join(ends)}]")
        elif isinstance(values, dict):
            numbers = ", ".join(f"{name} {number(v, column)}" for name, v in values.items())
            cells.append(f"{column}: {numbers}")
        else:
            cells.append(f"{column} {number(values, column)}")
    return "; ".join(cells)


def number(value: float, column: str) -> str:
    """One value in the unit of its column of summary.csv."""
    if "change" in column:
        return signed(value, " pt" if "top1" in column else "%")
    for ending, scale, unit in UNITS:
        if column.endswith(ending):
            return f"{value / scale:.4g}{unit}"
    return f"{value:.4g}"


def data_table(manifest: str, excluded: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Images and classes per part, and left-out images by reason."""
    table, out = read_table(manifest), read_table(excluded)
    rows = []
    for part in PARTS:
        of = table[table["split"] == part]
        rows.append((part, len(of), of["class"].nunique(), len(of) / len(table)))
    rows.append(("all", len(table), table["class"].nunique(), 1.0))
    for reason, of in out.groupby("reason"):
        rows.append((f"left out: {reason}", len(of), of["class"].nunique(), float("nan")))
    numbers = pd.DataFrame(rows, columns=["part", "images", "classes", "share"])
    printed = numbers.assign(share=[f"{s:.1%}" if s == s else "" for s in numbers["share"]])
    return numbers, printed


def summary_text(rows: list[list[str]], results: pd.DataFrame, differs: list[str]) -> str:
    """What the terminal shows at the end of a run."""
    lines = [PRINTED, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(PRINTED))]
    text = "\n".join(
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
    smallest = results["smallest_difference"].max() * 100
    seeds = int(results["seeds"].iloc[0])
    notes = [
        f"Test part: {results['test_images'].iloc[0]:,} images, {seeds} seed{'s' * (seeds > 1)}; "
        f"it can show differences of about {smallest:.0f} points or more.",
        "MACs, parameters, latency: of the paper's full model, one 224x224 input, eager.",
    ]
    if differs:
        notes.append("Accuracy is not comparable with the paper's: " + "; ".join(differs) + ".")
    notes.append("Results: results/report.html, results/summary.csv, results/figures/.")
    wrapped = [textwrap.fill(note, LINE, subsequent_indent="  ") for note in notes]
    return text + "\n\n" + "\n".join(wrapped) + "\n"
