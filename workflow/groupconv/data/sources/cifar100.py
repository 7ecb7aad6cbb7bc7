"""`cifar100`: 60,000 colour images of 32x32 px in 100 classes; the binary version, not the pickled.

Its own division in train and test is not kept: the workflow makes its own. The paper names it as
future work (Section 6). Source: Krizhevsky (2009).
"""

from collections.abc import Iterator

from groupconv.data import archive
from groupconv.data.sources.source import Character, RawFile, Scan, Source
from groupconv.ground.errors import DataError

SIDE = 32  # px
PLANE = SIDE * SIDE  # bytes of one colour
RECORD = 2 + 3 * PLANE  # coarse label, fine label, red, green, blue
NAMES = r"cifar-100-binary/fine_label_names\.txt"
RECORDS = r"cifar-100-binary/(train|test)\.bin"


def read(raw: list[str], folder: str | None) -> Iterator[Scan]:
    """Yield each image as one character of its fine class. Raises DataError."""
    (path,) = raw
    names = [
        line.decode("ascii", "replace").strip()
        for _, content in archive.tar_members(path, NAMES)
        for line in content.splitlines()
    ]
    if len(set(filter(None, names))) != 100:
        raise DataError(f"{path}: no list of 100 class names")
    for match, i, record in archive.tar_records(path, RECORDS, RECORD, most=50_000):
        if record[1] >= len(names):
            raise DataError(f"{path}: {match[0]}: record {i}: class {record[1]}; allowed: 0 to 99")
        pixels = bytearray(3 * PLANE)
        for channel in range(3):
            pixels[channel::3] = record[2 + channel * PLANE : 2 + (channel + 1) * PLANE]
        name = f"{match[1]}/{i:05}"
        character = Character(name, names[record[1]])
        yield Scan(match[1], name, bytes(pixels), (character,), shape=(SIDE, SIDE, 3))


SOURCE = Source(
    name="cifar100",
    title="CIFAR-100",
    licence="none is stated",
    citation="Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
    read=read,
    layout="cifar-100-binary/train.bin, .../test.bin",
    files=(
        RawFile(
            name="cifar-100-binary.tar.gz",
            checksum="md5:03b5dce01913d631647c71ecec9e9cb8",
            size_bytes=169_000_000,
            urls=("https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",),
        ),
    ),
)
