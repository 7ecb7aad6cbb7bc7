"""Texts at a terminal's width: whole, whatever the width."""

import io

import pytest
from groupconv.engines import fold
from project import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
TABLE = README.partition("```text\nscheme ")[2].partition("\n```")[0]
TABLE = f"scheme {TABLE}"
NOTES = (
    "Test part: 260 images, 1 seed; it can show differences of about 9\n  points or more.\nMACs."
)


@pytest.mark.parametrize("columns", [60, 80])
def test_a_table_is_folded_between_columns_and_loses_none(columns):
    folded = fold.results(f"{TABLE}\n\n{NOTES}", columns)
    assert max(map(len, folded.splitlines())) <= columns
    for row in TABLE.splitlines():
        found = [line for line in folded.splitlines() if line.split()[0:1] == row.split()[0:1]]
        cells = " ".join(found[:1] + [line.partition(" ")[2] for line in found[1:]])
        assert cells.split() == row.split()
    for block in folded.split("\n\n")[:-1]:  # "change" and "paper" stand beside what changes
        assert block.split()[0] == "scheme"
        assert block.split()[1] not in fold.LIKE_BEFORE


def test_where_there_is_room_or_no_terminal_it_stays_as_it_is():
    text = f"{TABLE}\n\n{NOTES}"
    assert fold.results(text, 0) == text
    assert fold.results(text, 200).startswith(TABLE)
    assert fold.width(io.StringIO()) == 0


def test_a_line_is_broken_between_words_and_a_path_stays_whole():
    path = "results/" + "a" * 30
    assert fold.lines(f"train E seed 0: {path} is not there yet", 30).splitlines() == [
        "train E seed 0:",
        f"  {path}",
        "  is not there yet",
    ]
