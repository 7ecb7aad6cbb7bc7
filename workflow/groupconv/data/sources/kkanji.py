"""`kkanji`: Kuzushiji-Kanji, 140,424 grey images of 64x64 px in 3,832 classes, one tar file.

Source: arXiv:1812.01718.
"""

from collections.abc import Iterator

from groupconv.data import archive
from groupconv.data.sources.source import Character, RawFile, Scan, Source

MEMBER = r"kkanji2/(U\+[0-9A-F]{4,6})/([0-9a-f]{16})\.png"


def read(raw: list[str], folder: str | None) -> Iterator[Scan]:
    """Yield each image as one character. Raises DataError."""
    for match, content in archive.tar_members(raw[0], MEMBER):
        label, name = match.groups()
        yield Scan(label, name, content, (Character(f"{label}/{name}", label),))


KMNIST_CITATION = (
    '"KMNIST Dataset" (created by CODH), adapted from "Kuzushiji Dataset" '
    "(created by NIJL and others), doi:10.20676/00000341; Clanuwat et al., arXiv:1812.01718"
)
SOURCE = Source(
    name="kkanji",
    title="Kuzushiji-Kanji",
    licence="CC BY-SA 4.0",
    citation=KMNIST_CITATION,
    read=read,
    language="ja",
    layout="kkanji2/U+3042/0123456789abcdef.png",
    files=(
        RawFile(
            name="kkanji.tar",
            checksum=None,
            size_bytes=310_000_000,
            urls=("http://codh.rois.ac.jp/kmnist/dataset/kkanji/kkanji.tar",),
        ),
    ),
)
