"""`folder`: a local folder of your own with one sub-folder of images per class.

ImageNet's layout, <part>/<class>/<image> with the parts train, val and test, is taken as well;
the parts are not kept: the workflow makes its own.
"""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from groupconv.errors import DataError
from groupconv.sources.source import Character, Scan, Source

PARTS = {"train", "val", "test"}


def files(folder: str) -> list[Path]:
    """Every file in the class sub-folders, hidden ones excepted, sorted. Raises DataError.

    A class may be a link to a folder elsewhere; links to folders below it are not followed.
    """
    root = Path(folder)
    if not root.is_dir():
        raise DataError(f"params.yaml: data.folder = {folder}: no such folder")
    found = [
        path
        for label in root.glob("*/*" if has_parts(root) else "*")
        if label.is_dir()
        for path in label.rglob("*")
        if not any(part.startswith(".") for part in path.relative_to(root).parts) and path.is_file()
    ]
    if not found:
        raise DataError(
            f"params.yaml: data.folder = {folder}: no images in sub-folders; "
            "allowed: <class>/<image> or train/<class>/<image>"
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


def has_parts(root: Path) -> bool:
    """Whether the folder has ImageNet's layout."""
    return {p.name for p in root.iterdir() if p.is_dir() and p.name[0] != "."} <= PARTS


def read(raw: list[str], folder: str | None) -> Iterator[Scan]:
    """Yield each file as one character, labelled by its class's folder. Raises DataError."""
    found = files(folder)
    depth = int(has_parts(Path(folder)))
    for path in found:
        name = path.relative_to(folder)
        label = name.parts[depth]
        yield Scan(label, path.name, path.read_bytes(), (Character(name.as_posix(), label),))


SOURCE = Source(
    name="folder",
    title="A local folder",
    licence="that of your images",
    citation="your own",
    read=read,
)
