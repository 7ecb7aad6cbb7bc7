"""Figures 9 and 10: a row per scheme, its change from the baseline with its intervals.

A row's numbers are those of comparisons.csv; the paper's stand beside them where they are in the
inputs at all (papers.py decides that).
"""

import textwrap
from dataclasses import dataclass

import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from groupconv.pages.inputs import FigureInputs
from groupconv.pages.style import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, PURPLE, SMALL, WIDTH
from groupconv.pages.words import MINUS, ms
from groupconv.results.words import from_to, many

ROW_IN, LINE_IN, AROUND_IN = 0.34, 0.2, 1.75  # heights of a row, of a line in it, of the rest
OWN, ALL = {"linewidth": 3.5, "alpha": 0.55}, {"linewidth": 1}  # the two kinds of interval
CROSS = {
    "marker": "x",
    "color": BLACK,
    "linestyle": "",
    "markersize": 7,
    "markeredgewidth": 1.6,
    "zorder": 5,
}
LINE = 74  # characters of a line of small text as wide as the figure
LABELS = {"eager": "latency, eager", "folded": "latency, batch norm folded"}
UNITS = {"points": " pt", "percent": "%"}


@dataclass(frozen=True)
class Series:
    """One measure of comparisons.csv, and how its points look."""

    measure: str
    label: str
    color: tuple | str
    marker: str


def accuracy(given: FigureInputs, measure: str, words: str, about: str) -> Figure:
    """Each scheme's paired change of an accuracy, ``measure``, with its intervals.

    ``words`` name the accuracy; ``about`` is what to say above it, besides what intervals mean.
    """
    rows, series = changes(given, measure), Series(measure, "change from the baseline", BLUE, "o")
    figure, axis = plt.subplots(figsize=(WIDTH, AROUND_IN + ROW_IN * len(rows)))
    for y, (scheme, row) in enumerate(rows.iterrows()):
        small = row["smallest_difference"]
        axis.barh(y, 2 * small, 0.8, -small, color=PALE, linewidth=0, zorder=0)
        point(axis, y, row, series, given.papers.get((scheme, measure)))
    ys = range(len(rows))
    _rows(axis, list(rows.index), ys, ys, [change(row) for _, row in rows.iterrows()])
    axis.use_sticky_edges = False
    axis.margins(x=0.03)
    figure.suptitle(textwrap.fill(f"{about}{_covers(rows)}", LINE), fontsize=SMALL)
    axis.set_xlabel(f"change of {words} (points)")
    pale = Patch(color=PALE, linewidth=0, label="too small for this run to show")
    _finish(figure, axis, [series], [pale])
    return figure


def cost(given: FigureInputs) -> Figure:
    """Each scheme's change of MACs (exact) and of each variant's latency (with intervals)."""
    series = cost_series(given)
    schemes = list(given.summary.index)
    step = len(series) + 0.6  # lines, with a gap between schemes
    figure, axis = plt.subplots(figsize=(WIDTH, AROUND_IN + LINE_IN * step * len(schemes)))
    ys, texts = [], []
    for i, one in enumerate(series):
        of_measure = changes(given, one.measure)
        for k, scheme in enumerate(schemes):
            y = k * step + i
            ys.append(y)
            text = _amount(given.summary.loc[scheme], one.measure)
            if scheme in of_measure.index:
                row = of_measure.loc[scheme]
                point(axis, y, row, one, given.papers.get((scheme, one.measure)))
                text += f"  {change(row)}"
            else:
                axis.plot(0, y, one.marker, color=one.color, markersize=5)
            texts.append(text)
    middle = (len(series) - 1) / 2
    _rows(axis, schemes, [k * step + middle for k in range(len(schemes))], ys, texts)
    for k in range(1, len(schemes)):
        axis.axhline(k * step - 0.8, color=PALE, linewidth=0.8, zorder=0)
    axis.set_xlim(min(-100, axis.get_xlim()[0]), max(5, axis.get_xlim()[1]))
    axis.set_xlabel("change of the cost of one input (%)")
    _finish(figure, axis, series, [])
    return figure


