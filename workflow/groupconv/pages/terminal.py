"""The table and the notes that the terminal shows at the end of a run."""

import math
import textwrap

import pandas as pd

from groupconv.ground.progress import many
from groupconv.pages import claimed
from groupconv.pages.inputs import TableInputs
from groupconv.pages.tables import results_lines

LINE = 110  # characters of a terminal


def text(given: TableInputs) -> str:
    """What the terminal shows at the end of a run."""
    results = given.summary
    lines = results_lines(given)
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = "\n".join(
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
    notes = [
        resolution(results),
        "MACs, parameters, latency: of the paper's full model, one 224x224 input, eager.",
    ]
    if differs := given.answers["differs"]:
        notes.append("Accuracy is not comparable with the paper's: " + "; ".join(differs) + ".")
    notes += claimed.lines(given.answers)
    notes.append("Results: results/report.html, results/summary.csv, results/figures/.")
    wrapped = [textwrap.fill(note, LINE, subsequent_indent="  ") for note in notes]
    return text + "\n\n" + "\n".join(wrapped) + "\n"


def resolution(results: pd.DataFrame) -> str:
    """What the test part can show, in a sentence. ``results``: a row for each scheme.

    The baseline has no smallest difference; alone it has nothing to show one of.
    """
    least, most = int(results["seeds"].min()), int(results["seeds"].max())
    seeds = many(most, "seed") if least == most else f"{least} to {most} seeds"
    said = f"Test part: {many(results['test_images'].iloc[0], 'image')}, {seeds}"
    smallest = results["smallest_difference"].max() * 100
    if math.isnan(smallest):
        return f"{said}."
    return f"{said}; it can show differences of about {smallest:.0f} points or more."
