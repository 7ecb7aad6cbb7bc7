"""Figures of the cost: where the time goes, layer by layer, and accuracy against cost."""

import textwrap
from collections.abc import Callable

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullFormatter

from groupconv.pages import mistakes
from groupconv.pages.inputs import FigureInputs
from groupconv.pages.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LOOKS,
    ORANGE,
    SMALL,
    WIDTH,
    legend_below,
)
from groupconv.pages.words import MINUS, measure, places
from groupconv.results import waterfall as losses
from groupconv.results.back_ends import BackEnds
from groupconv.results.pareto import front
from groupconv.results.waterfall import Loss

# The back ends that are taken apart.
BACK_ENDS = {"eager": measure("latency"), "folded": measure("latency_folded")}
ROW_IN = 0.21
LINE = 62  # characters of a line of a legend as wide as the figure
SPAN = 0.3, 500  # FLOP for each byte: from a linear layer to VGG's plainest convolutions
NOT_TIMED = "No layer was timed: latency.layer_rounds is 0."
SHORT = {losses.FLOOR: "at best", losses.KERNEL: "lost by kernels"}
PLACES = {
    losses.CLASSIFIER: "classifier",
    losses.CONV1: "conv-1",
    losses.GROUPED: "grouped layers",
    losses.PLAIN: "other convolutions",
    losses.BETWEEN: "norm, ReLU, pooling",
    losses.CALLS: "between modules",
}
COLORS = {losses.FLOOR: BLUE, losses.KERNEL: ORANGE}


