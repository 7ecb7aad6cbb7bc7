"""Pixels of any depth become 8 bits: by which range, and what is refused."""

import struct

import numpy as np
import pytest
from files import GREY, GREY_ALPHA, RGB, RGBA, encoded, png16, read, refused, tiff
from groupconv.data import decode
from groupconv.data.sources.source import Character, Scan
from PIL import Image

RAMP = np.linspace(0, 65535, 1024).reshape(32, 32).astype(np.uint16)
EIGHT = (RAMP >> 8).astype(np.uint8)
COLOUR = np.stack([RAMP, RAMP[::-1], RAMP.T], 2)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["png", "tiff", "pgm", "jpeg2000"])
def test_grey_of_16_bits_keeps_the_levels_that_are_used(kind, bits):
    values = RAMP >> 16 - bits
    contents = {
        "png": lambda: encoded(values),
        "tiff": lambda: tiff(values),
        "pgm": lambda: b"P5 32 32 65535\n" + values.astype(">u2").tobytes(),
        "jpeg2000": lambda: encoded(values, "jpeg2000"),
    }
    assert np.array_equal(read(contents[kind]()), EIGHT)


@pytest.mark.parametrize("maximum", [65535, 4095, 1023, 1000, 255, 100, 1])
@pytest.mark.parametrize("part", [1, 4])
def test_a_pgm_is_scaled_by_the_maximum_that_it_states(maximum, part):
    values = (RAMP.astype(np.int64) * maximum // 65535 // part).astype(np.uint16)
    values[0, 0] = maximum if maximum == 65535 else 0  # or it would be one of 14 bits
    raw = values.astype(">u2" if maximum > 255 else "u1").tobytes()
    plain = b" ".join(b"%d" % value for value in values.ravel())
    expected = values * (255 / maximum)
    for head, content in ((b"P5", raw), (b"P2", plain)):
        got = read(head + b" 32 32 %d\n" % maximum + content)
        assert np.abs(got - expected).max() <= 1


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_colour_of_16_bits_keeps_the_levels_that_are_used(order, packed, bits):
    values = COLOUR >> 16 - bits
    alpha = np.full((32, 32, 1), 65535, np.uint16)
    solid = np.concatenate([values, alpha], 2)
    grey = np.concatenate([values[..., :1], alpha], 2)
    for content in (
        tiff(values, order, packed=packed),
        tiff(solid, order, packed=packed),
        png16(values, RGB),
        png16(solid, RGBA),
        b"P6 32 32 65535\n" + values.astype(">u2").tobytes(),
    ):
        assert np.abs(read(content).astype(int) - (COLOUR >> 8)).max() <= 1
    assert np.array_equal(read(png16(grey, GREY_ALPHA))[..., 0], EIGHT)


def test_16_bits_in_planes_are_read_rightly_or_refused_with_the_remedy():
    assert np.array_equal(read(tiff(COLOUR, packed=True, planes=True)), COLOUR >> 8)
    assert "in a plane of its own: save it as PNG" in refused(tiff(COLOUR, planes=True))
    dark = tiff(COLOUR >> 4, packed=True, planes=True)
    assert "of which 14 or fewer are used: save it with 8" in refused(dark)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("white", [False, True])
def test_a_tiff_of_any_depth_has_its_range_and_where_0_is_white_is_turned_about(white, packed):
    expected = 255 - EIGHT if white else EIGHT
    for values in (EIGHT, RAMP, RAMP >> 4, (RAMP / 65535).astype(np.float32)):
        got = read(tiff(values, "<", white, packed))
        assert np.abs(got.astype(int) - expected).max() <= 1
    got = read(tiff((RAMP / 65535).astype(np.float32), ">", white, packed))
    assert np.abs(got.astype(int) - expected).max() <= 1
    assert set(np.unique(read(encoded(Image.fromarray(EIGHT).convert("1"), "tiff")))) == {0, 255}


def test_12_bits_that_a_tiff_states_are_12_however_dark():
    assert np.array_equal(read(tiff(RAMP >> 4, bits=12)), EIGHT)
    assert np.array_equal(read(tiff(RAMP >> 6, bits=12)), RAMP >> 10)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("packed", [False, True])
def test_whole_numbers_of_32_bits_and_with_a_sign_have_the_range_that_holds_them(order, packed):
    for values, expected in (
        ((RAMP >> 1).astype(np.int16), EIGHT),
        (RAMP.astype(np.int32), EIGHT),
        (EIGHT.astype(np.float32), EIGHT),
    ):
        assert np.array_equal(read(tiff(values, order, packed=packed)), expected)
    assert np.array_equal(read(tiff(RAMP.astype(np.uint32) << 16, packed=packed)), EIGHT)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (np.linspace(-1, 1, 64), "pixels below 0 (-1 to 1): save it with"),
        (np.linspace(0, 1.5, 64), "pixels from 0 to 1.5; allowed: 0 to 1, or whole numbers"),
        (np.full(64, np.nan), "pixels that are no numbers"),
        (np.arange(-5, 59, dtype=np.int32), "pixels below 0 (-5 to 58): save it with 8 or 16"),
    ],
)
def test_pixels_without_a_range_are_refused_with_the_reason_and_not_clipped(values, problem):
    values = values.astype(np.float32) if values.dtype == np.float64 else values
    assert problem in refused(tiff(values.reshape(8, 8)))


