"""Japanese glyphs for machines without such a font: of IPAexGothic, those that a text uses.

matplotlib-fontja carries the font, under the IPA Font License 1.0, whose article 2.5 allows to pass
on a document in which glyphs are embedded for its own text. WOFF and not WOFF2, which needs one
more package for a few kB.
"""

import base64
import importlib.util
import io
import re
from pathlib import Path

from fontTools import subset, ttLib

DRAWN_AS = "IPAexGothic"  # by matplotlib
FAMILY = "page-ja"  # in a page and in an SVG file
FONT = Path(importlib.util.find_spec("matplotlib_fontja").origin).parent / "fonts" / "ipaexg.ttf"
# CJK punctuation, kana, Chinese characters, full-width forms, and what lies beyond 16 bits of them.
RUN = re.compile(r"[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U0001b000-\U0003ffff]+")
KANA = re.compile(r"[\u3041-\u30ff]")


def used(text: str) -> str:
    """The characters of ``text`` that a machine may lack, each once."""
    return "".join(sorted(set("".join(RUN.findall(text)))))


def face(text: str) -> str:
    """An @font-face rule with the glyphs that ``text`` uses; "" where it needs none."""
    characters = used(text)
    if not characters:
        return ""
    content = base64.b64encode(woff(characters)).decode()
    address = f"url(data:font/woff;base64,{content})"
    return f"@font-face{{font-family:{FAMILY};src:{address} format('woff')}}"


def woff(characters: str) -> bytes:
    """A font with these glyphs, as far as IPAexGothic has them."""
    options = subset.Options(flavor="woff", layout_features=[], notdef_outline=True, hinting=False)
    options.name_IDs = [0, 13, 14]  # copyright and licence
    with ttLib.TTFont(FONT, lazy=True, recalcTimestamp=False) as font:
        cut = subset.Subsetter(options)
        cut.populate(text=characters)
        cut.subset(font)
        font.flavor = "woff"
        file = io.BytesIO()
        font.save(file)
    return file.getvalue()
