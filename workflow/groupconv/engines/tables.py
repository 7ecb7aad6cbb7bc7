"""Whether a table that a step reads looks like one: by hand, any file may be named for it."""

import csv
import os

from groupconv.data.packed import INDEX
from groupconv.ground.errors import StepError

# By the argument's name: who writes the table, and columns that whoever reads it asks for.
TABLES = {"index": ("prepare", INDEX), "manifest": ("split", ["id", "class", "split"])}


def check(step: str, paths: dict) -> None:
    """Raise StepError if the index or the manifest that ``step`` reads has another header."""
    for name, (writer, columns) in TABLES.items():
        path = paths.get(name)
        if step == writer or not path or not os.path.isfile(path):
            continue  # of a file that is not there, the step says so
        with open(path, newline="", encoding="utf-8", errors="replace") as file:
            try:
                header = next(csv.reader(file), [])
            except csv.Error:  # as of a line of a megabyte
                header = []
        if missing := [column for column in columns if column not in header]:
            raise StepError(
                f"{path}: no {name}: the column {missing[0]} is not in its first line; expected "
                f"is {','.join(columns)}, as the step {writer} writes it"
            )
