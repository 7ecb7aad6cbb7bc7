"""The name of a class from the label that a source gives: one character, one class.

"U+304B", "u+304B" and か are one class, and so are が in one code point and in two (か and a mark,
as macOS writes file names). Knows no files. Standard library.
"""

import re
import unicodedata

from groupconv.data.archive import NO_TABLE_HOLDS

CODE_POINTS = re.compile(r"[Uu]\+[0-9A-Fa-f]{1,8}( [Uu]\+[0-9A-Fa-f]{1,8})*")
# Unicode composes these to another character's code point: 塚 (U+FA10) to 塚 (U+585A). Two shapes
# of a character may be two classes; macOS leaves them as they are, too.
COMPATIBILITY = re.compile("([\uf900-\ufaff\U0002f800-\U0002fa1f]+)")


def composed(text: str) -> str:
    """``text`` in Unicode's form NFC, CJK compatibility ideographs as they are."""
    if text.isascii():
        return text
    return "".join(
        piece if COMPATIBILITY.fullmatch(piece) else unicodedata.normalize("NFC", piece)
        for piece in COMPATIBILITY.split(text)
    )


def class_name(label: str) -> str:
    """The character of a code point "U+3042" (of several, joined by blanks); else the label."""
    if CODE_POINTS.fullmatch(label):
        points = [int(point[2:], 16) for point in label.split()]
        if max(points) < 0x110000:
            name = "".join(map(chr, points))
            if not NO_TABLE_HOLDS.search(name):  # a surrogate or a line's end is no character
                return composed(name)
    return composed(label)


def is_code_point(label: str) -> bool:
    """Whether the label names characters by their code points, and not by themselves."""
    return bool(CODE_POINTS.fullmatch(label)) and class_name(label) != label


def code_point(name: str) -> str:
    """The code point of each character, joined by blanks: "U+3042" of あ."""
    return " ".join(f"U+{ord(character):04X}" for character in name)
