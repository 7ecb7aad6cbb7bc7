"""The table and the notes that the terminal shows at the end of a run."""

import textwrap

from groupconv.pages import claimed
from groupconv.pages.inputs import TableInputs
from groupconv.pages.resolution import resolution
from groupconv.pages.tables import results_lines

LINE = 110  # characters of a terminal


def text(given: TableInputs) -> str:
    """What the terminal shows at the end of a run."""
    results = given.summary
    lines = results_lines(given, narrow=True)
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
        "MACs and times: of the paper's full model, one 224x224 input; fastest: of the back ends "
        "that were timed; eager: PyTorch as written.",
    ]
    if results["latency_loaded"].any():
        notes.append("Times were measured under load: other programs used the machine meanwhile.")
    if differs := given.answers["differs"]:
        notes.append("Accuracy is not comparable with the paper's: " + "; ".join(differs) + ".")
    notes += claimed.lines(given.answers)
    notes.append("Results: results/report.html, results/summary.csv, results/figures/.")
    wrapped = [textwrap.fill(note, LINE, subsequent_indent="  ") for note in notes]
    return text + "\n\n" + "\n".join(wrapped) + "\n"
