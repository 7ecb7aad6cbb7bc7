"""The functions behind the figures, one each: results -> a matplotlib figure.

A row of contents.py names the function. Each gets all results, and the scheme where the row stands
for one figure per scheme. Every number drawn was made by an earlier step, but for means and ranges
over seeds.
"""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from groupconv.pages import diagram
from groupconv.pages.inputs import FigureInputs
from groupconv.pages.style import BLUE, GREEN, GREY, ORANGE, drawable

SAMPLE_CLASSES, SAMPLES = 14, 5
LABELS = {"folded": "batch norm folded, channels-last"}


def samples(given: FigureInputs) -> Figure:
    """The first training images of the most frequent classes, at their own aspect."""
    manifest = given.manifest
    side = manifest[["height", "width"]].to_numpy().max()
    training = manifest[manifest["split"] == "train"]
    classes = training["class"].value_counts(sort=True).index[:SAMPLE_CLASSES]
    figure, axes = plt.subplots(
        SAMPLES, len(classes), figsize=(0.72 * len(classes), 0.72 * SAMPLES + 0.5), squeeze=False
    )
    for column, name in enumerate(classes):
        rows = training[training["class"] == name].head(SAMPLES).to_dict("records")
        for axis, row in zip(axes[:, column], rows, strict=False):
            axis.imshow(given.images[row].squeeze(), cmap="gray", vmin=0, vmax=255)
            middle_x, middle_y = row["width"] / 2 - 0.5, row["height"] / 2 - 0.5
            axis.set(
                xlim=(middle_x - side / 2, middle_x + side / 2),
                ylim=(middle_y + side / 2, middle_y - side / 2),
            )
        axes[0, column].set_title(label(name, rows[0]["code_point"]), fontsize=8, linespacing=1.4)
    for axis in axes.flat:
        axis.set_axis_off()
    return figure


def label(name: str, code_point: str) -> str:
    """A class's glyph over its code point, without the glyphs that no font in use has."""
    glyphs = "".join(character for character in name if drawable(character))
    return f"{glyphs}\n{code_point}" if code_point else glyphs[:9]


def convolutions(given: FigureInputs) -> Figure:
    """A convolution and a grouped one; shows no result."""
    return diagram.convolutions_figure()


def curves(given: FigureInputs, scheme: str) -> Figure:
    """Accuracy (left) and loss (right) of the training and validation parts by epoch.

    A line is the mean over seeds, its band their range.
    """
    figure, axes = plt.subplots(1, 2, figsize=(7, 2.8))
    table, shared = pd.concat(given.histories[scheme]), limits(given.histories)
    panels = ((axes[0], "top1", 100, "top-1 accuracy (%)"), (axes[1], "loss", 1, "loss (nats)"))
    for axis, column, scale, words in panels:
        for part, color, marker, name in (
            ("train", BLUE, "o", "training"),
            ("val", ORANGE, "s", "validation"),
        ):
            by_epoch = table.groupby("epoch")[f"{part}_{column}"]
            mean, low, high = (getattr(by_epoch, f)() * scale for f in ("mean", "min", "max"))
            axis.plot(mean.index, mean, color=color, marker=marker, markersize=3, label=name)
            axis.fill_between(mean.index, low, high, color=color, alpha=0.2, linewidth=0)
        axis.set(xlabel="epoch", ylabel=words, xlim=(0.5, shared["epoch"] + 0.5))
        axis.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    axes[0].set_ylim(0, 100)
    axes[1].set_ylim(0, shared["loss"])
    axes[1].legend(frameon=False)
    title = "Baseline" if scheme == "baseline" else f"Scheme {scheme}"
    figure.suptitle(title, fontsize=11)
    sns.despine(figure)
    return figure


def limits(histories: dict[str, list[pd.DataFrame]]) -> dict[str, float]:
    """Axes that all schemes share: the last epoch and the largest loss."""
    table = pd.concat(history for of_scheme in histories.values() for history in of_scheme)
    return {
        "epoch": table["epoch"].max(),
        "loss": table[["train_loss", "val_loss"]].to_numpy().max() * 1.05,
    }


def accuracy(given: FigureInputs) -> Figure:
    """Test top-1 of every scheme with its 95% interval, baseline's as a line."""
    results = given.summary
    figure, axis = plt.subplots(figsize=(max(4.5, 0.8 * len(results) + 1), 3))
    x, top1 = np.arange(len(results)), results["test_top1"] * 100
    errors = [top1 - results["test_top1_low"] * 100, results["test_top1_high"] * 100 - top1]
    smallest = results["smallest_difference"].max() * 100
    axis.axhline(top1["baseline"], color=GREY, linestyle="--", linewidth=1, zorder=0)
    axis.errorbar(x, top1, errors, fmt="o", color=BLUE, capsize=4, markersize=6)
    for i, value in enumerate(top1):
        axis.annotate(
            f"{value:.1f}", (i, value), (6, 3), textcoords="offset points", va="bottom", fontsize=9
        )
    shown = f"smallest difference that this test part can show: about {smallest:.0f} points"
    axis.set_title(shown, fontsize=8, loc="right")
    axis.set(xlabel="scheme", ylabel="test top-1 accuracy (%)", xlim=(-0.5, len(results) - 0.3))
    axis.set_xticks(x, results["scheme"])
    sns.despine(figure)
    return figure


def cost(given: FigureInputs) -> Figure:
    """MACs (left) and latency of each variant (right) of one input, change above each bar."""
    results = given.summary
    size = max(9, 1.6 * len(results)), 3.2
    figure, axes = plt.subplots(1, 2, figsize=size, width_ratios=(2, 3))
    x = np.arange(len(results))
    bars = axes[0].bar(x, results["macs"] / 1e9, color=BLUE, width=0.6)
    label_changes(axes[0], bars, results["macs_change"], results["macs"] / 1e9)
    axes[0].set(ylabel="multiply-accumulates (G)")
    variants = sorted(set(given.runs["variant"]), key=lambda name: (name != "eager", name))
    width = 0.8 / len(variants)
    for i, (variant, color) in enumerate(zip(variants, (BLUE, ORANGE, GREEN, GREY), strict=False)):
        name = "latency" if variant == "eager" else f"latency_{variant}"
        ms = results[f"{name}_ms"]
        errors = [ms - results[f"{name}_low_ms"], results[f"{name}_high_ms"] - ms]
        offset = x + (i - (len(variants) - 1) / 2) * width
        bars = axes[1].bar(
            offset,
            ms,
            width,
            yerr=errors,
            color=color,
            label=LABELS.get(variant, variant),
            error_kw={"linewidth": 1},
        )
        label_changes(axes[1], bars, results[f"{name}_change"], results[f"{name}_high_ms"])
    axes[1].set(ylabel="latency of one input (ms)")
    axes[1].set_ylim(0, axes[1].get_ylim()[1] * 1.12)
    axes[1].legend(frameon=False, fontsize=8)
    for axis in axes:
        axis.set(xlabel="scheme")
        axis.set_xticks(x, results["scheme"])
    sns.despine(figure)
    return figure


def label_changes(axis, bars, changes: pd.Series, tops: pd.Series) -> None:
    """Write each change against baseline above its bar; none above the baseline's."""
    for bar, change, top in list(zip(bars, changes, tops, strict=True))[1:]:
        axis.annotate(
            f"{change * 100:+.0f}%",
            (bar.get_x() + bar.get_width() / 2, top),
            (0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=7.5,
        )
