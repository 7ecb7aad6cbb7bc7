"""One look for all figures: colours, fonts, and which characters the fonts can draw."""

import matplotlib as mpl
import seaborn as sns
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from groupconv.pages import glyphs

WIDTH = 5  # inches of every figure: as wide as a phone, where its smallest text is 8 px high
BLUE, ORANGE, GREEN, PURPLE, GREY = (sns.color_palette("colorblind")[i] for i in (0, 1, 2, 4, 7))
# Of lines side by side: told apart by their marker and dashes where there is no colour.
LOOKS = tuple(zip(sns.color_palette("colorblind"), "dos^vXP*ph", strict=True))
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))
BLACK, PALE = "black", "0.9"
SMALL = 9  # points of the smallest text


def style() -> None:
    """Set the look; Japanese glyphs come from IPAexGothic, which matplotlib-fontja carries."""
    mpl.use("Agg")
    sns.set_theme(context="paper", style="ticks", palette="colorblind", font_scale=1.1)
    font_manager.fontManager.addfont(glyphs.FONT)
    mpl.rcParams["font.family"] = ["DejaVu Sans", glyphs.DRAWN_AS]
    mpl.rcParams["svg.hashsalt"] = "groupconv"  # the same file for the same figure
    mpl.rcParams["svg.fonttype"] = "none"  # text stays text, which one can search, select and read
    mpl.rcParams["figure.constrained_layout.use"] = True
    mpl.rcParams["text.parse_math"] = False  # a folder may be named $x$
    mpl.rcParams["axes.labelsize"] = SMALL + 0.5
    for part in ("legend.fontsize", "xtick.labelsize"):
        mpl.rcParams[part] = SMALL
    mpl.rcParams["legend.columnspacing"] = 1.2
    mpl.rcParams["legend.frameon"] = False


def drawable(text: str) -> bool:
    """Whether one of the fonts in use has every character of ``text``."""
    fonts = [
        font_manager.get_font(font_manager.findfont(name)) for name in mpl.rcParams["font.family"]
    ]
    return all(any(font.get_char_index(ord(c)) for font in fonts) for c in text)


def legend_below(figure: Figure, handles: list[Line2D], columns: int, **more) -> None:
    """The figure's legend at its foot, of at most ``columns``: as many as fit, names of any length.

    ``more``: of Figure.legend().
    """
    for number in range(columns, 0, -1):
        made = figure.legend(handles=handles, loc="outside lower center", ncols=number, **more)
        if number == 1 or made.get_window_extent().width <= figure.bbox.width:
            return
        made.remove()
