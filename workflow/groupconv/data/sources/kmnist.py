"""`kmnist`: Kuzushiji-MNIST, 70,000 grey images of 28x28 px in 10 classes.

In MNIST's idx format, packed or not, or as NumPy's .npz; 60,000 for training, 10,000 for the test.
Source: arXiv:1812.01718; hashes: torchvision.datasets.KMNIST.
"""

import ast
import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from groupconv.data import archive, zips
from groupconv.data.archive import DamagedError
from groupconv.data.sources.kkanji import KMNIST_CITATION
from groupconv.data.sources.source import Character, RawFile, Scan, Source
from groupconv.ground.errors import DataError

CLASSES = "おきすつなはまやれを"  # of the labels 0 to 9
SIDE = 28  # px
IMAGES, LABELS = 0x803, 0x801  # magic numbers: bytes, in three dimensions and in one
PARTS = {"train": "train", "t10k": "test"}
MOST_ITEMS = 300_000  # of one file; k49 has 232,365


def read(raw: list[str], folder: str | None) -> Iterator[Scan]:
    """Yield each image as one character. Raises DataError."""
    yield from of_classes(raw, CLASSES)


def of_classes(raw: list[str], classes: str) -> Iterator[Scan]:
    """Yield each image as one character of ``classes``, which has them by label.

    ``raw`` are images and labels of the training part, then of the test part. Raises DataError.
    """
    for part, images, labels in (("train", *raw[:2]), ("t10k", *raw[2:])):
        with array(images, SIDE, SIDE) as (count, pixels), array(labels) as (marked, marks):
            if marked != count:
                raise DataError(f"{labels}: another number of labels than {images} has images")
            for i in range(count):
                content = exactly(images, pixels, SIDE * SIDE)
                (label,) = exactly(labels, marks, 1)
                if label >= len(classes):
                    raise DataError(f"{labels}: label {label}; allowed: 0 to {len(classes) - 1}")
                name = f"{part}/{i:05}"
                character = Character(name, f"U+{ord(classes[label]):04X}")
                yield Scan(
                    part, name, content, (character,), shape=(SIDE, SIDE, 1), part=PARTS[part]
                )


@contextmanager
def array(path: str, *sides: int) -> Iterator[tuple[int, object]]:
    """How many items of these ``sides`` (uint8) an idx or .npz file has, and a file of them.

    Raises DataError.
    """
    if path.endswith(".npz"):
        with zips.opened(path, "arr_0.npy", MOST_ITEMS * math.prod(sides)) as file:
            yield numpy_header(path, file, *sides), file
    else:
        with archive.opened(path) as file:
            yield idx_header(path, file, *sides), file


def idx_header(path: str, file, *sides: int) -> int:
    """The number of items of an idx file, after its header. Raises DataError."""
    layout, magic = (">4I", IMAGES) if sides else (">2I", LABELS)
    found, count, *rest = struct.unpack(layout, exactly(path, file, struct.calcsize(layout)))
    if found != magic or tuple(rest) != sides:
        raise DamagedError(f"{path}: not an idx file of the expected layout")
    return count


def numpy_header(path: str, file, *sides: int) -> int:
    """The number of items of a .npy file of uint8, after its header. Raises DataError."""
    magic, major, length = struct.unpack("<6sBxH", exactly(path, file, 10))
    try:
        if magic != b"\x93NUMPY" or major != 1:
            raise ValueError
        text = exactly(path, file, min(length, 10_000)).decode("latin-1")
        header = ast.literal_eval(text.strip())
        count, *rest = header["shape"]
        if header["descr"] != "|u1" or header["fortran_order"] or tuple(rest) != sides:
            raise ValueError
        return int(count)
    except (ValueError, TypeError, LookupError, SyntaxError, MemoryError, RecursionError) as error:
        of = " x ".join(["n", *map(str, sides)])
        raise DamagedError(f"{path}: not an array of {of} uint8, as expected") from error


def exactly(path: str, file, size: int) -> bytes:
    """The next ``size`` bytes. Raises DataError where the file ends before."""
    with archive.refusing(path, "a whole file"):
        content = file.read(size)
    if len(content) < size:
        raise DamagedError(f"{path}: ends too early")
    return content


HOST = "http://codh.rois.ac.jp/kmnist/dataset/kmnist/"
SOURCE = Source(
    name="kmnist",
    title="Kuzushiji-MNIST",
    licence="CC BY-SA 4.0",
    citation=KMNIST_CITATION,
    read=read,
    language="ja",
    files=tuple(
        RawFile(name, f"md5:{md5}", size, urls=(HOST + name,))
        for name, md5, size in (
            ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7", 18_200_000),
            ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344", 30_000),
            ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7", 3_000_000),
            ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134", 5_000),
        )
    ),
    others=(
        tuple(
            RawFile(name, None, size, urls=(HOST + name,))
            for name, size in (
                ("kmnist-train-imgs.npz", 18_000_000),
                ("kmnist-train-labels.npz", 30_000),
                ("kmnist-test-imgs.npz", 3_000_000),
                ("kmnist-test-labels.npz", 5_000),
            )
        ),
        tuple(
            RawFile(name, None, size, by_hand="the .gz file of that name, unpacked")
            for name, size in (
                ("train-images-idx3-ubyte", 60_000 * SIDE * SIDE + 16),
                ("train-labels-idx1-ubyte", 60_000 + 8),
                ("t10k-images-idx3-ubyte", 10_000 * SIDE * SIDE + 16),
                ("t10k-labels-idx1-ubyte", 10_000 + 8),
            )
        ),
    ),
)
