"""Figures 3 to 8, accuracy and loss by epoch: of one scheme, of all side by side, and together.

A line is the mean over seeds, its band their range. "Training" is two things: the running mean of
an epoch's updates, each seen before the weights changed; and, where history.csv has it, the same
part seen after the epoch in eval mode, as validation is.
"""

import math
from dataclasses import dataclass
from itertools import cycle

import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from groupconv.pages.inputs import FigureInputs
from groupconv.pages.style import (
    BLUE,
    DASHES,
    GREEN,
    GREY,
    LOOKS,
    ORANGE,
    SMALL,
    WIDTH,
    legend_below,
)

MEASURES = (("top1", 100, "top-1 accuracy (%)"), ("loss", 1, "loss (nats)"))
COLUMNS = 3  # schemes side by side


@dataclass(frozen=True)
class Line:
    """One part of history.csv's columns, PART_top1 and PART_loss, and how its line looks."""

    part: str
    label: str
    color: tuple
    marker: str
    dashes: str | tuple


def lines(given: FigureInputs) -> list[Line]:
    """The lines to draw: that of training in eval mode where it was measured."""
    model, train = given.params["model"], given.params["train"]
    more = [
        word
        for word, is_on in (("augmented", train["augment"]), ("dropout", model["dropout"] > 0))
        if is_on
    ]
    running = ", ".join(["training: mean while the weights change", *more])
    found = [Line("train", running, BLUE, "o", "-")]
    if any("train_eval_loss" in h and h["train_eval_loss"].notna().any() for h in _all(given)):
        found.append(
            Line("train_eval", "training part after the epoch (eval mode)", GREEN, "^", "--")
        )
    return [*found, Line("val", "validation part after the epoch (eval mode)", ORANGE, "s", "-")]


def of_one(given: FigureInputs, scheme: str) -> Figure:
    """Accuracy (left) and loss (right) of one scheme; the axes are those of all."""
    drawn = lines(given)
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 2.7 + 0.17 * len(drawn)))
    for axis, (measure, scale, words) in zip(axes, MEASURES, strict=True):
        for line in drawn:
            _draw(axis, given.histories[scheme], line, measure, scale)
        _scale(axis, given, measure)
        axis.set(xlabel="epoch", ylabel=words)
    figure.suptitle(name(scheme), fontsize=11)
    _legend(figure, drawn)
    return figure


def of_all(given: FigureInputs) -> Figure:
    """A panel per scheme and measure on the same axes; the baseline's validation in grey."""
    drawn, schemes = lines(given), list(given.histories)
    columns = min(COLUMNS, len(schemes))
    blocks = math.ceil(len(schemes) / columns)
    height = 1 + 0.17 * len(drawn) + 3.2 * blocks
    figure, axes = plt.subplots(
        2 * blocks, columns, figsize=(WIDTH, height), sharex=True, squeeze=False
    )
    of_baseline = Line("val", "validation part, baseline", GREY, "d", "-")
    for axis in axes.flat:
        axis.set_axis_off()
    for i, scheme in enumerate(schemes):
        block, column = divmod(i, columns)
        for k, (measure, scale, words) in enumerate(MEASURES):
            axis = axes[2 * block + k, column]
            axis.set_axis_on()
            if scheme != "baseline":
                _draw(axis, given.histories["baseline"], of_baseline, measure, scale)
            for line in drawn:
                _draw(axis, given.histories[scheme], line, measure, scale)
            _scale(axis, given, measure)
            axis.tick_params(labelleft=column == 0, labelbottom=True, labelsize=SMALL)
            if column == 0:
                axis.set_ylabel(words, fontsize=SMALL + 1)
        axes[2 * block, column].set_title(scheme, fontsize=SMALL + 1)
        axes[2 * block + 1, column].set_xlabel("epoch", fontsize=SMALL + 1)
    _legend(figure, [*drawn, of_baseline])
    return figure


def together(given: FigureInputs) -> Figure:
    """Validation accuracy (left) and loss (right) of every scheme on the same axes."""
    looks = zip(given.histories, cycle(LOOKS), cycle(DASHES), strict=False)
    drawn = {s: Line("val", s, color, marker, dashes) for s, (color, marker), dashes in looks}
    rows = math.ceil(len(drawn) / COLUMNS)
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.1 + 0.2 * rows))
    for axis, (measure, scale, words) in zip(axes, MEASURES, strict=True):
        for scheme, line in drawn.items():
            _draw(axis, given.histories[scheme], line, measure, scale)
        _scale(axis, given, measure, ("val",))
        axis.set(xlabel="epoch", ylabel=f"validation {words}")
    _legend(figure, list(drawn.values()), COLUMNS)
    return figure


def name(scheme: str) -> str:
    """A scheme's name as a title."""
    return "Baseline" if scheme == "baseline" else f"Scheme {scheme}"


def _draw(axis: Axes, histories: list[pd.DataFrame], line: Line, measure: str, scale: int) -> None:
    """The mean over seeds and the band of their range; nothing where nothing was measured."""
    table, column = pd.concat(histories), f"{line.part}_{measure}"
    if column not in table:
        return
    by_epoch = table.groupby("epoch")[column]
    mean, low, high = (getattr(by_epoch, f)() * scale for f in ("mean", "min", "max"))
    inches = axis.get_position().width * axis.figure.get_figwidth()
    size = 3 if len(mean) < 12 * inches else 0  # points that touch are no points
    axis.plot(
        mean.index,
        mean,
        color=line.color,
        linestyle=line.dashes,
        linewidth=1.3,
        marker=line.marker,
        markersize=size,
    )
    axis.fill_between(mean.index, low, high, color=line.color, alpha=0.2, linewidth=0)


def _scale(
    axis: Axes, given: FigureInputs, measure: str, parts: tuple[str, ...] = ("train", "val")
) -> None:
    """The axes that all schemes share: to the last epoch, to the largest loss or to 100%."""
    table = pd.concat(_all(given))
    losses = [c for c in table if c.endswith("_loss") and c.startswith(parts)]
    top = 100 if measure == "top1" else table[losses].max().max() * 1.05
    axis.set(xlim=(0.5, table["epoch"].max() + 0.5), ylim=(0, top))
    axis.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))


def _all(given: FigureInputs) -> list[pd.DataFrame]:
    return [history for of_scheme in given.histories.values() for history in of_scheme]


def _legend(figure: Figure, drawn: list[Line], columns: int = 1) -> None:
    """The figure's foot: each line with its marker and dashes."""
    handles = [
        plt.Line2D(
            [], [], color=o.color, linestyle=o.dashes, marker=o.marker, markersize=4, label=o.label
        )
        for o in drawn
    ]
    legend_below(figure, handles, columns, handlelength=3)
    sns.despine(figure)
