"""The images of one run of prepare, as tables on disk: memory does not grow with their number.

Which of them are chosen, and which are left out and why, is decided here, from labels and hashes
alone. Knows no pixels and no files of a source.
"""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from groupconv.data.database import database
from groupconv.data.labels import class_name, code_point, is_code_point
from groupconv.ground.errors import DataError, span
from groupconv.ground.progress import many

FEWEST = 3  # images of a class: one for each of train, val and test
FEWEST_CLASSES = 2  # with one there is nothing to tell apart, and every answer is right
PIXELS = "height * width * channels"  # bytes of an image
MOST_WARNINGS = 5  # that are said
MOST_NAMED = 10  # other classes of an image, in the table of what is left out
COLUMNS = (
    "id class code_point origin page part box sha256 height width channels blank lost depth "
    "warned spooled reason detail"
).split()
# Why an image is not packed: before it is decoded, by the choice, and after it is decoded.
NOT_CHOSEN = ("under min_images", "class not chosen", "over images_per_class")
REASONS = (
    "not an image",
    *NOT_CHOSEN,
    "unreadable",
    "blank",
    "no contrast",
    "duplicate",
    "conflict",
    "class too small",
)
# The share of its stratum that is drawn before an image: 0, 1/n, 2/n ... Adams's apportionment.
DRAW = """
    INSERT INTO chosen SELECT id FROM (
        SELECT id, drawn, stratum,
            (ROW_NUMBER() OVER (PARTITION BY stratum ORDER BY drawn, id) - 1.0)
                / COUNT(*) OVER (PARTITION BY stratum) AS before
        FROM (SELECT id, stratum, draw(id) AS drawn FROM listed WHERE class = ?)
    ) ORDER BY before, drawn, id LIMIT ?
"""
COUNTS = ["class", "code_point", "source", *(r.replace(" ", "_") for r in REASONS), "kept"]


def _draw(name: str) -> bytes:
    """An image's place in the draw, the same on every machine."""
    return hashlib.sha256(f"draw:{name}".encode()).digest()


