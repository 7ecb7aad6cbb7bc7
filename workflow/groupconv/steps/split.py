"""Step split: data/index.csv -> data/manifest.csv, the same rows with each image's part.

16:4:5 into train, val and test within each class, from ``split.seed`` and the ids alone: no
random numbers, so the same on every machine, and for any order of files. A test part that the
source's publisher made stays one, unless ``split.division`` is "pooled"; its training part is then
divided 16:4. Rows are in a table on disk: memory does not grow with them, but with the largest
class, or the pages. Knows no pixels.
"""

import csv
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from groupconv.data import division
from groupconv.data.database import database
from groupconv.data.parts import PARTS, assign_pages, assign_splits, exact_shares
from groupconv.ground import atomic
from groupconv.ground.errors import DataError
from groupconv.ground.progress import many, say


def run(params: dict, index: str, manifest: str) -> None:
    """Add the column `split`; `part` stays where the source has a division.

    Raises DataError, DiskError.
    """
    seed, unit = params["split"]["seed"], params["split"]["unit"]
    with (
        atomic.scratch(Path(manifest).with_name("split")) as folder,
        database(folder) as db,
    ):
        db.execute("CREATE TABLE image (id PRIMARY KEY, class, page, sha256 UNIQUE, part, split)")
        db.execute("BEGIN")
        try:
            db.executemany(
                "INSERT INTO image VALUES "
                "(:id, :class, :origin || '/' || :page, :sha256, :part, '')",
                _rows(index),
            )
        except sqlite3.IntegrityError as error:
            raise DataError(f"{index}: two rows have the same pixels; run prepare again") from error
        published = {part for (part,) in db.execute("SELECT DISTINCT part FROM image")}
        kept = division.kept(published) if params["split"]["division"] == "published" else {}
        keep(db, kept)
        shared = tuple(part for part in PARTS if part not in kept.values())
        (assign_by_page if unit == "page" else assign_by_class)(db, seed, shared)
        _check_training(db, params["split"], kept)
        _write(db, index, manifest, bool(division.kept(published)))
        found = Counter(
            {
                (part, split): n
                for part, split, n in db.execute(
                    "SELECT part, split, COUNT(*) FROM image GROUP BY part, split"
                )
            }
        )
    if line := division.says(found, params["split"]["division"]):
        say(f"split: {line}")
    say(f"split: {_shares(found, shared)}")


def keep(db: sqlite3.Connection, kept: dict[str, str]) -> None:
    """Keep the published parts in ``kept``, and say which classes have no image in one of them."""
    for part, split in kept.items():
        db.execute("UPDATE image SET split = ? WHERE part = ?", (split, part))
        without = db.execute(
            "SELECT class FROM image GROUP BY class HAVING SUM(part = ?) = 0 ORDER BY class",
            (part,),
        ).fetchall()
        if without:
            say(f"split: the published {part} part has no image of {_named(without)}")


def _named(classes: list[tuple[str]]) -> str:
    few = " ".join(label for (label,) in classes[:5])
    return f"{many(len(classes), 'class')} ({few})"


def _check_training(db: sqlite3.Connection, asked: dict, kept: dict[str, str]) -> None:
    """Raise DataError if a class cannot be learnt, or a part is empty."""
    missing = db.execute(
        "SELECT class FROM image GROUP BY class HAVING SUM(split = 'train') = 0 ORDER BY class"
    ).fetchall()
    here = [f"split.division = {asked['division']}"] if kept else []
    instead = ["split.division: pooled"] if kept else []
    if asked["unit"] == "page":
        here += [f"split.unit = page, split.seed = {asked['seed']}"]
        instead = ["another seed", *instead, "split.unit: image"]
    if missing:
        raise DataError(
            f"params.yaml: {', '.join(here)}: {_named(missing)} without a training image; "
            f"allowed: {' or '.join(instead)}"
        )
    there = {split for (split,) in db.execute("SELECT DISTINCT split FROM image")}
    if kept and (empty := [part for part in PARTS if part not in there]):
        raise DataError(
            f"params.yaml: {', '.join(here)}: the part {empty[0]} would be empty, as no class has "
            f"two images in the published training part; allowed: {' or '.join(instead)}"
        )


def _write(db: sqlite3.Connection, index: str, manifest: str, divided: bool) -> None:
    """The rows of ``index`` with their split; the column `part` where there is a division."""
    with open(index, newline="", encoding="utf-8") as table, atomic.write(manifest) as file:
        reader, writer = csv.reader(table), csv.writer(file, lineterminator="\n")
        header = next(reader)
        columns = [i for i, name in enumerate(header) if divided or name != "part"]
        writer.writerow([*(header[i] for i in columns), "split"])
        for row in reader:
            name = (row[header.index("id")],)
            split = db.execute("SELECT split FROM image WHERE id = ?", name).fetchone()
            writer.writerow([*(row[i] for i in columns), *split])


def _shares(found: Counter, shared: tuple[str, ...]) -> str:
    """How many images each part has, and its exact share where it was divided here."""
    sizes = Counter()
    for (_, split), n in found.items():
        sizes[split] += n
    shares = exact_shares(sum(sizes[part] for part in shared), shared)
    exact = {p: f"exact share {n:,.1f}" for p, n in zip(shared, shares, strict=True)}
    return ", ".join(f"{p} {sizes[p]:,} ({exact.get(p, 'as published')})" for p in PARTS)


def _rows(path: str) -> Iterator[dict]:
    """A table's rows, one at a time."""
    with open(path, newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def assign_by_class(db: sqlite3.Connection, seed: int, parts: tuple[str, ...]) -> None:
    """Divide the images that have no part yet among ``parts``, class by class."""
    db.execute("CREATE INDEX of_class ON image (class)")
    for (label,) in db.execute("SELECT DISTINCT class FROM image").fetchall():
        free = "SELECT id FROM image WHERE class = ? AND split = ''"
        ids = [name for (name,) in db.execute(free, (label,))]
        found = assign_splits(ids, seed, parts)
        db.executemany(
            "UPDATE image SET split = ? WHERE id = ?", [(p, i) for i, p in found.items()]
        )


def assign_by_page(db: sqlite3.Connection, seed: int, parts: tuple[str, ...]) -> None:
    """Give each image that has no part yet the part of its page. Raises DataError."""
    db.execute("CREATE INDEX of_page ON image (page)")
    free = "SELECT page, COUNT(*) FROM image WHERE split = '' GROUP BY page"
    found = assign_pages(dict(db.execute(free)), seed, parts)
    # A page of the published test part may have the name of one in training.
    take = "UPDATE image SET split = ? WHERE page = ? AND split = ''"
    db.executemany(take, [(p, i) for i, p in found.items()])
