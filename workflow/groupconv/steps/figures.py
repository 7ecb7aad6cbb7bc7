"""Step figures: results -> results/figures/*.png and *.svg, one pair for each row of contents.py.

Reads the results and saves what drawing.py draws. Does not know what a figure shows.
"""

import json
from pathlib import Path

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from groupconv.data.manifest import read_table
from groupconv.data.packed import Images
from groupconv.ground import atomic
from groupconv.pages import contents, drawing, papers
from groupconv.pages.inputs import FigureInputs
from groupconv.pages.style import style
from groupconv.results.order import in_order
from groupconv.results.trained import seeds_of

SVG_DPI = 150  # of the images in an SVG file; figures.dpi is the PNG files'


def run(
    params: dict,
    claims: str,
    manifest: str,
    images: str,
    summary: str,
    comparisons: str,
    history: str,
    runs: str,
    folder: str,
) -> None:
    """Draw every figure into ``folder``, which is left with these alone.

    ``history`` is a template with {scheme} and {seed}. Raises DataError if the images are not the
    manifest's, DiskError if a file cannot be written.
    """
    schemes = in_order(params["schemes"])
    seeds = seeds_of(history, schemes, params["train"]["seeds"])
    table = read_table(manifest)
    given = FigureInputs(
        params=params,
        papers=papers.changes(json.loads(Path(claims).read_text(encoding="utf-8"))),
        comparisons=pd.read_csv(comparisons),
        summary=pd.read_csv(summary).set_index("scheme", drop=False),
        histories={
            scheme: [
                pd.read_csv(history.format(scheme=scheme, seed=seed)) for seed in seeds[scheme]
            ]
            for scheme in schemes
        },
        runs=pd.read_csv(runs),
        manifest=table,
        images=Images(images, table),
    )
    style()
    rows = contents.figures(schemes)
    for row in rows:
        save(drawn(row, given), Path(folder) / row.name, params["figures"]["dpi"])
    names = {row.name for row in rows}
    for path in Path(folder).iterdir():
        if path.stem not in names:  # of a scheme that is no more
            path.unlink()


def drawn(row: contents.Figure, given: FigureInputs) -> Figure:
    """The figure of one row, by the function that the row names. Raises StepError."""
    draw = contents.function(drawing, row)
    return draw(given, row.scheme) if row.scheme else draw(given)


def save(figure: Figure, stem: Path, dpi: int) -> None:
    """Write ``stem``.KIND for each of FIGURE_KINDS, and close the figure. Raises DiskError."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once, for both: it takes as long as to draw
    settings = {"png": {"dpi": dpi}, "svg": {"dpi": SVG_DPI, "metadata": {"Date": None}}}
    for kind in contents.FIGURE_KINDS:
        with atomic.write(f"{stem}.{kind}", "wb") as file:
            figure.savefig(file, format=kind, facecolor="white", **settings[kind])
    plt.close(figure)
