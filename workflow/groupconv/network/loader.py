"""The fitted images and the manifest -> float batches for the network. Knows no schemes.

data/square.npy is mapped, not read: the system keeps of it what its memory allows, once for all
trainings. A batch is a gather, an augmentation and a scaling.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F

from groupconv.data.manifest import read_table
from groupconv.ground.errors import DataError

SHIFT, SCALE, ROTATION = 0.06, 0.10, np.deg2rad(8)  # largest: of the side, relative, radians
CHUNK = 256  # images of a sum


class Square:
    """data/square.npy: the pixels of every image, uint8 (n, 1 or 3, side, side), mapped.

    Raises DataError if ``path`` has images of another size than ``side``.
    """

    def __init__(self, path: str, side: int):
        self.path, self.pixels = path, np.asarray(np.load(path, mmap_mode="r"))
        if self.pixels.shape[2:] != (side, side):
            has = "x".join(map(str, self.pixels.shape[2:]))
            raise DataError(f"{path}: images of {has or 'no'} px, the network takes {side}x{side}")

    def sha256(self) -> str:
        """Of the file."""
        with open(self.path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


class Part:
    """The images of one part of the ``manifest``; ``labels`` int64 (n,).

    ``classes`` are those of the whole manifest, sorted, so that every part counts alike. Rows of
    other parts are never read. Raises DataError if the files do not belong together or the part
    is empty.
    """

    def __init__(self, manifest: str, square: Square, split: str):
        table = read_table(manifest, ["id", "class", "split"])
        if len(table) != len(square.pixels):
            raise DataError(
                f"{square.path}: {len(square.pixels):,} images, {manifest} has {len(table):,}"
            )
        self.classes = sorted(set(table["class"]))
        rows = table[table["split"] == split]
        if rows.empty:
            raise DataError(f"{manifest}: no image is in the part {split}")
        self.ids = rows["id"].tolist()
        index = {name: i for i, name in enumerate(self.classes)}
        self.labels = torch.tensor([index[name] for name in rows["class"]])
        self.pixels, self.rows = square.pixels, rows.index.to_numpy()

    def __len__(self) -> int:
        return len(self.ids)

    def taken(self, which: torch.Tensor) -> torch.Tensor:
        """The pixels, uint8 (b, c, side, side), of the images with these numbers of the part."""
        return torch.from_numpy(self.pixels[self.rows[which.numpy()]])

    def chunks(self, size: int) -> Iterator[torch.Tensor]:
        """The pixels of all images in their order, ``size`` at a time."""
        return map(self.taken, torch.arange(len(self)).split(size))

    def batches(
        self, order: torch.Tensor, size: int
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield (pixels uint8 (b, c, side, side), labels (b,)) in the order given.

        A last batch of one image joins the one before it: batch norm needs two.
        """
        for i in range(self.batch_count(size)):
            last = i + 1 == self.batch_count(size)
            chunk = order[i * size :] if last else order[i * size : (i + 1) * size]
            yield self.taken(chunk), self.labels[chunk]

    def batch_count(self, size: int) -> int:
        """Batches of one epoch."""
        return max(1, len(self) // size + (len(self) % size > 1))

    def statistics(self) -> dict[str, list[float]]:
        """Mean and standard deviation of each of 3 channels, of pixels in [0, 1]."""
        count = len(self) * self.pixels[0, 0].size
        total = squares = torch.zeros(self.pixels.shape[1], dtype=torch.float64)
        for chunk in self.chunks(CHUNK):
            x = chunk.to(torch.float64) / 255
            total = total + x.sum((0, 2, 3))
            squares = squares + (x * x).sum((0, 2, 3))
        mean = (total / count).expand(3)
        deviation = (squares / count - (total / count) ** 2).clamp(min=1e-12).sqrt().expand(3)
        return {"mean": mean.tolist(), "deviation": deviation.tolist()}


NOT_NORMALIZED = {"mean": [0.0] * 3, "deviation": [1.0] * 3}


def scaled(pixels: torch.Tensor, statistics: dict[str, list[float]]) -> torch.Tensor:
    """uint8 (n, 1 or 3, side, side) -> float32 (n, 3, side, side), normalised."""
    mean, deviation = (
        torch.tensor(statistics[key], device=pixels.device).view(1, 3, 1, 1)
        for key in ("mean", "deviation")
    )
    return (pixels.float() / 255 - mean) / deviation


def augmented(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Shift, scale and rotate each image a little; (n, c, side, side) in and out.

    Edges are repeated outwards. All random numbers come from ``generator``, on the CPU, so that
    they are the same on every device.
    """
    n = len(x)
    draw = torch.rand(4, n, generator=generator) * 2 - 1
    angle, scale, shift = draw[0] * ROTATION, 1 + draw[1] * SCALE, draw[2:] * SHIFT * 2
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    affine = torch.stack([cos, -sin, shift[0], sin, cos, shift[1]], 1).view(n, 2, 3).to(x.device)
    grid = F.affine_grid(affine, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)
