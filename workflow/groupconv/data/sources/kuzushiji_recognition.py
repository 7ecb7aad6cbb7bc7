"""`kuzushiji-recognition`: Kaggle's competition of 2019, page scans with a box for each character.

train.csv has a row for each page: its name, and "U+306F X Y WIDTH HEIGHT" again and again. The
pages of the test part have no boxes, and are not read. Kaggle gives the files to those who have
joined: nothing here fetches them. Images: CODH's, as in `char-shape`; doi:10.20676/00000340.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from groupconv.data import archive, tree, zips
from groupconv.data.archive import DamagedError
from groupconv.data.sources.source import Character, RawFile, Scan, Source
from groupconv.ground.errors import DataError

TABLE, PAGES = "train.csv", "train_images"
MOST_TABLE = 100_000_000  # bytes
PAGE = r"(?:.*/)?([\w-]+)\.jpg"
PAGE_OF_ALL = rf"(?:.*/)?{PAGES}/([\w-]+)\.jpg"  # where the test part lies beside it


def read(raw: list[str], folder: str | None) -> Iterator[Scan]:
    """Yield each page with the boxes of its characters. Raises DataError."""
    table, pages = (raw[0], raw[-1])
    boxes = _boxes(table, _table(table))
    if not boxes:
        raise DataError(f"{table}: no boxes; expected: image_id, labels (U+306F X Y WIDTH HEIGHT)")
    of_one = len(raw) == 1
    found = tree.members if Path(pages).is_dir() else zips.members
    for match, content in found(pages, PAGE_OF_ALL if of_one else PAGE):
        if characters := boxes.pop(match[1], None):
            origin = re.split(r"[_-]", match[1])[0]  # the book
            yield Scan(origin, match[1], content, characters)
    if boxes:  # a page less would not be missed
        raise DataError(f"{pages}: no page {min(boxes)}.jpg, of {len(boxes):,} that {TABLE} names")


def _table(path: str) -> str:
    """The text of train.csv, alone or in the one zip."""
    if not path.endswith(".zip"):
        with archive.refusing(path, "a file"):
            archive.check(path, TABLE, Path(path).stat().st_size, MOST_TABLE)
            return Path(path).read_text(encoding="utf-8-sig")
    for match, file in zips.streams(path, rf"(?:.*/)?{re.escape(TABLE)}", MOST_TABLE):
        with archive.refusing(f"{path}: {match[0]}", "a table in UTF-8"):
            return file.read(file.left).decode("utf-8-sig")
    raise DataError(f"{path}: no {TABLE} in it; put {TABLE} and {PAGES}.zip there instead")


def _boxes(path: str, table: str) -> dict[str, tuple[Character, ...]]:
    """The characters of each page that has any. Raises DataError."""
    found = {}
    with archive.refusing(path, "the table that is expected"):
        for row in csv.DictReader(io.StringIO(table)):
            page, words = row["image_id"], (row["labels"] or "").split()
            if len(words) % 5:
                raise DamagedError(f"{path}: {ascii(page)[:60]}: labels that are not five and five")
            if words:
                found[page] = tuple(
                    Character(f"{page}/{i:04}", label, tuple(map(int, box)))
                    for i, (label, *box) in enumerate(zip(*[iter(words)] * 5, strict=True))
                )
    return found


JOINED = "kaggle competitions download -c kuzushiji-recognition, once you have joined it"
TABLE_FILE = RawFile(TABLE, None, None, by_hand=JOINED)
SOURCE = Source(
    name="kuzushiji-recognition",
    title="Kuzushiji Recognition (Kaggle, 2019): page scans with boxes",
    licence="CODH's data is CC BY-SA 4.0; Kaggle's rules of the competition",
    citation="『日本古典籍くずし字データセット』（国文研ほか所蔵／CODH加工） doi:10.20676/00000340",
    read=read,
    language="ja",
    layout="train.csv, train_images/100241706_00004_2.jpg",
    files=(TABLE_FILE, RawFile(f"{PAGES}.zip", None, None, by_hand=JOINED)),
    others=(
        (TABLE_FILE, RawFile(PAGES, None, None, by_hand=JOINED)),
        (RawFile("kuzushiji-recognition.zip", None, None, by_hand=JOINED),),
    ),
)
