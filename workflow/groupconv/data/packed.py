"""data/images.npy and its tables: the one writer and the one reader.

images.npy is one array, uint8: the pixels (height, width, channels) of one image after another.
index.csv says where each image is, and of which part its publisher made it, if of any;
manifest.csv has the same rows with each image's part of ours.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO

import numpy as np

from groupconv.ground import atomic
from groupconv.ground.errors import DataError

INDEX = "id class code_point origin page box sha256 offset height width channels part".split()
PLACE = ["offset", "height", "width", "channels"]


def write(images: str, index: str, rows: Callable[[], Iterable[dict]], pixels: IO[bytes]) -> None:
    """Pack the ``rows``' images, which lie in ``pixels`` at each row's ``spooled``, in their order.

    ``rows`` is called twice: a size is needed before the first byte. Raises DiskError.
    """
    total = sum(_size(row) for row in rows())
    atomic.check_free(images, total, "the packed images")  # beside those that were spooled
    header = {"descr": "|u1", "fortran_order": False, "shape": (total,)}

    def packed(file: IO[bytes]) -> Iterator[dict]:
        offset = 0
        for row in rows():
            pixels.seek(row["spooled"])
            file.write(pixels.read(_size(row)))
            yield {**row, "offset": offset}
            offset += _size(row)

    with atomic.write(images, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        write_table(index, INDEX, packed(file))


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
