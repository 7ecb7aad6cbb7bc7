"""`kkanji`: Kuzushiji-Kanji, 140,424 grey images of 64x64 px in 3,832 classes, one tar file.

The tar is streamed, never extracted; members whose names do not match the layout are passed over.
Source: arXiv:1812.01718.
"""

import re
import tarfile
from collections.abc import Iterator

from groupconv.errors import DataError
from groupconv.sources.source import Character, RawFile, Scan, Source

MEMBER = re.compile(r"kkanji2/(U\+[0-9A-F]{4,6})/([0-9a-f]{16})\.png")
MOST_BYTES = 1_000_000  # of one image; the originals have about 2,000


def read(raw: list[str], folder: str | None) -> Iterator[Scan]:
    """Yield each image as one character. Raises DataError."""
    (path,) = raw
    try:
        with tarfile.open(path, "r|") as tar:
            for member in tar:
                match = MEMBER.fullmatch(member.name)
                if match and member.isfile() and member.size <= MOST_BYTES:
                    label, name = match.groups()
                    encoded = tar.extractfile(member).read()
                    yield Scan(label, name, encoded, (Character(f"{label}/{name}", label),))
    except (tarfile.TarError, EOFError) as error:
        raise DataError(f"{path}: not a whole tar file: {error}") from error


SOURCE = Source(
    title="Kuzushiji-Kanji",
    licence="CC BY-SA 4.0",
    citation=(
        '"KMNIST Dataset" (created by CODH), adapted from "Kuzushiji Dataset" '
        "(created by NIJL and others), doi:10.20676/00000341; Clanuwat et al., arXiv:1812.01718"
    ),
    read=read,
    largest_px=64,
    files=(
        RawFile(
            name="kkanji.tar",
            sha256=None,  # none is published
            size_bytes=310_000_000,
            urls=("http://codh.rois.ac.jp/kmnist/dataset/kkanji/kkanji.tar",),
        ),
    ),
)
