"""The one picture of the answer: what each scheme saves, and how its accuracy changes."""

import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from groupconv.pages import forest
from groupconv.pages.inputs import FigureInputs
from groupconv.pages.style import BLUE, GREY, ORANGE, PALE, SMALL, WIDTH
from groupconv.pages.words import MINUS

SAVED = (("macs", "MACs (%)", GREY), ("best_latency", "time at its fastest (%)", ORANGE))
ROW_IN = 0.36
CHANGE = "test_top1"


def figure(given: FigureInputs) -> Figure:
    """A row per scheme: bars of MACs and time, its accuracy with intervals; same rows in each."""
    schemes = [name for name in given.summary.index if name != "baseline"]
    made, axes = plt.subplots(
        1,
        3,
        figsize=(WIDTH, 1.35 + ROW_IN * max(len(schemes), 1)),
        sharey=True,
        width_ratios=[1, 1, 1.15],
    )
    for axis, (measure, title, color) in zip(axes, SAVED, strict=False):
        _bars(axis, given, measure, color)
        axis.set_title(title, fontsize=SMALL + 1)
    rows = forest.changes(given, CHANGE)
    for y, scheme in enumerate(schemes):
        row = rows.loc[scheme]
        small = row["smallest_difference"]
        axes[2].barh(y, 2 * small, 0.8, -small, color=PALE, linewidth=0, zorder=0)
        series = forest.Series(CHANGE, "", BLUE, "o")
        forest.point(axes[2], y, row, series, given.papers.get((scheme, CHANGE)))
        said = f"{row['change']:+.1f}".replace("-", MINUS)
        axes[2].annotate(
            said,
            (row["change"], y),
            (0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=SMALL,
        )
    axes[2].set_title("accuracy (points)", fontsize=SMALL + 1)
    axes[2].use_sticky_edges = False
    axes[2].margins(x=0.05)
    axes[0].set_yticks(range(len(schemes)), schemes)
    axes[0].set_ylim(len(schemes) - 0.4, -0.6)
    for axis in axes:
        axis.axvline(0, color=GREY, linewidth=1, zorder=0)
        axis.tick_params(axis="y", length=0)
        axis.tick_params(axis="x", labelsize=SMALL)
    handles = [
        Line2D([], [], **forest.OWN, color=BLUE, label="95% interval"),
        Line2D([], [], linewidth=8, color=PALE, label="too small for this run to show"),
    ]
    if given.papers:
        handles.append(Line2D([], [], **forest.CROSS, label="the paper's number"))
    made.legend(handles=handles, loc="outside lower center", ncols=2)
    sns.despine(made, left=True)
    return made


def _bars(axis: Axes, given: FigureInputs, measure: str, color) -> None:
    """Each scheme's change in percent as a bar from 0, with its number."""
    rows = forest.changes(given, measure)
    for y, (scheme, row) in enumerate(rows.iterrows()):
        axis.barh(y, row["change"], 0.62, color=color, alpha=0.75, linewidth=0)
        text = f"{row['change']:.0f}".replace("-", MINUS)
        axis.text(max(row["change"], 0) + 3, y, text, va="center", ha="left", fontsize=SMALL)
        paper = given.papers.get((scheme, measure))
        if paper is not None:
            axis.plot(paper, y, **forest.CROSS)
    axis.set_xlim(min(-100, rows["change"].min(), 0) * 1.02, max(32, rows["change"].max() + 32))
    axis.set_xticks([-100, -50, 0], [f"{MINUS}100", f"{MINUS}50", "0"])
