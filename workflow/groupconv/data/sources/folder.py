"""`folder`: a local folder of your own with one sub-folder of images per class.

Other layouts, with parts or with one folder more, are in layout.py.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from groupconv.data.archive import NO_TABLE_HOLDS, refusing
from groupconv.data.formats import head, kind_of
from groupconv.data.labels import composed
from groupconv.data.layout import ONE_CLASS, layout
from groupconv.data.listing import is_copies, is_systems, may_be_image, refuse_link
from groupconv.data.sources.source import Character, Scan, Source
from groupconv.ground.errors import DataError
from groupconv.ground.progress import many

MOST_BYTES = 2_200_000_000  # of one image; 250 million pixels of 4 channels of 16 bits have 2e9


def check(folder: str) -> None:
    """Raise DataError unless there are classes, and an image: the first one ends the search."""
    if not any(True for label in labels_of(folder) for _ in _below(label)):
        raise DataError(
            f"params.yaml: data.folder = {folder}: no images in sub-folders; "
            "allowed: <class>/<image> or train/<class>/<image>"
        )


def files(folder: str) -> Iterator[Path]:
    """Every file in the class sub-folders, sorted within each of them.

    Hidden ones, and what a system or a storage keeps for itself, are excepted. A link to a file is
    read as that file. Raises DataError.
    """
    for _, path, _ in _labelled(folder):
        yield path


def _labelled(folder: str) -> Iterator[tuple[str, Path, str]]:
    """(label, file, published part) of every file."""
    part_of = layout(folder).part_of
    for label in labels_of(folder):
        part = part_of(label)
        for path in sorted(_below(label)):
            name = str(path.relative_to(folder))
            if NO_TABLE_HOLDS.search(name):
                raise DataError(
                    f"params.yaml: data.folder = {folder}: {name!a}: rename it; "
                    "allowed: names in UTF-8 without control characters"
                )
            yield label.name, path, part


def labels_of(folder: str) -> list[Path]:
    """The folders of the classes. Raises DataError."""
    return layout(folder).labels


def _below(label: Path) -> Iterator[Path]:
    """The files in one class's folder. One that cannot be listed is an error, not empty."""

    def fail(error: OSError) -> None:
        raise error

    with refusing(str(label), "a folder"):
        for at, folders, names in os.walk(label, onerror=fail):
            folders[:] = [n for n in folders if not (is_systems(n) or is_copies(n))]
            for name in folders:
                refuse_link(Path(at, name))
            for path in (Path(at, name) for name in names if not is_systems(name)):
                if path.is_file():
                    yield path
                elif path.is_symlink():
                    raise DataError(f"{path}: a link to nothing, {os.readlink(path)}: remove it")


def taken(folder: str, classes: int) -> str:
    """A line that names the classes and parts; ``classes`` of them have images."""
    return f"{folder}: {many(classes, 'class')}{layout(folder).says()}"


def read(raw: list[str], folder: str | None) -> Iterator[Scan]:
    """Yield each file as one character, labelled by its class's folder. Raises DataError.

    It looks at a file's size; whoever decodes the file reads it.
    """
    check(folder)
    for label, path, part in _labelled(folder):
        with refusing(str(path), "a file"):
            size = path.stat().st_size
        if size > MOST_BYTES and (may_be_image(path.name) or kind_of(head(path))):
            raise DataError(f"{path}: {size:,} bytes; allowed: {MOST_BYTES:,}")
        name = composed(path.relative_to(folder).as_posix())
        # The page is the whole path: 0001.png of two folders are two pages.
        yield Scan(composed(label), name, path, (Character(name, label),), part=part)


SOURCE = Source(
    name="folder",
    title="A local folder",
    licence="that of your images",
    citation="your own",
    read=read,
    taken=taken,
    one_class=ONE_CLASS,
)
