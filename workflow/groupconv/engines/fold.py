"""Texts folded to a terminal's width, so that nothing of them is cut or torn within a word."""

import itertools
import re
import shutil
from collections.abc import Iterable, Iterator
from typing import TextIO

from groupconv.ground.progress import wrapped

LIKE_BEFORE = ("change", "paper")  # columns that say nothing without the one before them


def width(stream: TextIO) -> int:
    """Characters of a line on a terminal; 0 of anything else, whose lines stay whole."""
    return shutil.get_terminal_size().columns if stream.isatty() else 0


def lines(text: str, columns: int) -> str:
    """Each line wrapped."""
    return "\n".join(wrapped(line, columns) for line in text.split("\n"))


def results(text: str, columns: int) -> str:
    """A table, a blank line and notes, as results/tables/summary.txt."""
    if not columns:
        return text
    table, blank, notes = text.partition("\n\n")
    notes = re.sub(r"(?<=\S)\n {2}(?=\S)", " ", notes)  # wrapped for a wider terminal
    return _table(table.split("\n"), columns) + blank + lines(notes, columns)


def _table(rows: list[str], columns: int) -> str:
    """As many columns side by side as there is room for; the rest below, with the first again."""
    longest = max(map(len, rows))
    rows = [row.ljust(longest) for row in rows]
    first, *others = _columns(rows)
    blocks = [[*first]]
    for cells in others:
        wider = [f"{a}  {b}" for a, b in zip(blocks[-1], cells, strict=True)]
        if len(wider[0]) <= columns or blocks[-1] == first:
            blocks[-1] = wider
        else:
            blocks.append([f"{a}  {b}" for a, b in zip(first, cells, strict=True)])
    return "\n\n".join("\n".join(row.rstrip() for row in block) for block in blocks)


def _columns(rows: list[str]) -> Iterator[list[str]]:
    """The cells of each column, with those of the columns that belong to it."""
    ends = [0, *_ends(rows), len(rows[0])]
    found: list[list[str]] = []
    for begin, end in itertools.pairwise(ends):
        cells = [row[begin:end] for row in rows]
        cells = [cell[2:] for cell in cells] if begin else cells
        if cells[0].strip() in LIKE_BEFORE and len(found) > 1:
            found[-1] = [f"{a}  {b}" for a, b in zip(found[-1], cells, strict=True)]
        else:
            found.append(cells)
    yield from found


def _ends(rows: list[str]) -> Iterable[int]:
    """Where a column ends: two blanks, in every row, before the next one begins."""
    empty = [all(row[i] == " " for row in rows) for i in range(len(rows[0]))]
    # Cells are filled up on one side or the other: each gap's last two blanks part the columns.
    return [
        i
        for i in range(1, len(empty) - 2)
        if empty[i] and empty[i + 1] and not empty[i + 2] and not all(empty[:i])
    ]
