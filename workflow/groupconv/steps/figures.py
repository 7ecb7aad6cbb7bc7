"""Step figures: results -> results/figures/*.png, *.svg, numbered as in the paper.

Computes nothing. Figure 2, which shows no result, is drawn in diagram.py.
"""

import importlib.util
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import font_manager
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from groupconv.data.packed import Images, read_table
from groupconv.ground import atomic
from groupconv.pages.captions import curves_name
from groupconv.pages.diagram import convolutions_figure

BLUE, ORANGE, GREEN, GREY = (sns.color_palette("colorblind")[i] for i in (0, 1, 2, 7))
SAMPLE_CLASSES, SAMPLES = 14, 5
SVG_DPI = 150  # of the images in an SVG file; figures.dpi is the PNG files'
LABELS = {"folded": "batch norm folded, channels-last"}


def run(
    params: dict,
    manifest: str,
    images: str,
    summary: str,
    history: str,
    runs: str,
    folder: str,
) -> None:
    """Draw every figure into ``folder``, which is left with these alone.

    ``history`` is a template with {scheme} and {seed}.
    """
    style()
    schemes, seeds = list(params["schemes"]), params["train"]["seeds"]
    results = pd.read_csv(summary).set_index("scheme", drop=False)
    curves = {
        scheme: [pd.read_csv(history.format(scheme=scheme, seed=seed)) for seed in seeds]
        for scheme in schemes
    }
    drawn = {
        "fig01": samples_figure(read_table(manifest), images),
        "fig02": convolutions_figure(),
        **{
            curves_name(scheme): curves_figure(scheme, curves[scheme], limits(curves))
            for scheme in schemes
        },
        "fig09": accuracy_figure(results),
        "fig10": cost_figure(results, pd.read_csv(runs)),
    }
    for name, figure in drawn.items():
        save(figure, Path(folder) / name, params["figures"]["dpi"])
    for path in Path(folder).iterdir():  # those of a scheme that is no more
        if path.stem not in drawn:
            path.unlink()


def style() -> None:
    """One look for all; Japanese glyphs from IPAexGothic, which matplotlib-fontja carries."""
    mpl.use("Agg")
    sns.set_theme(context="paper", style="ticks", palette="colorblind", font_scale=1.1)
    package = Path(importlib.util.find_spec("matplotlib_fontja").origin).parent
    font_manager.fontManager.addfont(package / "fonts" / "ipaexg.ttf")
    mpl.rcParams["font.family"] = ["DejaVu Sans", "IPAexGothic"]
    mpl.rcParams["svg.hashsalt"] = "groupconv"  # the same file for the same figure
    mpl.rcParams["figure.constrained_layout.use"] = True
    mpl.rcParams["text.parse_math"] = False  # a folder may be named $x$


def save(figure: Figure, stem: Path, dpi: int) -> None:
    """Write ``stem``.png and ``stem``.svg, and close the figure. Raises DiskError."""
    formats = (("png", dpi, {}), ("svg", SVG_DPI, {"Date": None}))
    for suffix, sharpness, metadata in formats:
        with atomic.write(stem.with_suffix(f".{suffix}"), "wb") as file:
            figure.savefig(file, format=suffix, dpi=sharpness, metadata=metadata, facecolor="white")
    plt.close(figure)


def samples_figure(manifest: pd.DataFrame, images: str) -> Figure:
    """The first training images of the most frequent classes, at their own aspect."""
    side = manifest[["height", "width"]].to_numpy().max()
    packed = Images(images, manifest)
    training = manifest[manifest["split"] == "train"]
    classes = training["class"].value_counts(sort=True).index[:SAMPLE_CLASSES]
    figure, axes = plt.subplots(
        SAMPLES, len(classes), figsize=(0.72 * len(classes), 0.72 * SAMPLES + 0.5), squeeze=False
    )
    for column, name in enumerate(classes):
        rows = training[training["class"] == name].head(SAMPLES).to_dict("records")
        for axis, row in zip(axes[:, column], rows, strict=False):
            axis.imshow(packed[row].squeeze(), cmap="gray", vmin=0, vmax=255)
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


def drawable(text: str) -> bool:
    """Whether one of the fonts in use has every character of ``text``."""
    fonts = [
        font_manager.get_font(font_manager.findfont(name)) for name in mpl.rcParams["font.family"]
    ]
    return all(any(font.get_char_index(ord(c)) for font in fonts) for c in text)


def limits(curves: dict[str, list[pd.DataFrame]]) -> dict[str, float]:
    """Axes that all schemes share: the last epoch and the largest loss."""
    table = pd.concat(history for histories in curves.values() for history in histories)
    return {
        "epoch": table["epoch"].max(),
        "loss": table[["train_loss", "val_loss"]].to_numpy().max() * 1.05,
    }


def curves_figure(scheme: str, histories: list[pd.DataFrame], shared: dict[str, float]) -> Figure:
    """Accuracy (left) and loss (right) of the training and validation parts by epoch."""
    figure, axes = plt.subplots(1, 2, figsize=(7, 2.8))
    table = pd.concat(histories)
    panels = ((axes[0], "top1", 100, "top-1 accuracy (%)"), (axes[1], "loss", 1, "loss (nats)"))
    for axis, column, scale, label in panels:
        for part, color, marker, words in (
            ("train", BLUE, "o", "training"),
            ("val", ORANGE, "s", "validation"),
        ):
            by_epoch = table.groupby("epoch")[f"{part}_{column}"]
            mean, low, high = (getattr(by_epoch, f)() * scale for f in ("mean", "min", "max"))
            axis.plot(mean.index, mean, color=color, marker=marker, markersize=3, label=words)
            axis.fill_between(mean.index, low, high, color=color, alpha=0.2, linewidth=0)
        axis.set(xlabel="epoch", ylabel=label, xlim=(0.5, shared["epoch"] + 0.5))
        axis.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    axes[0].set_ylim(0, 100)
    axes[1].set_ylim(0, shared["loss"])
    axes[1].legend(frameon=False)
    name = "Baseline" if scheme == "baseline" else f"Scheme {scheme}"
    figure.suptitle(name, fontsize=11)
    sns.despine(figure)
    return figure


def accuracy_figure(results: pd.DataFrame) -> Figure:
    """Test top-1 of every scheme with its 95% interval, baseline's as a line."""
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


def cost_figure(results: pd.DataFrame, latency: pd.DataFrame) -> Figure:
    """MACs (left) and latency of each variant (right) of one input, change above each bar."""
    size = max(9, 1.6 * len(results)), 3.2
    figure, axes = plt.subplots(1, 2, figsize=size, width_ratios=(2, 3))
    x = np.arange(len(results))
    bars = axes[0].bar(x, results["macs"] / 1e9, color=BLUE, width=0.6)
    label_changes(axes[0], bars, results["macs_change"], results["macs"] / 1e9)
    axes[0].set(ylabel="multiply-accumulates (G)")
    variants = sorted(set(latency["variant"]), key=lambda name: (name != "eager", name))
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