def cost_series(given: FigureInputs) -> list[Series]:
    """MACs, then the latency of each variant that was timed, eager first; of many, the fastest."""
    variants = sorted(set(given.runs["variant"]), key=lambda name: (name != "eager", name))
    labels = {
        "latency" if v == "eager" else f"latency_{v}": LABELS.get(v, f"latency, {v}")
        for v in variants
    }
    looks = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"), (PURPLE, "v"))
    if len(labels) > len(looks):
        labels = {"latency": LABELS["eager"], "best_latency": "latency, fastest back end"}
    series = [Series("macs", "MACs (exact)", GREY, "D")]
    for (name, label), look in zip(labels.items(), looks, strict=False):
        series.append(Series(name, label, *look))
    return series


def changes(given: FigureInputs, measure: str) -> pd.DataFrame:
    """The measure's changes from the baseline, by scheme, in the order of the summary."""
    table = given.comparisons
    of_measure = (table["measure"] == measure) & (table["reference"] == "baseline")
    found = table[of_measure].set_index("scheme")
    return found.loc[[scheme for scheme in given.summary.index if scheme in found.index]]


def point(axis: Axes, y: float, row: pd.Series, series: Series, paper: float | None) -> None:
    """One change: thick its own interval, thin the simultaneous one, and the paper's as a cross."""
    color = series.color
    axis.hlines(y, row["simultaneous_low"], row["simultaneous_high"], color=color, **ALL)
    axis.hlines(y, row["low"], row["high"], color=color, **OWN)
    axis.plot(row["change"], y, series.marker, color=color, markersize=5.5)
    if paper is not None:
        axis.plot(paper, y, **CROSS)


def _rows(axis: Axes, schemes: list[str], names_at, texts_at, texts: list[str]) -> None:
    """Name the rows on the left, write each line's numbers on the right, mark no change."""
    axis.set_yticks(list(names_at), schemes)
    axis.tick_params(axis="y", length=0)
    numbers = axis.secondary_yaxis("right")
    numbers.set_yticks(list(texts_at), texts, fontsize=SMALL)
    numbers.tick_params(length=0)
    numbers.spines["right"].set_visible(False)
    axis.set_ylim(max(texts_at, default=0) + 0.7, -0.7)
    axis.axvline(0, color=GREY, linestyle="--", linewidth=1, zorder=0)


def _finish(figure: Figure, axis: Axes, series: list[Series], more: list[Artist]) -> None:
    """The legend below, with the two kinds of interval, and the paper's cross where one stands."""
    handles = [
        Line2D([], [], linestyle="", marker=one.marker, color=one.color, label=one.label)
        for one in series
    ]
    handles.append(Line2D([], [], **OWN, color=GREY, label="95% interval"))
    handles.append(Line2D([], [], **ALL, color=GREY, label="95%, all together"))
    if any(line.get_marker() == CROSS["marker"] for line in axis.lines):
        handles.append(Line2D([], [], **CROSS, label="the paper's number"))
    figure.legend(handles=[*handles, *more], loc="outside lower center", ncols=2)
    sns.despine(figure, left=True)


def change(row: pd.Series) -> str:
    """+2.7 pt [-1.2, +6.6]; without an interval where the number is exact."""
    text = f"{row['change']:+.1f}{UNITS[row['unit']]}"
    if row["low"] < row["high"]:
        text += f" [{row['low']:+.1f}, {row['high']:+.1f}]"
    return text.replace("-", MINUS)


def _amount(row: pd.Series, measure: str) -> str:
    """A scheme's own cost: 2.35 G, 183 ms."""
    if measure == "macs":
        return f"{row['macs'] / 1e9:.2f} G"
    return ms(row[f"{measure}_ms"])


def _covers(rows: pd.DataFrame) -> str:
    """What the intervals are about, in the words of comparisons.csv."""
    if rows.empty:
        return "No scheme to compare with it."
    kinds = " / ".join(dict.fromkeys(rows["kind"]))
    seeds = from_to(rows["seeds"].min(), rows["seeds"].max(), "seed")
    counted = f"{many(rows['images'].max(), 'image')}, {seeds}"
    notes = "".join(f", {note}" for note in dict.fromkeys(rows["note"].dropna()) if note)
    return f"Intervals: {kinds} ({counted}{notes})."