def test_a_tiff_that_is_not_read_is_still_called_one_with_its_bits():
    assert "TIFF file" in refused(tiff(np.zeros((4, 4))))
    assert "64 float bits, photometric 1: save it as PNG" in refused(tiff(np.zeros((4, 4))))
    assert "16 bits, photometric 0" in refused(tiff(RAMP, ">", white_is_zero=True))


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("clear", [(0, 0, 0), (1000, 2000, 3000)])
def test_a_colour_that_a_png_of_16_bits_calls_clear_lies_on_paper(bits, clear):
    values = np.full((9, 9, 3), clear, np.uint16)
    values[4] = 40000 >> 16 - bits, 1000, 500
    got = read(png16(values, RGB, (b"tRNS", struct.pack(">3H", *clear))))
    assert (got[0] == 255).all()
    assert np.array_equal(got[4, 0], values[4, 0] >> bits - 8)


def row_of(content, **scan):
    scan = Scan("o", "p", content, (Character("id", "a"),), **scan)
    ((row, _, problem),) = decode.decode(scan, list(scan.characters), image_size=8)
    assert problem == ""
    return row


def test_what_only_8_bits_or_a_small_size_make_equal_is_not_called_equal():
    near = np.linspace(30000, 30100, 192).astype(np.uint16)
    for content in (encoded(near.reshape(8, 24)), png16(near.reshape(8, 8, 3), RGB)):
        row = row_of(content)
        assert row["blank"]
        assert row["lost"] == "values 30000 to 30100 of 0 to 65,535: less than one of 256 levels"
    one = np.full((512, 512), 255, np.uint8)
    one[5, 5] = 250
    assert row_of(encoded(one))["lost"] == "all pixels are equal at 8x8 px, and not in the file"
    for same in (np.full((9, 9), 30000, np.uint16), one[10:30, 10:30]):
        row = row_of(encoded(same))
        assert row["blank"]
        assert row["lost"] == ""


@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (128, 255), (220, 255), (240, 0), (255, 0)])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "16"])
def test_ink_on_clear_ground_is_ink_on_paper_that_differs(mode, ink, ground):
    drawing = np.full((9, 9, 2), ink, np.uint8)
    drawing[..., 1] = 0
    drawing[4, :, 1] = 255  # one stroke
    image = Image.fromarray(drawing)
    if mode == "16":
        content = png16(drawing.astype(np.uint16) * 257, GREY_ALPHA)
    elif mode == "PA":
        content = encoded(image.convert("RGBA").quantize(4))
    else:
        content = encoded(image.convert(mode))
    got = read(content)
    assert set(got[4].ravel()) == {ink}
    assert set(np.delete(got, 4, axis=0).ravel()) == {ground}


def test_a_grey_value_of_16_bits_that_is_clear_lies_on_white():
    got = read(png16(RAMP[..., None], GREY, (b"tRNS", b"\0\0")))
    assert got[0, 0] == 255
    assert np.array_equal(got[1:], EIGHT[1:])
