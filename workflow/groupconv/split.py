"""Step split: data/index.csv -> data/manifest.csv, the same rows with each image's part.

16:4:5 into train, val and test within each class, from ``split.seed`` and the ids alone: no
random numbers, so the same on every machine, and for any order of files. Rows are in a table on
disk: memory does not grow with them, but with the largest class, or the pages. Knows no pixels.
"""

import csv
import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from groupconv import atomic, catalogue
from groupconv.errors import DataError
from groupconv.progress import say

PARTS = ("train", "val", "test")
RATIO = (16, 4, 5)  # the paper, Section 5


def run(params: dict, index: str, manifest: str) -> None:
    """Add the column `split`. Raises DataError."""
    seed, unit = params["split"]["seed"], params["split"]["unit"]
    with (
        atomic.scratch(Path(manifest).with_name("split")) as folder,
        catalogue.database(folder) as db,
    ):
        db.execute("CREATE TABLE image (id PRIMARY KEY, class, page, sha256 UNIQUE, part)")
        db.execute("BEGIN")
        try:
            db.executemany(
                "INSERT INTO image VALUES (:id, :class, :origin || '/' || :page, :sha256, '')",
                _rows(index),
            )
        except sqlite3.IntegrityError as error:
            raise DataError(f"{index}: two rows have the same pixels; run prepare again") from error
        (assign_by_page if unit == "page" else assign_by_class)(db, seed)
        with open(index, newline="", encoding="utf-8") as table, atomic.write(manifest) as file:
            reader, writer = csv.reader(table), csv.writer(file, lineterminator="\n")
            header = next(reader)
            writer.writerow([*header, "split"])
            for row in reader:
                name = (row[header.index("id")],)
                part = db.execute("SELECT part FROM image WHERE id = ?", name).fetchone()
                writer.writerow([*row, *part])
        counts = dict(db.execute("SELECT part, COUNT(*) FROM image GROUP BY part"))
    shares = exact_shares(sum(counts.values()))
    say(
        "split: "
        + ", ".join(
            f"{part} {counts.get(part, 0):,} (exact share {share:,.1f})"
            for part, share in zip(PARTS, shares, strict=True)
        )
    )


def _rows(path: str) -> Iterator[dict]:
    """A table's rows, one at a time."""
    with open(path, newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def assign_by_class(db: sqlite3.Connection, seed: int) -> None:
    """Give each image of the table its part, class by class."""
    db.execute("CREATE INDEX of_class ON image (class)")
    for (label,) in db.execute("SELECT DISTINCT class FROM image").fetchall():
        ids = [name for (name,) in db.execute("SELECT id FROM image WHERE class = ?", (label,))]
        parts = assign_splits(ids, seed)
        db.executemany("UPDATE image SET part = ? WHERE id = ?", [(p, i) for i, p in parts.items()])


def assign_by_page(db: sqlite3.Connection, seed: int) -> None:
    """Give each image of the table its page's part. Raises DataError."""
    db.execute("CREATE INDEX of_page ON image (page)")
    parts = assign_pages(dict(db.execute("SELECT page, COUNT(*) FROM image GROUP BY page")), seed)
    db.executemany("UPDATE image SET part = ? WHERE page = ?", [(p, i) for i, p in parts.items()])
    missing = db.execute(
        "SELECT class FROM image GROUP BY class HAVING SUM(part = 'train') = 0"
    ).fetchall()
    if missing:
        raise DataError(
            f"params.yaml: split.unit = page, split.seed = {seed}: {len(missing)} classes "
            f"have no training image ({' '.join(label for (label,) in missing[:5])}); "
            "another seed, or image"
        )


def exact_shares(n: int) -> list[float]:
    """``n`` divided 16:4:5."""
    return [n * weight / sum(RATIO) for weight in RATIO]


def boundaries(n: int) -> tuple[int, int]:
    """Where a class of ``n`` ordered images ends train, and val: its exact shares, rounded.

    Each part is then within 1 of its exact share and, from three images on, not empty. Each
    boundary moves by 0 or 1 when n grows by 1, so one more image moves at most two others.
    """
    train, train_and_val = ((2 * n * w + 25) // 50 for w in (RATIO[0], RATIO[0] + RATIO[1]))
    if n < len(PARTS):
        return n, n
    return min(train, n - 2), min(train_and_val, n - 1)


def assign_splits(ids: list[str], seed: int) -> dict[str, str]:
    """The part of each image of one class: ids in the order of their hashes, cut in three."""
    ordered = sorted(set(ids), key=lambda name: (_hash(name, seed), name))
    train_end, val_end = boundaries(len(ordered))
    return {name: PARTS[(i >= train_end) + (i >= val_end)] for i, name in enumerate(ordered)}


def assign_pages(sizes: dict[str, int], seed: int) -> dict[str, str]:
    """The part of each page, of which the number of images is given; for all classes at once.

    Pages in the order of their hashes go, one after another, to the part that lacks most of its
    exact share, so that the overall counts come near 16:4:5. Raises DataError under three pages.
    """
    if len(sizes) < len(PARTS):
        raise DataError(
            f"params.yaml: split.unit = page: {len(sizes)} pages; at least {len(PARTS)} are "
            "needed, or split.unit: image"
        )
    shares = dict(zip(PARTS, exact_shares(sum(sizes.values())), strict=True))
    lacking, part_of = dict(shares), {}
    for page in sorted(sizes, key=lambda page: (_hash(page, seed), page)):
        # The share still lacking, relative: the small parts get a page before train is full.
        part_of[page] = max(PARTS, key=lambda part: lacking[part] / shares[part])
        lacking[part_of[page]] -= sizes[page]
    return part_of


def _hash(text: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()
