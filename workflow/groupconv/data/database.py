"""A private SQLite file for one run of a step: memory does not grow with the rows."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from groupconv.ground.errors import DiskError


@contextmanager
def database(folder: str | Path) -> Iterator[sqlite3.Connection]:
    """An empty database with its file in ``folder``. Raises DiskError."""
    with closing(sqlite3.connect(Path(folder) / "catalogue.sqlite", isolation_level=None)) as db:
        # A private file of this run: nothing to recover after a crash.
        db.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE;"
        )
        try:
            yield db
        except sqlite3.OperationalError as error:
            raise DiskError(f"{folder}: cannot be written: {error}") from error
