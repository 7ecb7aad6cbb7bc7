"""data/images.npy and its tables: the one writer and the one reader.

images.npy is one array, uint8: the pixels (height, width, channels) of one image after another, in
the order in which the source was read. index.csv, in the order of classes and names, says where
each image is, and of which part its publisher made it, if of any; manifest.csv has the same rows
with each image's part of ours.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO

import numpy as np

from groupconv.ground import atomic
from groupconv.ground.errors import DataError

INDEX = "id class code_point origin page box sha256 offset height width channels part".split()
PLACE = ["offset", "height", "width", "channels"]


class Pixels:
    """images.npy as it is written: images one after another, in place, and no second time.

    ``size``: how many bytes of pixels there are.
    """

    def __init__(self, file: IO[bytes]):
        self.file, self.size = file, 0
        self._header(0)
        self.start = file.tell()

    def _header(self, size: int) -> None:
        """numpy leaves room for any number in it, so that it keeps its length."""
        header = {"descr": "|u1", "fortran_order": False, "shape": (size,)}
        self.file.seek(0)
        np.lib.format.write_array_header_1_0(self.file, header)

    def add(self, content: bytes) -> int:
        """Append an image; returns where it begins."""
        self.file.write(content)
        self.size += len(content)
        return self.size - len(content)

    def keep(self, places: Iterable[tuple[int, int]]) -> None:
        """Close the gaps between the (begin, size) that stay, in their order, and end the file."""
        end = 0
        for begin, size in places:
            if begin != end:
                self.file.seek(self.start + begin)
                content = self.file.read(size)
                self.file.seek(self.start + end)
                self.file.write(content)
            end += size
        self.file.truncate(self.start + end)
        self.size = end
        self._header(end)


@contextmanager
def writing(images: str) -> Iterator[Pixels]:
    """An images.npy that gets its name when the block ends well. Raises DiskError."""
    with atomic.write(images, "w+b") as file:
        yield Pixels(file)


def _size(row: dict) -> int:
    return row["height"] * row["width"] * row["channels"]


def write_table(path: str, columns: list[str], rows: Iterable[dict]) -> None:
    """Write the rows' ``columns`` as CSV. Raises DiskError."""
    with atomic.write(path) as file:
        table = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


class Images:
    """The packed images of a table: ``Images(path, table)[row]`` is uint8 (height, width, c).

    ``row`` is a mapping with the columns of PLACE. Raises DataError if the files do not belong
    together.
    """

    def __init__(self, path: str, table: Mapping):
        self._bytes = np.load(path, mmap_mode="r")
        needed = (table["height"] * table["width"] * table["channels"]).sum()
        if len(self._bytes) != needed:
            raise DataError(f"{path}: {len(self._bytes)} bytes, its table needs {needed}")

    def __getitem__(self, row: dict) -> np.ndarray:
        shape = row["height"], row["width"], row["channels"]
        return self._bytes[row["offset"] : row["offset"] + _size(row)].reshape(shape)
