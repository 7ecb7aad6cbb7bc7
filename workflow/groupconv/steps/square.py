"""Step square: packed images -> every image fitted to the network's square, data/square.npy.

Once for each data and size: no scheme, seed or part of the split decides these pixels, and every
training and evaluation maps the file. Knows no parts and no model.
"""

import math
import time

import numpy as np
from PIL import Image

from groupconv.data import packed
from groupconv.data.manifest import read_table
from groupconv.ground import atomic
from groupconv.ground.progress import amount, ending, say

CONTRAST = (1, 99)  # percentiles of an image's pixels that become black and white
FIRST_LOOK = 1024  # images, after which the time of all is estimated
LONG_S = 20  # what takes longer is announced


def run(params: dict, images: str, index: str, pixels: str) -> None:
    """Write ``pixels``: uint8 (n, 1 or 3, side, side), a row for each of ``index``'s, in its order.

    Raises DataError if ``images`` and ``index`` do not belong together, and DiskError.
    """
    data, side = params["data"], params["model"]["input_size"]
    table = read_table(index, packed.PLACE)
    source = packed.Images(images, table)
    shape = (len(table), int(table["channels"].max()), side, side)
    size = math.prod(shape)
    atomic.check_free(pixels, size, f"{len(table):,} images of {side}x{side} px")
    say(f"square: {len(table):,} images to {side}x{side} px, {amount(size)}")
    began = time.monotonic()
    with atomic.write(pixels, "wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for done, row in enumerate(table.to_dict("records"), start=1):
            image = fitted(source[row], side, data["fit"], data["stretch_contrast"])
            file.write(np.broadcast_to(image.transpose(2, 0, 1), shape[1:]).tobytes())
            if done >= FIRST_LOOK and done.bit_count() == 1:  # at 1024, 2048 ...
                left_s = (time.monotonic() - began) * (len(table) - done) / done
                if left_s > LONG_S:
                    say(f"square: after {done:,} of {len(table):,} images: {ending(left_s)}")


def fitted(image: np.ndarray, side: int, fit: str, stretch_contrast: bool) -> np.ndarray:
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
