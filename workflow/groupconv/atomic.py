"""Files appear whole or not at all: written beside their name, flushed to disk, then renamed."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from groupconv.errors import DiskError


@contextlib.contextmanager
def write(path: str | Path, mode: str = "w") -> Iterator[IO]:
    """Open a temporary file beside ``path`` and rename it to ``path`` on success.

    ``mode`` is "w" (UTF-8, newlines as written) or "wb". On any error the temporary file is
    removed and ``path`` is as it was. Raises DiskError if the file system refuses the bytes.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    try:
        with open(part, mode, **text) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        if error.filename not in (None, str(part), str(path)):
            raise  # not ours: the block failed on another file
        raise DiskError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8, whole or not at all. Raises DiskError."""
    with write(path) as file:
        file.write(text)


def check_free(path: str | Path, needed_bytes: int, what: str) -> None:
    """Raise DiskError if the file system of ``path`` has less than ``needed_bytes`` free."""
    folder = Path(path).absolute().parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise DiskError(
            f"{path}: {what} needs about {needed_bytes / 1e6:,.0f} MB, "
            f"its disk has {free / 1e6:,.0f} MB free"
        )
