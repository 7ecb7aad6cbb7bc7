"""The accuracy of each class on the test part: the baseline's, and a scheme's beside it."""

import textwrap

import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from groupconv.pages import mistakes
from groupconv.pages.inputs import FigureInputs
from groupconv.pages.pictures import short
from groupconv.pages.style import BLUE, GREY, PALE, SMALL, WIDTH
from groupconv.pages.words import MINUS
from groupconv.results.words import many

MOST = 12  # classes at either end; between them the others are left out
ROW_IN = 0.24
LONGEST = 18  # characters of a class's name
LINE = 70  # characters of a line of text


def table(given: FigureInputs) -> tuple[str | None, pd.DataFrame]:
    """The scheme that is shown, and every class of the test part."""
    scheme = mistakes.focus(given.summary)
    if scheme is None:
        return None, pd.DataFrame()
    return scheme, mistakes.by_class(given.predictions["baseline"], given.predictions[scheme])


def ends(found: pd.DataFrame) -> pd.DataFrame:
    """The classes that lose most and those that gain most; all where there are few."""
    if len(found) <= 2 * MOST:
        return found
    return pd.concat([found.head(MOST), found.tail(MOST)])


def counted(scheme: str, found: pd.DataFrame) -> str:
    """How many classes lose, gain, and stay as they are."""
    down, up = (found["change"] < 0).sum(), (found["change"] > 0).sum()
    same = len(found) - down - up
    return (
        f"Scheme {scheme} is less accurate than the baseline in {down} of "
        f"{many(len(found), 'class')}, more in {up}, the same in {same}."
    )


def figure(given: FigureInputs) -> Figure:
    """A row per class, from the baseline's accuracy (open) to the scheme's (filled)."""
    scheme, found = table(given)
    shown = ends(found).reset_index(drop=True)
    made, axis = plt.subplots(figsize=(WIDTH, 1.5 + ROW_IN * len(shown)))
    if scheme is None:
        axis.set_axis_off()
        axis.text(0, 0.5, "No scheme to compare with it.", fontsize=SMALL + 1)
        return made
    for y, row in shown.iterrows():
        ends_of = 100 * row["baseline"], 100 * row["scheme"]
        axis.plot(ends_of, (y, y), color=BLUE, linewidth=1.5, zorder=1)
        axis.plot(ends_of[0], y, "D", color=GREY, markerfacecolor="white", markersize=6, zorder=2)
        axis.plot(ends_of[1], y, "o", color=BLUE, markersize=5, zorder=3)
    made.suptitle(textwrap.fill(counted(scheme, found), LINE), fontsize=SMALL + 1)
    names = [f"{short(row['class'], LONGEST)} ({row['images']})" for _, row in shown.iterrows()]
    axis.set_yticks(list(shown.index), names, fontsize=SMALL)
    changes = axis.secondary_yaxis("right")
    texts = [f"{c:+.0f} pt".replace("-", MINUS) if c else "0 pt" for c in shown["change"]]
    changes.set_yticks(list(shown.index), texts)
    changes.tick_params(length=0, labelsize=SMALL)
    changes.spines["right"].set_visible(False)
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(len(shown) - 0.4, -0.6)
    axis.set_xlim(-4, 104)
    if len(shown) < len(found):
        axis.axhline(MOST - 0.5, color=GREY, linestyle=":", linewidth=1)
    axis.set_xlabel("top-1 accuracy on the class's test images (%)")
    axis.grid(axis="x", color=PALE, linewidth=0.8)
    axis.set_axisbelow(True)
    handles = [
        plt.Line2D([], [], linestyle="", marker="D", color=GREY, mfc="white", label="baseline"),
        plt.Line2D([], [], linestyle="", marker="o", color=BLUE, label=f"scheme {scheme}"),
    ]
    made.legend(handles=handles, loc="outside lower center", ncols=2)
    sns.despine(made, left=True)
    return made
