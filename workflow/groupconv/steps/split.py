"""Step split: data/index.csv -> data/manifest.csv, the same rows with each image's part.

16:4:5 into train, val and test within each class, from ``split.seed`` and the ids alone: no
random numbers, so the same on every machine, and for any order of files. Rows are in a table on
disk: memory does not grow with them, but with the largest class, or the pages. Knows no pixels.
"""

import csv
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from groupconv.data.database import database
from groupconv.data.parts import PARTS, assign_pages, assign_splits, exact_shares
from groupconv.ground import atomic
from groupconv.ground.errors import DataError
from groupconv.ground.progress import say


def run(params: dict, index: str, manifest: str) -> None:
    """Add the column `split`. Raises DataError."""
    seed, unit = params["split"]["seed"], params["split"]["unit"]
    with (
        atomic.scratch(Path(manifest).with_name("split")) as folder,
        database(folder) as db,
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
