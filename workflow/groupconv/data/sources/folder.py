"""`folder`: a local folder of your own with one sub-folder of images per class.

ImageNet's layout, <part>/<class>/<image> with the parts train, val and test, is taken as well,
where one of these has sub-folders. The parts are not kept: the workflow makes its own.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from groupconv.data.archive import NO_TABLE_HOLDS, refusing
from groupconv.data.sources.source import Character, Scan, Source
from groupconv.ground.errors import DataError

PARTS = {"train", "val", "test"}
MOST_BYTES = 200_000_000  # of one file; an image of 40 million pixels in 4 channels has 160 million


def check(folder: str) -> None:
    """Raise DataError unless there is an image: the first that is found ends the search."""
    if not any(True for label in labels_of(folder) for _ in _below(label)):
        raise DataError(
            f"params.yaml: data.folder = {folder}: no images in sub-folders; "
            "allowed: <class>/<image> or train/<class>/<image>"
        )


def files(folder: str) -> Iterator[Path]:
    """Every file in the class sub-folders, hidden ones excepted, sorted within each of them.

    A class may be a link to a folder elsewhere; links to folders below it are not followed.
    Raises DataError.
    """
    for label in labels_of(folder):
        for path in sorted(_below(label)):
            name = str(path.relative_to(folder))
            if NO_TABLE_HOLDS.search(name):
                raise DataError(
                    f"params.yaml: data.folder = {folder}: {name!a}: rename it; "
                    "allowed: names in UTF-8 without control characters"
                )
            yield path


def labels_of(folder: str) -> list[Path]:
    """The folders of the classes. Raises DataError."""
    with refusing(folder, "a folder"):
        if not Path(folder).is_dir():
            raise DataError(f"params.yaml: data.folder = {folder}: no such folder")
        return layout(Path(folder))[0]


def _below(label: Path) -> Iterator[Path]:
    """The files in one class's folder. One that cannot be listed is an error, not empty."""

    def fail(error: OSError) -> None:
        raise error

    with refusing(str(label), "a folder"):
        for at, folders, names in os.walk(label, onerror=fail):
            folders[:] = [name for name in folders if name[0] != "."]
            found = (Path(at, name) for name in names if name[0] != ".")
            yield from (path for path in found if path.is_file())


def layout(root: Path) -> tuple[list[Path], list[str]]:
    """The folders of the classes, and the names of folders beside the parts, if there are parts."""
    parts = [top for top in _folders(root) if top.name in PARTS and _folders(top)]
    labels = [label for part in parts for label in _folders(part)] or _folders(root)
    return labels, [top.name for top in _folders(root) if parts and top not in parts]


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")


def taken(folder: str, classes: int) -> str:
    """Where so many classes were found, in a line."""
    labels, beside = layout(Path(folder))
    parts = sorted({label.parent.name for label in labels if label.parent != Path(folder)})
    return (
        f"{folder}: {classes:,} classes"
        + (f"; ImageNet's layout: {', '.join(parts)}" if parts else "")
        + (f"; not read: {', '.join(beside)}" if beside else "")
    )


def read(raw: list[str], folder: str | None) -> Iterator[Scan]:
    """Yield each file as one character, labelled by its class's folder. Raises DataError."""
    check(folder)
    depth = len(labels_of(folder)[0].relative_to(folder).parts) - 1
    for path in files(folder):
        with refusing(str(path), "a file"):
            if (size := path.stat().st_size) > MOST_BYTES:
                raise DataError(f"{path}: {size:,} bytes; allowed: {MOST_BYTES:,}")
            content = path.read_bytes()
        name = path.relative_to(folder)
        label = name.parts[depth]
        yield Scan(label, path.name, content, (Character(name.as_posix(), label),))


SOURCE = Source(
    name="folder",
    title="A local folder",
    licence="that of your images",
    citation="your own",
    read=read,
    taken=taken,
)
