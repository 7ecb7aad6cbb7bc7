"""Step tables: results -> results/tables/*.csv (numbers), *.md (as printed), summary.txt.

Reads the results and writes a table for each row of contents.py. Does not know what a table shows.
"""

import json
from pathlib import Path

import pandas as pd

from groupconv.data.manifest import read_table
from groupconv.ground import atomic
from groupconv.pages import contents, kinds, tables, terminal
from groupconv.pages.inputs import TableInputs


def run(params: dict, summary: str, claims: str, manifest: str, counts: str, folder: str) -> None:
    """Write every table, and the terminal's summary, into ``folder``. Raises DiskError."""
    given = TableInputs(
        params=params,
        summary=pd.read_csv(summary),
        answers=json.loads(Path(claims).read_text(encoding="utf-8")),
        manifest=read_table(manifest),
        counts=read_table(counts),
    )
    for row in contents.TABLES:
        write(Path(folder) / row.name, *contents.function(tables, row)(given))
    atomic.write_text(Path(folder) / "summary.txt", terminal.text(given))


def write(stem: Path, numbers: pd.DataFrame, printed: pd.DataFrame) -> None:
    """One table, ``stem``.KIND for each of TABLE_KINDS. Raises DiskError."""
    csv = numbers.to_csv(index=False, lineterminator="\n")
    lines = [list(printed.columns), ["---"] * len(printed.columns)]
    lines += printed.astype(str).to_numpy().tolist()
    text = "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)
    for kind, content in zip(kinds.TABLE_KINDS, (csv, text), strict=True):
        atomic.write_text(f"{stem}.{kind}", content)
