import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from groupconv.ground.errors import DataError
from groupconv.network import loader, seeds
from hypothesis import given
from hypothesis import strategies as st

SIZES = {"side": 32, "fit": "pad", "stretch_contrast": False}


@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    channels=st.sampled_from((1, 3)),
    fit=st.sampled_from(("pad", "crop", "stretch")),
    stretch=st.booleans(),
)
def test_every_image_becomes_the_square(height, width, channels, fit, stretch):
    image = np.arange(height * width * channels, dtype=np.uint8).reshape(height, width, channels)
    fitted = loader.fitted_image(image, 32, fit, stretch)
    assert fitted.shape == (32, 32, channels)
    assert fitted.dtype == np.uint8


def test_pad_keeps_the_aspect_and_fills_with_the_borders_median():
    image = np.full((32, 16, 1), 200, np.uint8)
    image[8:24, 4:12] = 10
    fitted = loader.fitted_image(image, 32, "pad", False)
    assert (fitted[:, 8:24] == image).all()
    assert (fitted[:, :8] == 200).all()
    assert (fitted[:, 24:] == 200).all()


def test_crop_takes_the_centre_and_stretch_all():
    image = np.zeros((32, 64, 1), np.uint8)
    image[:, 16:48] = 255
    assert (loader.fitted_image(image, 32, "crop", False) == 255).all()
    stretched = loader.fitted_image(image, 32, "stretch", False)[0, :, 0]
    assert stretched[2] == 0
    assert stretched[16] == 255
    assert stretched[-3] == 0


def test_contrast_maps_the_percentiles_and_leaves_a_flat_image_flat():
    image = np.linspace(100, 150, 32 * 32).round().astype(np.uint8).reshape(32, 32, 1)
    fitted = loader.fitted_image(image, 32, "stretch", True)
    assert (fitted.min(), fitted.max()) == (0, 255)
    flat = loader.fitted_image(np.full((32, 32, 1), 7, np.uint8), 32, "pad", True)
    assert flat.min() == flat.max()


def test_the_fitted_images_lie_beside_the_packed_ones_without_a_name(packed, monkeypatch):
    monkeypatch.setenv("TMPDIR", "/nowhere")
    monkeypatch.setattr("tempfile.tempdir", None)
    before = sorted(Path(packed[0]).parent.iterdir())
    part = loader.Part(*packed, "train", **SIZES)
    assert os.fstat(part._file.fileno()).st_dev == os.stat(packed[1]).st_dev
    assert str(Path(packed[0]).parent) in os.readlink(f"/proc/self/fd/{part._file.fileno()}")
    assert sorted(Path(packed[0]).parent.iterdir()) == before


def test_a_part_has_its_own_images_in_the_manifests_order(packed):
    part = loader.Part(*packed, "val", **SIZES)
    assert part.ids == [f"{c}{i}" for c in "いろは" for i in range(16, 20)]
    assert part.classes == sorted("いろは")
    assert part.pixels.shape == (12, 3, 32, 32)
    table = pd.read_csv(packed[0])
    row = table[table["id"] == part.ids[0]].iloc[0]
    shape = row[["height", "width", "channels"]].astype(int).tolist()
    image = np.load(packed[1])[row["offset"] :][: np.prod(shape)].reshape(shape)
    expected = loader.fitted_image(image, 32, "pad", False).transpose(2, 0, 1)
    assert np.array_equal(part.pixels[0].numpy(), expected)


def test_statistics_are_those_of_the_pixels(packed):
    part = loader.Part(*packed, "train", **SIZES)
    x = part.pixels.double() / 255
    found = part.statistics()
    assert found["mean"] == pytest.approx(x.mean((0, 2, 3)).tolist())
    expected = x.var((0, 2, 3), unbiased=False).sqrt()
    assert found["deviation"] == pytest.approx(expected.tolist())
    normal = loader.scaled(part.pixels, found)
    assert normal.mean().item() == pytest.approx(0, abs=1e-5)
    assert normal.dtype == torch.float32


def test_grey_images_are_given_three_channels():
    pixels = torch.zeros(2, 1, 32, 32, dtype=torch.uint8)
    assert loader.scaled(pixels, loader.NOT_NORMALIZED).shape == (2, 3, 32, 32)


@given(n=st.integers(2, 60), size=st.integers(2, 25))
def test_batches_have_every_image_once_and_none_has_one_alone(n, size):
    part = loader.Part.__new__(loader.Part)
    part.ids = list(range(n))
    part.pixels = part.labels = torch.arange(n)
    order = torch.randperm(n)
    batches = [labels for _, labels in part.batches(order, size)]
    assert torch.equal(torch.cat(batches), order)
    assert len(batches) == part.batch_count(size)
    assert all(len(batch) > 1 for batch in batches)


def test_augmentation_depends_on_the_generator_alone_and_is_light():
    x = torch.rand(4, 3, 32, 32)
    a, b = (loader.augmented(x, seeds.generator(0, 1)) for _ in range(2))
    assert torch.equal(a, b)
    assert not torch.equal(a, loader.augmented(x, seeds.generator(0, 2)))
    assert not torch.equal(a, loader.augmented(x, seeds.generator(1, 1)))
    dot = torch.zeros(50, 1, 32, 32)
    dot[:, :, 15:17, 15:17] = 1
    moved = loader.augmented(dot, seeds.generator(0, 1))
    assert (moved[:, :, 11:21, 11:21].sum((1, 2, 3)) > 0.9 * moved.sum((1, 2, 3))).all()


def test_files_that_do_not_belong_together_are_refused(packed):
    np.save(packed[1], np.load(packed[1])[:-1])
    with pytest.raises(DataError, match=r"images\.npy: \d+ bytes, .*its table needs \d+"):
        loader.Part(*packed, "train", **SIZES)
