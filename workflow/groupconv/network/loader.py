"""Packed images and their manifest -> float batches for the network. Knows no schemes.

A part's images are fitted to the network's square once, into a temporary file that the system
caches as memory allows; a batch is then a gather, an augmentation and a scaling.
"""

import math
import os
import tempfile
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from groupconv.data.manifest import read_table
from groupconv.data.packed import PLACE, Images
from groupconv.ground import machine
from groupconv.ground.errors import DataError, DiskError

SHIFT, SCALE, ROTATION = 0.06, 0.10, np.deg2rad(8)  # largest: of the side, relative, radians
CONTRAST = (1, 99)  # percentiles of an image's pixels that become black and white


class Part:
    """The images of one part, fitted: ``pixels`` uint8 (n, 1 or 3, side, side), ``labels`` (n,).

    ``classes`` are those of the whole manifest, sorted, so that every part counts alike. Rows of
    other parts are never read. Raises DataError if the files do not belong together or the part
    is empty, DiskError if the disk has no room for the fitted ones.
    """

    def __init__(
        self, manifest: str, images: str, split: str, *, side: int, fit: str, stretch_contrast: bool
    ):
        table = read_table(manifest, ["id", "class", "split", *PLACE])
        self.classes = sorted(set(table["class"]))
        packed = Images(images, table)
        rows = table[table["split"] == split]
        if rows.empty:
            raise DataError(f"{manifest}: no image is in the part {split}")
        self.ids = rows["id"].tolist()
        index = {name: i for i, name in enumerate(self.classes)}
        self.labels = torch.tensor([index[name] for name in rows["class"]])

        shape = (len(rows), int(rows["channels"].max()), side, side)
        # Beside the images: the system's own folder may be memory. It has no name from the start.
        beside = os.path.dirname(images) or "."
        self._file = tempfile.TemporaryFile(dir=beside)  # noqa: SIM115 - lives as long as this
        try:
            machine.reserve(self._file.fileno(), max(1, math.prod(shape)))  # a full disk: now
        except OSError as error:
            raise DiskError(
                f"{beside}: a temporary file of {math.prod(shape):,} bytes cannot be written: "
                f"{error.strerror}"
            ) from error
        fitted = np.memmap(self._file, np.uint8, "r+", shape=shape)
        for i, row in enumerate(rows[PLACE].to_dict("records")):
            fitted[i] = fitted_image(packed[row], side, fit, stretch_contrast).transpose(2, 0, 1)
        self.pixels = torch.from_numpy(fitted)

    def __len__(self) -> int:
        return len(self.ids)

    def batches(
        self, order: torch.Tensor, size: int
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield (pixels uint8 (b, c, side, side), labels (b,)) in the order given.

        A last batch of one image joins the one before it: batch norm needs two.
        """
        for i in range(self.batch_count(size)):
            last = i + 1 == self.batch_count(size)
            chunk = order[i * size :] if last else order[i * size : (i + 1) * size]
            yield self.pixels[chunk], self.labels[chunk]

    def batch_count(self, size: int) -> int:
        """Batches of one epoch."""
        return max(1, len(self) // size + (len(self) % size > 1))

    def statistics(self) -> dict[str, list[float]]:
        """Mean and standard deviation of each of 3 channels, of pixels in [0, 1]."""
        count = self.pixels[:, 0].numel()
        total = squares = torch.zeros(self.pixels.shape[1], dtype=torch.float64)
        for chunk in self.pixels.split(256):
            x = chunk.to(torch.float64) / 255
            total = total + x.sum((0, 2, 3))
            squares = squares + (x * x).sum((0, 2, 3))
        mean = (total / count).expand(3)
        deviation = (squares / count - (total / count) ** 2).clamp(min=1e-12).sqrt().expand(3)
        return {"mean": mean.tolist(), "deviation": deviation.tolist()}


NOT_NORMALIZED = {"mean": [0.0] * 3, "deviation": [1.0] * 3}


def fitted_image(image: np.ndarray, side: int, fit: str, stretch_contrast: bool) -> np.ndarray:
    """uint8 (height, width, c) -> uint8 (side, side, c).

    ``fit``: "stretch" ignores the aspect; "crop" takes the central square; "pad" puts the whole
    image in the middle, on the median of its border. ``stretch_contrast`` first maps the image's
    1st and 99th percentile, all channels together, to 0 and 255.
    """
    if stretch_contrast:
        low, high = np.percentile(image, CONTRAST)
        scaled = (image - low) * (255 / max(high - low, 1))
        image = scaled.clip(0, 255).round().astype(np.uint8)
    height, width, channels = image.shape
    if fit == "crop":
        square = min(height, width)
        top, left = (height - square) // 2, (width - square) // 2
        image = image[top : top + square, left : left + square]
    size = (side, side)  # width, height
    if fit == "pad":
        longer = max(height, width)
        size = (max(1, round(side * width / longer)), max(1, round(side * height / longer)))
    resized = image
    if size != (image.shape[1], image.shape[0]):
        picture = Image.fromarray(image[..., 0] if channels == 1 else image)
        resized = np.asarray(picture.resize(size, Image.Resampling.BILINEAR))
        resized = resized.reshape(size[1], size[0], channels)
    if fit != "pad" or size == (side, side):
        return resized
    edges = (image[0], image[-1], image[:, 0], image[:, -1])
    canvas = np.empty((side, side, channels), np.uint8)
    canvas[:] = np.median(np.concatenate(edges), axis=0)
    top, left = (side - size[1]) // 2, (side - size[0]) // 2
    canvas[top : top + size[1], left : left + size[0]] = resized
    return canvas


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
