"""Steps on a disk that is really too small: one line, what is free, nothing half-written."""

import contextlib
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from archives import tar_of
from disks import NEEDS_ROOT, small_disk
from groupconv.data import packed, parallel
from groupconv.ground.errors import DiskError
from groupconv.network import checkpoint
from groupconv.steps import download, square
from preparing import local, picture, write_classes
from served import serving

pytestmark = NEEDS_ROOT
SIZE = 3 * 2**20


@pytest.fixture
def disk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with small_disk(tmp_path / "out", SIZE) as folder:
        yield folder


def fill(disk):
    with open(disk / "fill", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def refused(step, *given, **named):
    with pytest.raises(DiskError) as caught:
        step(*given, **named)
    return str(caught.value)


@pytest.mark.parametrize(
    ("full", "says"),
    [
        (False, "360 images needs about 4.4 MB, its disk has 3.1 MB free"),
        (True, "the list of images needs about 1.0 MB, its disk has 0 bytes free"),
    ],
)
def test_prepare_before_an_image_is_decoded(disk, tmp_path, monkeypatch, full, says):
    images = [picture(i, (64, 64)) for i in range(360)]
    write_classes(tmp_path / "in", a=images[:180], b=images[180:])
    monkeypatch.setattr(parallel, "decode", lambda *_: pytest.fail("decoded"))
    if full:
        fill(disk)
    assert refused(local, tmp_path, image_size=64) == f"{disk}/images: {says}"
    assert os.listdir(disk) == ["fill"] * full


def test_square_before_the_first_image(disk, tmp_path):
    pixels, table, count = tmp_path / "images.npy", str(tmp_path / "index.csv"), 65
    np.save(pixels, np.zeros(9 * count, np.uint8))
    shape = {"height": 3, "width": 3, "channels": 1}
    packed.write_table(table, packed.PLACE, [{"offset": 9 * i, **shape} for i in range(count)])
    params = {"data": {"fit": "stretch", "stretch_contrast": False}, "model": {"input_size": 224}}
    said = refused(square.run, params, str(pixels), table, str(disk / "square.npy"))
    needs = "65 images of 224x224 px needs about 3.3 MB, its disk has 3.1 MB free"
    assert said == f"{disk}/square.npy: {needs}"
    assert os.listdir(disk) == []


@pytest.mark.parametrize(
    ("way", "says"),
    [
        ("folder", "the copy needs about 4.0 MB, its disk has 3.1 MB free"),
        ("server", "the download needs about 4.0 MB, its disk has 3.1 MB free"),
        ("no length", "cannot be written: No space left on device; its disk has 0 bytes free"),
    ],
)
def test_a_download_of_unknown_size(disk, tmp_path, monkeypatch, way, says):
    whole = tar_of([("first", bytes(4_000_000))])
    (tmp_path / "kkanji.tar").write_bytes(whole)
    params = {"data": {"source": "kkanji", "books": None}}
    file = str(disk / "raw" / "kkanji" / "kkanji.tar")
    unknown = replace(download.raw_file(params["data"], file), size_bytes=None, urls=())
    monkeypatch.setattr(download, "raw_file", lambda *_: unknown)
    with serving(**{"kkanji.tar": whole}) as served:
        served.chunked = way == "no length"
        mirror = str(tmp_path) if way == "folder" else served.url
        assert refused(download.run, params, file, mirror).endswith(f": {says}")
    assert not os.path.exists(file)


def test_a_checkpoint(disk):
    said = refused(checkpoint.save, {"weights": torch.zeros(10**6)}, disk / "checkpoint.pt")
    why = "cannot be written: No space left on device; its disk has"
    assert said.startswith(f"{disk}/checkpoint.pt: {why}")
    assert os.listdir(disk) == []
