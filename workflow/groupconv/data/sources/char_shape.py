"""`char-shape`: Kuzushiji character shapes v2, colour scans of 1,086,326 characters in 44 books.

One zip per book, or full.zip with all of them, or a folder per book; its folder `characters` holds
each character, cut out by the publisher. Source: doi:10.20676/00000340.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from groupconv.data import tree, zips
from groupconv.data.archive import DamagedError
from groupconv.data.sources.source import Character, RawFile, Scan, Source
from groupconv.ground.errors import DataError

FULL = "full.zip"
CHARACTER = (
    r"characters/(?P<label>U\+[0-9A-F]{4,6})/"
    r"(?P<name>(?P=label)_(?P<page>[\w-]+)_X\d+_Y\d+)\.jpg"
)
OF_FULL = rf"(?:[\w-]+/)*(?P<book>[\w-]+)/{CHARACTER}"
ZIP, ZIP_BYTES = r".*\.zip", 10**9  # of a book, 8 to 434 MB
BOOKS = """
100241706 100249371 100249376 100249416 100249476 100249537 200003076 200003803 200003967 200004107
200004148 200005598 200005798 200006663 200006665 200008003 200008316 200010454 200014685 200014740
200015779 200015843 200017458 200018243 200019865 200020019 200021063 200021071 200021086 200021637
200021644 200021660 200021712 200021763 200021802 200021851 200021853 200021869 200021925 200022050
200025191 brsk00000 hnsd00000 umgy00000
""".split()


def read(raw: list[str], folder: str | None) -> Iterator[Scan]:
    """Yield each character, book by book. Raises DataError."""
    for path in raw:
        book = Path(path).stem
        if Path(path).is_dir():
            found = tree.members(path, CHARACTER)
        elif Path(path).name == FULL:
            found = zips.members(path, OF_FULL)
        else:
            found = zips.members(path, f"{re.escape(book)}/{CHARACTER}")
        empty = True
        for match, content in found:
            empty = False
            label, name, page = match.group("label", "name", "page")
            of = match.groupdict().get("book", book)
            yield Scan(of, page, content, (Character(f"{of}/{name}", label),))
        if empty:  # one of 44 would not be missed
            name = BOOKS[-1] if Path(path).name == FULL else book
            if Path(path).name == FULL and any(True for _ in zips.streams(path, ZIP, ZIP_BYTES)):
                raise DataError(f"{path}: zip files in it: unpack them beside it, and move it away")
            raise DamagedError(
                f"{path}: no character; expected: "
                f"{name}/characters/U+3042/U+3042_{name}_00001_1_X0001_Y0001.jpg"
            )


HOST = "http://codh.rois.ac.jp/char-shape/dataset/v2/"
SOURCE = Source(
    name="char-shape",
    title="Kuzushiji character shapes v2",
    licence="CC BY-SA 4.0",
    citation="『日本古典籍くずし字データセット』（国文研ほか所蔵／CODH加工） doi:10.20676/00000340",
    read=read,
    language="ja",
    files=tuple(
        RawFile(f"{book}.zip", None, None, urls=(f"{HOST}{book}.zip",), size="8 to 434 MB")
        for book in BOOKS
    ),
    others=(
        (RawFile(FULL, None, 7_350_000_000, urls=(HOST + FULL,)),),
        tuple(
            RawFile(book, None, None, by_hand=f"the folder {book} of {book}.zip, unpacked")
            for book in BOOKS
        ),
    ),
)
