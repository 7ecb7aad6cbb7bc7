"""One look for all figures: colours, fonts, and which characters the fonts can draw."""

import importlib.util
from pathlib import Path

import matplotlib as mpl
import seaborn as sns
from matplotlib import font_manager

WIDTH = 7  # inches of a figure as wide as a page of print; half of the page is 5
BLUE, ORANGE, GREEN, PURPLE, GREY = (sns.color_palette("colorblind")[i] for i in (0, 1, 2, 4, 7))
BLACK, PALE = "black", "0.9"
SMALL = 8  # points of text that is no axis title


def style() -> None:
    """Set the look; Japanese glyphs come from IPAexGothic, which matplotlib-fontja carries."""
    mpl.use("Agg")
    sns.set_theme(context="paper", style="ticks", palette="colorblind", font_scale=1.1)
    package = Path(importlib.util.find_spec("matplotlib_fontja").origin).parent
    font_manager.fontManager.addfont(package / "fonts" / "ipaexg.ttf")
    mpl.rcParams["font.family"] = ["DejaVu Sans", "IPAexGothic"]
    mpl.rcParams["svg.hashsalt"] = "groupconv"  # the same file for the same figure
    mpl.rcParams["figure.constrained_layout.use"] = True
    mpl.rcParams["text.parse_math"] = False  # a folder may be named $x$
    mpl.rcParams["legend.fontsize"] = SMALL
    mpl.rcParams["legend.frameon"] = False


def drawable(text: str) -> bool:
    """Whether one of the fonts in use has every character of ``text``."""
    fonts = [
        font_manager.get_font(font_manager.findfont(name)) for name in mpl.rcParams["font.family"]
    ]
    return all(any(font.get_char_index(ord(c)) for font in fonts) for c in text)
