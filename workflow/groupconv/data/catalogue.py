"""The images of one run of prepare, as tables on disk: memory does not grow with their number.

Which of them are chosen, and which are left out and why, is decided here, from labels and hashes
alone. Knows no pixels and no files of a source.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from groupconv.data.database import database
from groupconv.ground.errors import DataError

FEWEST = 3  # images of a class: one for each of train, val and test
MOST_NAMED = 10  # other classes of an image, in the table of what is left out
COLUMNS = (
    "id class code_point origin page box sha256 height width channels blank spooled reason detail"
).split()


class Catalogue:
    """``listed`` has the source's (id, label), ``image`` a row for each image that was read."""

    def __init__(self, db: sqlite3.Connection):
        self.db = db
        self.db.row_factory = sqlite3.Row
        self.db.executescript(
            "CREATE TABLE listed (id TEXT PRIMARY KEY, label TEXT) WITHOUT ROWID;"
            "CREATE TABLE chosen (id TEXT PRIMARY KEY) WITHOUT ROWID;"
            f"CREATE TABLE image ({', '.join(COLUMNS)}, name INTEGER, PRIMARY KEY (id));"
        )
        self.db.execute("BEGIN")

    def list(self, labelled: Iterable[tuple[str, str]], source: str) -> Counter:
        """Take the (id, label) of ``source`` down; returns each label's count. Raises DataError."""
        for name, label in labelled:
            try:
                self.db.execute("INSERT INTO listed VALUES (?, ?)", (name, label))
            except sqlite3.IntegrityError as error:
                raise DataError(f"{source}: the id {name} stands twice") from error
        self.db.execute("CREATE INDEX of_label ON listed (label, id)")
        return Counter(dict(self.db.execute("SELECT label, COUNT(*) FROM listed GROUP BY label")))

    def choose(
        self, counts: Counter, min_images: int, classes: int | None, images_per_class: int | None
    ) -> int:
        """Choose the most frequent classes (ties by code point), each one's first ids by name.

        Returns how many images. None sets no limit. The rule is ours: the paper does not say
        which classes and images it took. Raises DataError if there are fewer classes.
        """
        enough = [label for label, n in counts.items() if n >= min_images]
        if classes is not None and classes > len(enough):
            raise DataError(
                f"params.yaml: data.classes = {classes}: the source has {len(enough)} classes of "
                f"at least {min_images} images; allowed: 2 to {len(enough)}, or null for all"
            )
        for label in sorted(enough, key=lambda label: (-counts[label], order(label)))[:classes]:
            self.db.execute(
                "INSERT INTO chosen SELECT id FROM listed WHERE label = ? ORDER BY id LIMIT ?",
                (label, -1 if images_per_class is None else images_per_class),
            )
        return self.count("chosen")

    def is_chosen(self, name: str) -> bool:
        """Whether the image of this id was chosen."""
        return bool(self.db.execute("SELECT 1 FROM chosen WHERE id = ?", (name,)).fetchone())

    def add(self, row: dict) -> None:
        """Take down an image that was read, or why it could not be (``reason``, ``detail``)."""
        values = [row.get(column, "") for column in COLUMNS]
        self.db.execute(
            f"INSERT INTO image VALUES ({', '.join('?' * (len(COLUMNS) + 1))})",
            (*values, not row["code_point"]),
        )

    def clean(self) -> None:
        """Give a reason to what is to be left out.

        Blank images and images under several labels go, all copies; of copies within a class the
        first by id stays; a class with fewer than three images left cannot be in all three parts.
        """
        kept = "reason = ''"
        self.db.executescript(f"""
            CREATE INDEX of_content ON image (sha256, class);
            CREATE INDEX of_class ON image (class);
            UPDATE image SET reason = 'blank', detail = 'all pixels are equal'
            WHERE {kept} AND blank;
            CREATE TABLE copied AS
            SELECT sha256, MIN(id) AS first, COUNT(DISTINCT class) AS classes
            FROM image WHERE {kept} GROUP BY sha256 HAVING COUNT(*) > 1;
            UPDATE image SET reason = 'duplicate', detail = 'equals ' || first FROM copied
            WHERE classes = 1 AND image.sha256 = copied.sha256 AND id != first;
        """)
        labels = "SELECT DISTINCT class FROM image WHERE sha256 = ? ORDER BY class"
        conflict = "UPDATE image SET reason = 'conflict', detail = ? WHERE sha256 = ? AND class = ?"
        for (content,) in self.db.execute("SELECT sha256 FROM copied WHERE classes > 1"):
            classes = [label for (label,) in self.db.execute(labels, (content,))]
            for label in classes:
                others = [other for other in classes[: MOST_NAMED + 1] if other != label]
                detail = f"also under {', '.join(others[:MOST_NAMED])}"
                if len(classes) > MOST_NAMED + 1:
                    detail += f" and {len(classes) - 1 - MOST_NAMED:,} more"
                self.db.execute(conflict, (detail, content, label))
        sizes = self.db.execute(
            f"SELECT class, COUNT(*) FROM image WHERE {kept} GROUP BY class HAVING COUNT(*) < ?",
            (FEWEST,),
        ).fetchall()
        for label, size in sizes:
            detail = f"{size} images are left of the class, {FEWEST} are needed"
            small = "UPDATE image SET reason = 'class too small', detail = ?"
            self.db.execute(f"{small} WHERE {kept} AND class = ?", (detail, label))

    def count(self, table: str, where: str = "1") -> int:
        """The number of rows."""
        return self.db.execute(f"SELECT COUNT(*) FROM {table} WHERE {where}").fetchone()[0]

    def kept(self) -> Iterator[dict]:
        """The images that stay: those of code points by value, then those of names, and by id."""
        query = "SELECT * FROM image WHERE reason = '' ORDER BY name, class, id"
        return map(dict, self.db.execute(query))

    def left_out(self) -> Iterator[dict]:
        """The others, by id."""
        return map(dict, self.db.execute("SELECT * FROM image WHERE reason != '' ORDER BY id"))


@contextmanager
def catalogue(folder: str | Path) -> Iterator[Catalogue]:
    """An empty catalogue with its file in ``folder``. Raises DiskError."""
    with database(folder) as db:
        yield Catalogue(db)


def class_name(label: str) -> str:
    """The character of a code point "U+3042" (of several, joined by blanks); else the label."""
    if not label.startswith("U+"):
        return label
    try:
        name = "".join(chr(int(point[2:], 16)) for point in label.split())
        name.encode()  # a surrogate is no character
        return name
    except (ValueError, OverflowError):
        return label


def order(label: str) -> tuple:
    """Sort key: code points by value, then names."""
    name = class_name(label)
    return (name == label, [ord(c) for c in name])
