"""Every image fitted to the network's square: what it looks like, and where it lies."""

import resource
import signal

import numpy as np
import pandas as pd
import pytest
from groupconv.ground import atomic
from groupconv.ground.errors import DataError, DiskError
from groupconv.steps import square
from hypothesis import given
from hypothesis import strategies as st


@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    channels=st.sampled_from((1, 3)),
    fit=st.sampled_from(("pad", "crop", "stretch")),
    stretch=st.booleans(),
)
def test_every_image_becomes_the_square(height, width, channels, fit, stretch):
    image = np.arange(height * width * channels, dtype=np.uint8).reshape(height, width, channels)
    fitted = square.fitted(image, 32, fit, stretch)
    assert fitted.shape == (32, 32, channels)
    assert fitted.dtype == np.uint8


def test_pad_keeps_the_aspect_and_fills_with_the_borders_median():
    image = np.full((32, 16, 1), 200, np.uint8)
    image[8:24, 4:12] = 10
    fitted = square.fitted(image, 32, "pad", False)
    assert (fitted[:, 8:24] == image).all()
    assert (fitted[:, :8] == 200).all()
    assert (fitted[:, 24:] == 200).all()


def test_crop_takes_the_centre_and_stretch_all():
    image = np.zeros((32, 64, 1), np.uint8)
    image[:, 16:48] = 255
    assert (square.fitted(image, 32, "crop", False) == 255).all()
    stretched = square.fitted(image, 32, "stretch", False)[0, :, 0]
    assert stretched[2] == 0
    assert stretched[16] == 255
    assert stretched[-3] == 0


def test_contrast_maps_the_percentiles_and_leaves_a_flat_image_flat():
    image = np.linspace(100, 150, 32 * 32).round().astype(np.uint8).reshape(32, 32, 1)
    fitted = square.fitted(image, 32, "stretch", True)
    assert (fitted.min(), fitted.max()) == (0, 255)
    flat = square.fitted(np.full((32, 32, 1), 7, np.uint8), 32, "pad", True)
    assert flat.min() == flat.max()


def run(packed, tmp_path, side=32, fit="pad", stretch_contrast=False):
    params = {"data": {"fit": fit, "stretch_contrast": stretch_contrast}}
    pixels = tmp_path / "square.npy"
    own = params | {"model": {"input_size": side}}
    square.run(own, images=packed[1], index=packed[0], pixels=str(pixels))
    return pixels


@pytest.mark.parametrize("stretch", [True, False])
def test_each_row_is_the_image_of_the_tables_row(packed, tmp_path, stretch):
    found = np.load(run(packed, tmp_path, 40, "crop", stretch), mmap_mode="r")
    assert (found.shape, found.dtype) == ((75, 3, 40, 40), np.uint8)
    table, content = pd.read_csv(packed[0]), np.load(packed[1])
    for i in (0, 30, 74):
        row = table.iloc[i]
        shape = row[["height", "width", "channels"]].astype(int).tolist()
        image = content[row["offset"] :][: np.prod(shape)].reshape(shape)
        assert np.array_equal(
            found[i].transpose(1, 2, 0), square.fitted(image, 40, "crop", stretch)
        )


def test_a_grey_image_among_coloured_ones_has_three_equal_channels(packed, tmp_path):
    table, content = pd.read_csv(packed[0]), np.load(packed[1])
    grey = np.arange(32 * 32, dtype=np.uint32).astype(np.uint8)
    own = {"offset": len(content), "height": 32, "width": 32, "channels": 1}
    table = pd.concat([table, table.head(1).assign(**own)])
    table.to_csv(packed[0], index=False)
    np.save(packed[1], np.concatenate([content, grey]))
    last = np.load(run(packed, tmp_path))[-1]
    assert np.array_equal(last, np.broadcast_to(grey.reshape(1, 32, 32), (3, 32, 32)))


def test_files_that_do_not_belong_together_are_refused(packed, tmp_path):
    np.save(packed[1], np.load(packed[1])[:-1])
    with pytest.raises(DataError, match=r"images\.npy: \d+ bytes, .*its table needs \d+"):
        run(packed, tmp_path)


def test_no_room_is_one_line_and_leaves_nothing(packed, tmp_path, monkeypatch):
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = sorted(tmp_path.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, old[1]))
    try:
        with pytest.raises(DiskError, match=r"square\.npy: cannot be written: File too large"):
            run(packed, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert sorted(tmp_path.iterdir()) == before
    monkeypatch.setattr(atomic.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(DiskError, match=r"square\.npy: 75 images of 32x32 px needs about 230 kB"):
        run(packed, tmp_path)