def waterfall(given: FigureInputs) -> Figure:
    """From the baseline's time to the scheme's, a bar for each loss, on each back end."""
    found = falls(given)
    if not found:
        return _note(NOT_TIMED)
    rows = [len(bars) + 3.2 for _, _, bars in found]
    figure, axes = plt.subplots(
        len(found),
        1,
        figsize=(WIDTH, 0.4 + ROW_IN * sum(rows)),
        height_ratios=rows,
        squeeze=False,
        sharex=True,
    )
    for axis, (scheme, variant, bars) in zip(axes[:, 0], found, strict=True):
        _bars(axis, scheme, bars)
        axis.set_title(f"{BACK_ENDS[variant]}: {saved(bars)}", fontsize=SMALL + 1, loc="right")
    least = min(axis.get_xlim()[0] for axis in axes.flat)
    axes[0, 0].set_xlim(min(0, least), 1.14 * max(bars[0].ms for _, _, bars in found))
    axes[-1, 0].set_xlabel("time of one input (ms)")
    handles = [
        Patch(color=GREEN, label="if time followed MACs"),
        Patch(color=BLUE, label="at best"),
        Patch(color=ORANGE, label="lost by kernels"),
        Patch(color=GREY, label="whole, or without MACs"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    sns.despine(figure, left=True)
    return figure


def falls(given: FigureInputs) -> list[tuple[str, str, list[Loss]]]:
    """(scheme, back end, its bars) of each panel; none where no layer was timed."""
    scheme = mistakes.focus(given.summary)
    if scheme is None or given.layers.empty:
        return []
    found = []
    for variant in BACK_ENDS:
        whole_ms = {s: of[variant]["median_ms"] for s, of in given.latency["schemes"].items()}
        bars = losses.of_scheme(given.layers, whole_ms, scheme, variant)
        found.append((scheme, variant, bars))
    return found


def saved(bars: list[Loss]) -> str:
    """79% fewer MACs, 55% less time."""
    macs, time = -bars[1].ms / bars[0].ms, 1 - bars[-1].ms / bars[0].ms
    return f"{macs:.0%} of the MACs saved, {time:.0%} of the time".replace("-", MINUS)


def milliseconds(bars: list[Loss]) -> list[str]:
    """The two times, and the steps between them, which add up; all to the same decimal."""
    most = places(bars[0].ms, 1, 3)
    signs = ["", *["+"] * (len(bars) - 2), ""]
    return [f"{bar.ms:{sign}.{most}f}" for bar, sign in zip(bars, signs, strict=True)]


def _bars(axis: Axes, scheme: str, bars: list[Loss]) -> None:
    """The two times as whole bars, what lies between them as steps."""
    ends, at = (0, len(bars) - 1), 0.0
    names, texts = [], milliseconds(bars)
    for y, bar in enumerate(bars):
        start = 0.0 if y in ends else at
        color = GREY if y in ends else GREEN if y == 1 else COLORS.get(bar.why, GREY)
        axis.barh(y, bar.ms, 0.7, start, color=color, linewidth=0)
        at = start + bar.ms
        axis.plot([at, at], [y - 0.35, y + 1.35], color=GREY, linewidth=0.6)
        edge = max(start, at) + 0.012 * bars[0].ms
        axis.text(edge, y, texts[y].replace("-", MINUS), va="center", fontsize=SMALL)
        names.append(scheme if y == ends[1] else named(bar))
    axis.lines[-1].remove()  # nothing comes after the last
    axis.set_yticks(range(len(bars)), names, fontsize=SMALL)
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(len(bars) - 0.4, -0.6)


def named(bar: Loss) -> str:
    """Its place, and whether the machine's ceiling or the kernels are to blame."""
    place = PLACES.get(bar.what, bar.what)
    return f"{place}, {SHORT[bar.why]}" if bar.why in SHORT else place


def roofline(given: FigureInputs) -> Figure:
    """Every layer of some schemes below the two ceilings that the machine has."""
    if given.layers.empty:
        return _note(NOT_TIMED)
    most = given.latency["ceilings"]
    figure, axis = plt.subplots(figsize=(WIDTH, 4))
    x = np.geomspace(*SPAN, 200)
    roof = np.minimum(x * most["bytes_per_s"], most["flop_per_s"]) / 1e9
    axis.plot(x, roof, color=BLACK, linewidth=1.2)
    label = textwrap.fill(ceilings(most), LINE)  # it may name two layers
    handles = [Line2D([], [], color=BLACK, linewidth=1.2, label=label)]
    for (scheme, points), color, marker in zip(
        compared(given).items(), (GREY, BLUE, ORANGE), "os^", strict=False
    ):
        for of, face in ((points["stage"] > 0, color), (points["stage"] == 0, "none")):
            x, y = points.loc[of, "flop_per_byte"], points.loc[of, "gflop_per_s"]
            axis.plot(x, y, marker, color=color, markerfacecolor=face, markersize=6)
        look = {"linestyle": "", "marker": marker, "color": color}
        handles.append(Line2D([], [], **look, label=f"{scheme} (classifier: open)"))
    axis.set(xscale="log", yscale="log", xlabel="FLOP for each byte moved", ylabel="GFLOP/s")
    for one in (axis.xaxis, axis.yaxis):
        one.set_major_locator(LogLocator(subs=(1, 2, 5)))
        one.set_major_formatter("{x:g}")
        one.set_minor_formatter(NullFormatter())
    figure.legend(handles=handles, loc="outside lower center")
    sns.despine(figure)
    return figure


def compared(given: FigureInputs) -> dict[str, pd.DataFrame]:
    """Layers of the baseline, D where there is one, and the scheme that is shown: their points."""
    eager = given.layers[given.layers["variant"] == "eager"].dropna(subset="macs")
    flop = 2 * eager["macs"].astype(float)
    points = eager.assign(
        flop_per_byte=flop / eager["bytes_moved"].astype(float),
        gflop_per_s=flop / eager["ms"] / 1e6,
    )
    names = dict.fromkeys(["baseline", "D", mistakes.focus(given.summary)])
    return {name: points[points["scheme"] == name] for name in names if name in given.summary.index}


def ceilings(most: dict) -> str:
    """The machine's, in words."""
    flop_of = most.get("flop_of", "a matrix product")  # which was the only one once
    return (
        f"ceilings: {most['flop_per_s'] / 1e9:.0f} GFLOP/s of {flop_of}, "
        f"{most['bytes_per_s'] / 1e9:.1f} GB/s of {most.get('bytes_of', 'memory')}"
    )


def pareto(given: FigureInputs) -> Figure:
    """Accuracy against MACs and against time, with intervals and the front."""
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.4), sharey=True)
    table = given.summary
    costs: list[tuple[str, Callable]] = [
        ("MACs (G)", lambda name: (table.loc[name, "macs"] / 1e9,) * 3),
        ("time of one input (ms)", lambda name: fastest(given.latency, name)[1:]),
    ]
    columns = ["test_top1", "test_top1_low", "test_top1_high"]
    for axis, (label, of) in zip(axes, costs, strict=True):
        points = {}
        for i, name in enumerate(table.index):
            color, marker = LOOKS[i % len(LOOKS)]
            x, left, right = of(name)
            y, low, high = 100 * table.loc[name, columns].astype(float)
            axis.hlines(y, left, right, color=color, linewidth=1)
            axis.vlines(x, low, high, color=color, linewidth=1)
            axis.plot(x, y, marker, color=color, markersize=6, label=name)
            points[name] = x, y
        best = front(points)
        line = [points[name] for name in best]
        axis.plot(*zip(*line, strict=True), color=GREY, linewidth=1, linestyle="--", zorder=0)
        axis.set_xlabel(label)
        axis.set_xlim(0, axis.get_xlim()[1])
    axes[0].set_ylabel("test top-1 accuracy (%)")
    handles, _ = axes[0].get_legend_handles_labels()
    handles.append(Line2D([], [], color=GREY, linestyle="--", linewidth=1, label="Pareto front"))
    legend_below(figure, handles, 4)
    sns.despine(figure)
    return figure


def cheapest(given: FigureInputs) -> list[str]:
    """The schemes than which no other is both faster and more accurate, the fastest first."""
    top1 = given.summary["test_top1"]
    points = {name: (fastest(given.latency, name)[1], 100 * top1[name]) for name in top1.index}
    return front(points)


def fastest(latency: dict, scheme: str) -> tuple[str, float, float, float]:
    """The scheme's fastest back end in fp32: its name, median and interval, ms."""
    of = latency["schemes"][scheme]
    exact = BackEnds(latency["back_ends"], {}).in_fp32().precisions
    best = min(exact, key=lambda name: of[name]["median_ms"])
    return best, *(of[best][key] for key in ("median_ms", "low_ms", "high_ms"))


def _note(text: str) -> Figure:
    figure, axis = plt.subplots(figsize=(WIDTH, 0.6))
    axis.set_axis_off()
    axis.text(0, 0.5, text, fontsize=SMALL + 1)
    return figure
