"""An unpacked folder among the raw files: one walk for what is read and for what is hashed.

Links to folders are refused: no engine looks behind them, so that what lies there could change
unseen. A link to a file is read as that file. Hidden files are no part of it. Standard library.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from groupconv.data import archive
from groupconv.ground.errors import DataError


def members(path: str, pattern: str) -> Iterator[tuple[re.Match, bytes]]:
    """Yield (match of a file's whole name below ``path``, its content), by name.

    Raises DataError.
    """
    for name in _files(path):
        if match := re.fullmatch(pattern, name):
            with archive.refusing(os.path.join(path, name), "a file"):
                file = Path(path, name)
                archive.check(path, name, file.stat().st_size, archive.MOST_BYTES)
                content = file.read_bytes()
            yield match, content


def sha256(path: str) -> str:
    """One hash of the names and the contents of all files below ``path``. Raises DataError."""
    whole = hashlib.sha256()
    for name in _files(path):
        file = os.path.join(path, name)
        with archive.refusing(file, "a file"), open(file, "rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        whole.update(f"{content}  {name}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def _files(path: str, below: str = "") -> Iterator[str]:
    """The names of the regular files below ``path``, in one order on every file system."""
    folder = os.path.join(path, below) if below else path
    with archive.refusing(folder, "a folder"):
        if os.path.islink(folder):
            raise DataError(f"{folder}: a link: put the folder itself there")
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    for entry in entries:
        name = os.path.join(below, entry.name)
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _files(path, name)
        elif entry.is_file():
            yield name
