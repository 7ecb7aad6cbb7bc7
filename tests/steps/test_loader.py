import numpy as np
import pandas as pd
import pytest
import torch
from groupconv.ground.errors import DataError
from groupconv.network import loader, seeds
from hypothesis import given
from hypothesis import strategies as st


def part_of(fitted, name):
    return loader.Part(fitted[0], loader.Square(fitted[1], 32), name)


def test_a_part_has_its_own_images_in_the_manifests_order(fitted):
    part = part_of(fitted, "val")
    assert part.ids == [f"{c}{i}" for c in "いろは" for i in range(16, 20)]
    assert part.classes == sorted("いろは")
    ids, pixels = pd.read_csv(fitted[0])["id"].tolist(), np.load(fitted[1])
    expected = pixels[[ids.index(name) for name in part.ids]]
    assert np.array_equal(part.taken(torch.arange(12)).numpy(), expected)
    assert np.array_equal(part.taken(torch.tensor([5, 0])).numpy(), expected[[5, 0]])
    assert np.array_equal(torch.cat(list(part.chunks(5))).numpy(), expected)


def test_statistics_are_those_of_the_pixels(fitted):
    part = part_of(fitted, "train")
    pixels = part.taken(torch.arange(len(part)))
    x = pixels.double() / 255
    found = part.statistics()
    assert found["mean"] == pytest.approx(x.mean((0, 2, 3)).tolist())
    expected = x.var((0, 2, 3), unbiased=False).sqrt()
    assert found["deviation"] == pytest.approx(expected.tolist())
    normal = loader.scaled(pixels, found)
    assert normal.mean().item() == pytest.approx(0, abs=1e-5)
    assert normal.dtype == torch.float32


def test_grey_images_are_given_three_channels():
    pixels = torch.zeros(2, 1, 32, 32, dtype=torch.uint8)
    assert loader.scaled(pixels, loader.NOT_NORMALIZED).shape == (2, 3, 32, 32)


@given(n=st.integers(2, 60), size=st.integers(2, 25))
def test_batches_have_every_image_once_and_none_has_one_alone(n, size):
    part = loader.Part.__new__(loader.Part)
    part.ids = list(range(n))
    part.pixels = part.rows = np.arange(n)
    part.labels = torch.arange(n)
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


def test_files_that_do_not_belong_together_are_refused(fitted):
    with pytest.raises(DataError, match=r"square\.npy: images of 32x32 px, .* takes 64x64$"):
        loader.Square(fitted[1], 64)
    np.save(fitted[1], np.load(fitted[1])[:-1])
    with pytest.raises(DataError, match=r"square\.npy: 74 images, .*manifest\.csv has 75"):
        part_of(fitted, "train")
