"""Step figures: results -> results/figures/*.png and *.svg, one pair for each row of contents.py.

Reads the results and saves what drawing.py draws. Does not know what a figure shows.
"""

import io
import json
from pathlib import Path

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from groupconv.data.kept import Kept
from groupconv.data.manifest import read_table
from groupconv.data.packed import Images
from groupconv.ground import atomic
from groupconv.pages import alts, contents, drawing, papers, vector
from groupconv.pages.inputs import FigureInputs
from groupconv.pages.kinds import LOADED
from groupconv.pages.style import SMALL, style
from groupconv.results.order import in_order
from groupconv.results.trained import AS_TEXT, seeds_of

SVG_DPI = 150  # of the images in an SVG file; figures.dpi is the PNG files'


def run(
    params: dict,
    claims: str,
    manifest: str,
    images: str,
    summary: str,
    comparisons: str,
    history: str,
    predictions: str,
    runs: str,
    layers: str,
    latency: str,
    folder: str,
) -> FigureInputs:
    """Draw every figure into ``folder``, which is left with these alone; returns what was drawn.

    ``history`` and ``predictions`` are templates with {scheme} and {seed}. ``images``: images.npy,
    an .npz file of a few of them, or "" where no pixels are kept. Raises DataError if the images
    are not the manifest's, DiskError if a file cannot be written.
    """
    schemes = in_order(params["schemes"])
    seeds = seeds_of(history, schemes, params["train"]["seeds"])
    table = read_table(manifest)

    def tables(template: str, **how) -> dict[str, list[pd.DataFrame]]:
        paths = {s: [template.format(scheme=s, seed=seed) for seed in seeds[s]] for s in schemes}
        return {s: [pd.read_csv(path, **how) for path in of] for s, of in paths.items()}

    given = FigureInputs(
        params=params,
        papers=papers.changes(json.loads(Path(claims).read_text(encoding="utf-8"))),
        comparisons=pd.read_csv(comparisons),
        summary=pd.read_csv(summary).set_index("scheme", drop=False),
        histories=tables(history),
        predictions=tables(predictions, **AS_TEXT),
        runs=pd.read_csv(runs),
        layers=pd.read_csv(layers),
        latency=json.loads(Path(latency).read_text(encoding="utf-8")),
        manifest=table,
        images=Images(images, table) if images.endswith(".npy") else Kept(images),
    )
    style()
    rows, theirs = contents.figures(schemes), papers.schemes(given.comparisons)
    loaded = given.latency["load"]["loaded"]
    for row in rows:
        figure, alt = drawn(row, given), contents.says(alts, row, given)
        if row.timed and loaded:
            figure.suptitle("measured under load", fontsize=SMALL + 1, fontweight="bold")
            alt = f"{alt} {LOADED}"
        stem = Path(folder) / row.name
        save(figure, stem, params["figures"]["dpi"], contents.title(row, theirs), alt)
    names = {row.name for row in rows}
    for path in Path(folder).iterdir():
        if path.stem not in names:  # of a scheme that is no more
            path.unlink()
    return given


def drawn(row: contents.Figure, given: FigureInputs) -> Figure:
    """The figure of one row, by the function that the row names. Raises StepError."""
    draw = contents.function(drawing, row)
    return draw(given, row.scheme) if row.scheme else draw(given)


def save(figure: Figure, stem: Path, dpi: int, title: str = "", alt: str = "") -> None:
    """Write ``stem``.KIND for each of FIGURE_KINDS, and close the figure. Raises DiskError.

    The SVG file says what it is, ``title``, and what it shows, ``alt``.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once, for both: it takes as long as to draw
    figure.set_facecolor("white")
    # By the canvases: savefig() goes through each figure once more before it draws it.
    figure.set_dpi(dpi)
    with atomic.write(f"{stem}.png", "wb") as file:
        FigureCanvasAgg(figure).print_png(file)
    figure.set_dpi(SVG_DPI)
    text = io.StringIO()
    FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None})
    atomic.write_text(f"{stem}.svg", vector.titled(text.getvalue(), title, alt))
    plt.close(figure)
