"""`folder`: a local folder of your own with one sub-folder of images per class."""

import hashlib
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from groupconv.errors import DataError
from groupconv.sources.source import Character, Scan, Source


def files(folder: str) -> list[Path]:
    """Every file in the class sub-folders, hidden ones excepted, sorted. Raises DataError.

    A class may be a link to a folder elsewhere; links to folders below it are not followed.
    """
    root = Path(folder)
    if not root.is_dir():
        raise DataError(f"params.yaml: data.folder = {folder}: no such folder")
    found = [
        path
        for label in root.iterdir()
        if label.is_dir()
        for path in label.rglob("*")
        if not any(part.startswith(".") for part in path.relative_to(root).parts) and path.is_file()
    ]
    if not found:
        raise DataError(
            f"params.yaml: data.folder = {folder}: no images in sub-folders; "
            "allowed: <class>/<image>"
        )
    for path in found:
        # A table cannot hold a lone surrogate (a byte that is not UTF-8) or every line break.
        name = str(path.relative_to(root))
        if any(unicodedata.category(c) in ("Cc", "Cs") for c in name):
            raise DataError(
                f"params.yaml: data.folder = {folder}: {name!a}: rename it; "
                "allowed: names in UTF-8 without control characters"
            )
    return sorted(found, key=lambda path: path.relative_to(root).as_posix())


def listing(folder: str) -> str:
    """A digest that changes when a file is added, removed or rewritten. Raises DataError."""
    digest = hashlib.sha256()
    for path in files(folder):
        stat = path.stat()
        digest.update(f"{path.relative_to(folder)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def read(raw: list[str], folder: str | None) -> Iterator[Scan]:
    """Yield each file as one character, labelled by its top folder. Raises DataError."""
    for path in files(folder):
        name = path.relative_to(folder).as_posix()
        label = name.split("/")[0]
        yield Scan(label, os.path.basename(name), path.read_bytes(), (Character(name, label),))


SOURCE = Source(
    title="A local folder",
    licence="that of your images",
    citation="your own",
    read=read,
)
