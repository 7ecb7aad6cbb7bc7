"""`kmnist`: Kuzushiji-MNIST, 70,000 grey images of 28x28 px in 10 classes, in MNIST's idx format.

Its own division in train and test is not kept: the workflow makes its own.
Source: arXiv:1812.01718; hashes: torchvision.datasets.KMNIST.
"""

import struct
from collections.abc import Iterator

from groupconv.data import archive
from groupconv.data.sources.kkanji import KMNIST_CITATION
from groupconv.data.sources.source import Character, RawFile, Scan, Source
from groupconv.ground.errors import DataError

CLASSES = "おきすつなはまやれを"  # of the labels 0 to 9
SIDE = 28  # px
IMAGES, LABELS = 0x803, 0x801  # magic numbers: bytes, in three dimensions and in one


def read(raw: list[str], folder: str | None) -> Iterator[Scan]:
    """Yield each image as one character. Raises DataError."""
    for part, images, labels in (("train", *raw[:2]), ("t10k", *raw[2:])):
        with archive.opened(images) as pixels, archive.opened(labels) as marks:
            count = header(images, pixels, ">4I", IMAGES, SIDE, SIDE)
            if header(labels, marks, ">2I", LABELS) != count:
                raise DataError(f"{labels}: another number of labels than {images} has images")
            for i in range(count):
                content = exactly(images, pixels, SIDE * SIDE)
                (label,) = exactly(labels, marks, 1)
                if label >= len(CLASSES):
                    raise DataError(f"{labels}: label {label}; allowed: 0 to {len(CLASSES) - 1}")
                name = f"{part}/{i:05}"
                character = Character(name, f"U+{ord(CLASSES[label]):04X}")
                yield Scan(part, name, content, (character,), shape=(SIDE, SIDE, 1))


def header(path: str, file, layout: str, magic: int, *sizes: int) -> int:
    """The number of items of an idx file, after its header. Raises DataError."""
    found, count, *rest = struct.unpack(layout, exactly(path, file, struct.calcsize(layout)))
    if found != magic or tuple(rest) != sizes:
        raise DataError(f"{path}: not an idx file of the expected layout")
    return count


def exactly(path: str, file, size: int) -> bytes:
    """The next ``size`` bytes. Raises DataError where the file ends before."""
    with archive.refusing(path, "a whole gzip file"):
        content = file.read(size)
    if len(content) < size:
        raise DataError(f"{path}: ends too early")
    return content


HOST = "http://codh.rois.ac.jp/kmnist/dataset/kmnist/"
SOURCE = Source(
    name="kmnist",
    title="Kuzushiji-MNIST",
    licence="CC BY-SA 4.0",
    citation=KMNIST_CITATION,
    read=read,
    files=tuple(
        RawFile(name, f"md5:{md5}", size, urls=(HOST + name,))
        for name, md5, size in (
            ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7", 18_200_000),
            ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344", 30_000),
            ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7", 3_000_000),
            ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134", 5_000),
        )
    ),
)
