"""`folder`: a local folder of your own with one sub-folder of images per class.

ImageNet's layout, <part>/<class>/<image> with the parts train, val and test, is taken as well,
where one of these has sub-folders. The parts are not kept: the workflow makes its own.
"""

from collections.abc import Iterator
from pathlib import Path

from groupconv.errors import DataError
from groupconv.sources.archive import NO_TABLE_HOLDS
from groupconv.sources.source import Character, Scan, Source

PARTS = {"train", "val", "test"}
MOST_BYTES = 200_000_000  # of one file; an image of 40 million pixels in 4 channels has 160 million


def files(folder: str) -> list[Path]:
    """Every file in the class sub-folders, hidden ones excepted, sorted. Raises DataError.

    A class may be a link to a folder elsewhere; links to folders below it are not followed.
    """
    root = Path(folder)
    if not root.is_dir():
        raise DataError(f"params.yaml: data.folder = {folder}: no such folder")
    found = [
        path
        for label in layout(root)[0]
        for path in label.rglob("*")
        if not any(part.startswith(".") for part in path.relative_to(root).parts) and path.is_file()
    ]
    if not found:
        raise DataError(
            f"params.yaml: data.folder = {folder}: no images in sub-folders; "
            "allowed: <class>/<image> or train/<class>/<image>"
        )
    for path in found:
        name = str(path.relative_to(root))
        if NO_TABLE_HOLDS.search(name):
            raise DataError(
                f"params.yaml: data.folder = {folder}: {name!a}: rename it; "
                "allowed: names in UTF-8 without control characters"
            )
    return sorted(found, key=lambda path: path.relative_to(root).as_posix())


def layout(root: Path) -> tuple[list[Path], list[str]]:
    """The folders of the classes, and the names of folders beside the parts, if there are parts."""
    parts = [top for top in _folders(root) if top.name in PARTS and _folders(top)]
    labels = [label for part in parts for label in _folders(part)] or _folders(root)
    return labels, [top.name for top in _folders(root) if parts and top not in parts]


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")


def taken(folder: str) -> str:
    """Where the classes were found, in a line."""
    labels, beside = layout(Path(folder))
    parts = sorted({label.parent.name for label in labels if label.parent != Path(folder)})
    return (
        f"{folder}: {len({label.name for label in labels}):,} classes"
        + (f"; ImageNet's layout: {', '.join(parts)}" if parts else "")
        + (f"; not read: {', '.join(beside)}" if beside else "")
    )


def read(raw: list[str], folder: str | None) -> Iterator[Scan]:
    """Yield each file as one character, labelled by its class's folder. Raises DataError."""
    found = files(folder)
    depth = len(layout(Path(folder))[0][0].relative_to(folder).parts) - 1
    for path in found:
        if (size := path.stat().st_size) > MOST_BYTES:
            raise DataError(f"{path}: {size:,} bytes; allowed: {MOST_BYTES:,}")
        name = path.relative_to(folder)
        label = name.parts[depth]
        yield Scan(label, path.name, path.read_bytes(), (Character(name.as_posix(), label),))


SOURCE = Source(
    name="folder",
    title="A local folder",
    licence="that of your images",
    citation="your own",
    read=read,
    taken=taken,
)
