"""Whether a table that a step reads looks like one: by hand, any file may be named for it."""

import csv
import os

from groupconv.data.packed import INDEX
from groupconv.ground.errors import StepError

# By the argument's name: who writes the table, and columns that whoever reads it asks for.
TABLES = {"index": ("prepare", INDEX), "manifest": ("split", ["id", "class", "split"])}


def check(step: str, paths: dict) -> None:
    """Raise StepError if the index or the manifest that ``step`` reads is another file, or damaged.

    Its values are checked by who reads them.
    """
    for name, (writer, columns) in TABLES.items():
        path = paths.get(name)
        if step == writer or not path or not os.path.isfile(path):
            continue  # of a file that is not there, the step says so
        with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
            rows = csv.reader(file)
            try:
                header = next(rows, [])
            except csv.Error:  # as of a line of a megabyte
                header = []
            if missing := [column for column in columns if column not in header]:
                raise StepError(
                    f"{path}: no {name}: the column {missing[0]} is not in its first line; "
                    f"expected is {','.join(columns)}, as the step {writer} writes it"
                )
            if damage := _damage(rows, len(header)):
                raise StepError(f"{path}: {damage}; the step {writer} makes it again")


def _damage(rows, width: int) -> str | None:
    """What is wrong with the first row that is no text of ``width`` values; None without one."""
    try:
        for row in rows:
            if len(row) != width:
                return f"line {rows.line_num}: {len(row)} values, and {width} in the first line"
            ",".join(row).encode()
    except csv.Error as error:  # as of a quote that is never closed
        return f"line {rows.line_num}: {error}"
    except UnicodeEncodeError:
        return f"line {rows.line_num}: not UTF-8 text"
    return None
