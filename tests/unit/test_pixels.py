import io

import numpy as np
import pytest
from groupconv.data import decode
from groupconv.data.sources.source import Character, Scan
from PIL import Image


def encoded(array, kind="png"):
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind)
    return file.getvalue()


def test_16_bit_grey_keeps_its_range():
    ramp = np.linspace(0, 65535, 1024).reshape(32, 32).astype(np.uint16)
    image, problem = decode.opened(encoded(ramp))
    assert (image.mode, problem) == ("L", "")
    assert np.array_equal(np.asarray(image), ramp >> 8)


def test_pixels_without_a_fixed_range_are_unreadable_and_not_clipped():
    image, problem = decode.opened(encoded(np.full((9, 9), 0.5, np.float32), "tiff"))
    assert image is None
    assert problem == "pixels of mode F; allowed: 8 or 16 bits"


def test_ink_on_a_transparent_ground_is_ink_on_white():
    ink = np.zeros((9, 9, 4), np.uint8)
    ink[4, :, 3] = 255  # one black stroke
    image, _ = decode.opened(encoded(ink))
    assert image.mode == "RGB"
    assert set(np.asarray(image)[4].ravel()) == {0}
    assert set(np.delete(np.asarray(image), 4, axis=0).ravel()) == {255}


PAGE = np.arange(20 * 30 * 3, dtype=np.int64).reshape(20, 30, 3).astype(np.uint8)  # 30 px wide


def cropped(box):
    scan = Scan("book", "page", encoded(PAGE), (Character("id", "U+3042", box),))
    ((row, array, problem),) = decode.decode(scan, list(scan.characters), image_size=64)
    return row, array, problem


@pytest.mark.parametrize(
    ("box", "rows", "columns"),
    [
        ((5, 2, 7, 11), slice(2, 13), slice(5, 12)),
        ((25, 15, 10, 10), slice(15, 20), slice(25, 30)),
        ((-3, -4, 10, 10), slice(0, 6), slice(0, 7)),
    ],
)
def test_a_box_is_cut_from_its_place_and_clipped_to_the_page(box, rows, columns):
    row, array, problem = cropped(box)
    assert not problem
    assert np.array_equal(array, PAGE[rows, columns])
    assert row["box"] == " ".join(map(str, box))


@pytest.mark.parametrize("box", [(30, 0, 5, 5), (0, 20, 5, 5), (-5, 0, 5, 5), (3, 3, 0, 5)])
def test_a_box_without_area_on_the_page_is_unreadable(box):
    assert cropped(box)[1:] == (None, "the box is outside the page of 30x20 px")


def test_an_image_of_too_many_pixels_is_not_decoded():
    file = io.BytesIO()
    Image.new("1", (10_000, 9_500)).save(file, "png")
    image, problem = decode.opened(file.getvalue())
    assert image is None
    assert problem == "10000x9500 px; allowed: 40,000,000 pixels"


def test_the_limit_is_on_the_product_of_the_sides(monkeypatch):
    monkeypatch.setattr(decode, "MOST_PIXELS", 100)
    assert decode.opened(encoded(np.eye(10, dtype=np.uint8)))[1] == ""
    wide = encoded(np.zeros((1, 101), np.uint8))
    assert decode.opened(wide) == (None, "101x1 px; allowed: 100 pixels")
