"""Tiny packed data for whole steps; figures without warnings."""

import csv
import warnings
from pathlib import Path

import numpy as np
import pytest
from groupconv.steps import square

PARTS = ("train",) * 16 + ("val",) * 4 + ("test",) * 5


@pytest.fixture
def packed(tmp_path):
    """Paths of a manifest and images: 3 classes of 25 images, each class another dark corner."""
    rng = np.random.default_rng(0)
    rows, pixels, offset = [], [], 0
    for label, corner in (("い", 0), ("ろ", 1), ("は", 2)):
        for i, part in enumerate(PARTS):
            height, width = (int(side) for side in rng.integers(20, 33, 2))
            image = rng.integers(150, 256, (height, width, 3), dtype=np.uint8)
            top, left = (corner // 2) * height // 2, (corner % 2) * width // 2
            image[top : top + height // 2, left : left + width // 2] //= 4
            rows.append(
                {
                    "id": f"{label}{i:02}",
                    "class": label,
                    "offset": offset,
                    "height": height,
                    "width": width,
                    "channels": 3,
                    "split": part,
                }
            )
            pixels.append(image.ravel())
            offset += image.size
    manifest, images = tmp_path / "manifest.csv", tmp_path / "images.npy"
    with open(manifest, "w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    np.save(images, np.concatenate(pixels))
    return str(manifest), str(images)


@pytest.fixture
def fitted(packed):
    """Paths of the manifest and of its images, fitted to 32x32."""
    params = {"data": {"fit": "pad", "stretch_contrast": True}, "model": {"input_size": 32}}
    pixels = str(Path(packed[0]).with_name("square.npy"))
    square.run(params, images=packed[1], index=packed[0], pixels=pixels)
    return packed[0], pixels


@pytest.fixture
def strict_figures():
    """The figures' look. Any warning fails, a glyph that no font has above all."""
    from groupconv.pages.style import style
    from matplotlib import pyplot as plt

    style()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    plt.close("all")