class Catalogue:
    """``listed`` has the source's (id, class, stratum), ``image`` a row for each image read."""

    def __init__(self, db: sqlite3.Connection):
        self.db = db
        self.db.row_factory = sqlite3.Row
        self.db.executescript(
            "CREATE TABLE listed (id TEXT PRIMARY KEY, class TEXT, stratum TEXT) WITHOUT ROWID;"
            "CREATE TABLE chosen (id TEXT PRIMARY KEY) WITHOUT ROWID;"
            "CREATE TABLE class (class TEXT PRIMARY KEY, point, size, passed, chosen, fate)"
            " WITHOUT ROWID;"
            f"CREATE TABLE image ({', '.join(COLUMNS)}, name INTEGER, PRIMARY KEY (id));"
        )
        self.db.create_function("draw", 1, _draw, deterministic=True)
        self.db.execute("BEGIN")
        self.source, self.known = "", set()

    def list(self, labelled: Iterable[tuple[str, str, str]], source: str) -> Counter:
        """Store the (id, label, stratum) of ``source``; returns each class's count.

        A stratum is a published part or a book: none is favoured by choose(). Raises DataError.
        """
        self.source = source
        for name, label, stratum in labelled:
            row = (name, class_name(label), stratum)
            try:
                self.db.execute("INSERT INTO listed VALUES (?, ?, ?)", row)
            except sqlite3.IntegrityError as error:
                raise self._twice(name) from error
            self._know(label)
        self.db.execute("CREATE INDEX of_listed ON listed (class, id)")
        self.db.execute(
            "UPDATE class SET size = found FROM "
            "(SELECT class AS label, COUNT(*) AS found FROM listed GROUP BY class) "
            "WHERE class = label"
        )
        return Counter(dict(self.db.execute("SELECT class, size FROM class WHERE size > 0")))

    def _know(self, label: str) -> None:
        """A class is one of code points if one label of it is."""
        if label in self.known:
            return
        self.known.add(label)
        self.db.execute(
            "INSERT INTO class VALUES (?, ?, 0, 0, 0, '') "
            "ON CONFLICT DO UPDATE SET point = excluded.point WHERE excluded.point > point",
            (class_name(label), is_code_point(label)),
        )

    def _twice(self, name: str) -> DataError:
        forms = (
            "" if name.isascii() else " (composed or not, NFC or NFD, it is the same): rename one"
        )
        return DataError(f"{self.source}: the id {name} stands twice{forms}")

    def choose(
        self, counts: Counter, min_images: int, classes: int | None, images_per_class: int | None
    ) -> int:
        """Choose the most frequent classes (ties by code point), and images of each.

        Images are drawn by a hash of their ids, from the strata of a class in proportion: each
        gives its first image before one gives its second. It depends on no other class, and a
        higher number adds to a lower one's. None sets no limit. Returns how many images. The rule
        is ours: the paper does not say which it took. Raises DataError if there are fewer classes.
        """
        enough = [label for label, n in counts.items() if n >= min_images]
        if classes is not None and classes > len(enough):
            raise DataError(
                f"params.yaml: data.classes = {classes}: the source has "
                f"{many(len(enough), 'class')} of at least {min_images} images; allowed: "
                f"{span(FEWEST_CLASSES, len(enough))}, or null for all"
            )
        points = {label for (label,) in self.db.execute("SELECT class FROM class WHERE point")}
        enough.sort(key=lambda label: (-counts[label], label not in points, [*map(ord, label)]))
        few, left = NOT_CHOSEN[:2]
        self.db.execute("UPDATE class SET fate = ? WHERE size < ?", (few, min_images))
        self.db.executemany(
            "UPDATE class SET fate = ? WHERE class = ?",
            [(left, label) for label in enough[len(enough) if classes is None else classes :]],
        )
        for label in enough[:classes]:
            taken = min(images_per_class or counts[label], counts[label])
            if taken == counts[label]:
                every = "INSERT INTO chosen SELECT id FROM listed WHERE class = ?"
                self.db.execute(every, (label,))
            else:
                self.db.execute(DRAW, (label, taken))
            self.db.execute("UPDATE class SET chosen = ? WHERE class = ?", (taken, label))
        return self.count("chosen")

    def is_chosen(self, name: str) -> bool:
        """Whether the image of this id was chosen."""
        return bool(self.db.execute("SELECT 1 FROM chosen WHERE id = ?", (name,)).fetchone())

    def pass_over(self, row: dict, label: str) -> None:
        """Store a file that cannot be an image of the set, while the source is listed."""
        self._know(label)
        self.add(row)
        self.db.execute("UPDATE class SET passed = passed + 1 WHERE class = ?", (row["class"],))

    def add(self, row: dict) -> None:
        """Store an image that was read, or why it could not be (``reason``, ``detail``).

        Raises DataError if its id stands there already.
        """
        known = self.db.execute("SELECT point FROM class WHERE class = ?", (row["class"],))
        if (found := known.fetchone()) and found["point"]:
            row = {**row, "code_point": code_point(row["class"])}
        values = [row.get(column, "") for column in COLUMNS]
        try:
            self.db.execute(
                f"INSERT INTO image VALUES ({', '.join('?' * (len(COLUMNS) + 1))})",
                (*values, not row["code_point"]),
            )
        except sqlite3.IntegrityError as error:
            raise self._twice(row["id"]) from error

    def clean(self) -> None:
        """Give every image that will be left out its reason.

        Blank images and images under several labels go, all copies; of copies within a class the
        first by id stays, one of the published test part before one of training; a class with
        fewer than three images left cannot be in all three parts.
        """
        kept = "reason = ''"
        self.db.executescript(f"""
            CREATE INDEX of_content ON image (sha256, class);
            CREATE INDEX of_class ON image (class);
            UPDATE image SET reason = 'no contrast', detail = lost
            WHERE {kept} AND blank AND lost != '';
            UPDATE image SET reason = 'blank', detail = 'all pixels are equal'
            WHERE {kept} AND blank;
            CREATE TABLE copied AS
            SELECT sha256, SUBSTR(MIN(
                CASE part WHEN 'test' THEN 0 WHEN 'val' THEN 1 ELSE 2 END || id
            ), 2) AS first, COUNT(DISTINCT class) AS classes
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
            detail = f"images left of the class: {size}; needed: {FEWEST}"
            small = "UPDATE image SET reason = 'class too small', detail = ?"
            self.db.execute(f"{small} WHERE {kept} AND class = ?", (detail, label))

    def count(self, table: str, where: str = "1") -> int:
        """The number of rows."""
        return self.db.execute(f"SELECT COUNT(*) FROM {table} WHERE {where}").fetchone()[0]

    def kept(self) -> Iterator[dict]:
        """The images that stay: those of code points by value, then those of names, and by id.

        ``offset``: where its pixels begin, once those of the others are gone.
        """
        query = f"""
            SELECT *, SUM({PIXELS}) OVER (ORDER BY spooled) - {PIXELS} AS offset
            FROM image WHERE reason = '' ORDER BY name, class, id
        """
        return map(dict, self.db.execute(query))

    def places(self) -> Iterator[tuple[int, int]]:
        """(where its pixels begin, how many bytes) of each that stays, in the order of reading."""
        query = f"SELECT spooled, {PIXELS} FROM image WHERE reason = '' ORDER BY spooled"
        return map(tuple, self.db.execute(query))

    def left_out(self, reason: str | None = None) -> Iterator[dict]:
        """The others, or those of one ``reason``, by id."""
        query = "SELECT * FROM image WHERE reason {} ORDER BY id".format
        if reason is None:
            return map(dict, self.db.execute(query("!= ''")))
        return map(dict, self.db.execute(query("= ?"), (reason,)))

    def counts(self) -> Iterator[dict]:
        """A row for each class of the source, in the order of ``kept``, with the columns COUNTS.

        Of each class, and so of all: source = the sum of the reasons + kept.
        """
        sums = ", ".join(
            f"COALESCE(SUM(reason = '{r}'), 0) AS '{r.replace(' ', '_')}'"
            for r in ("", *REASONS)
            if r not in NOT_CHOSEN
        )
        query = f"""
            SELECT class.class, point, size, passed, chosen, fate, {sums}
            FROM class LEFT JOIN image ON image.class = class.class
            GROUP BY class.class ORDER BY NOT point, class.class
        """
        for found in map(dict, self.db.execute(query)):
            row = dict.fromkeys(COUNTS, 0) | {k: v for k, v in found.items() if k in COUNTS}
            row["code_point"] = code_point(row["class"]) if found["point"] else ""
            fate = found["fate"] or NOT_CHOSEN[2]
            row[fate.replace(" ", "_")] = found["size"] - found["chosen"]
            row["kept"] = found[""]
            row["source"] = found["size"] + found["passed"]
            yield row

    def depths(self) -> Counter:
        """The number of images of each depth that only their values show: {"12 of 16": 3}."""
        query = "SELECT depth, COUNT(*) FROM image WHERE depth != '' GROUP BY depth"
        return Counter(dict(map(tuple, self.db.execute(query))))

    def warnings(self) -> Iterator[tuple[str, int, str]]:
        """(text, how many images, the first by id) of the most frequent warnings of decoding."""
        query = (
            "SELECT warned, COUNT(*), MIN(id) FROM image WHERE warned != '' "
            "GROUP BY warned ORDER BY COUNT(*) DESC, warned LIMIT ?"
        )
        return map(tuple, self.db.execute(query, (MOST_WARNINGS,)))

    def total(self) -> Counter:
        """The counts of all classes together."""
        total = Counter()
        for row in self.counts():
            total.update({column: row[column] for column in COUNTS[2:] if row[column]})
        return total


@contextmanager
def catalogue(folder: str | Path) -> Iterator[Catalogue]:
    """An empty catalogue with its file in ``folder``. Raises DiskError."""
    with database(folder) as db:
        yield Catalogue(db)
