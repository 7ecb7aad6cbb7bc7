import base64
import zlib
from importlib.util import find_spec

import numpy as np
import pytest
from files import GREY, GREY_ALPHA, RGB, RGBA, encoded, png16, png_chunk, tiff
from groupconv.data import decode, formats
from groupconv.data.sources.source import Character, Scan
from PIL import Image

RAMP = np.linspace(0, 65535, 1024).reshape(32, 32).astype(np.uint16)
EIGHT = (RAMP >> 8).astype(np.uint8)
COLOUR = np.stack([RAMP, RAMP[::-1], RAMP.T], 2)


def read(content):
    """The pixels of an image file that is read."""
    image, problem = decode.opened(content)
    assert problem == ""
    return np.asarray(image)


def refused(content):
    """What is said of one that is not."""
    image, problem = decode.opened(content)
    assert image is None
    assert "\n" not in problem
    return problem


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


CORNERS = np.zeros((24, 40, 3), np.uint8)  # red, blue; green, black
CORNERS[:12, :20], CORNERS[12:, :20], CORNERS[:12, 20:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
TURNED = {
    1: CORNERS,
    2: CORNERS[:, ::-1],
    3: CORNERS[::-1, ::-1],
    4: CORNERS[::-1],
    5: CORNERS.transpose(1, 0, 2),
    6: np.rot90(CORNERS, -1),
    7: np.rot90(CORNERS[:, ::-1], -1),
    8: np.rot90(CORNERS, 1),
    0: CORNERS,
    9: CORNERS,
}
LOSSLESS = {
    "jpeg": {"quality": 100, "subsampling": 0},
    "webp": {"lossless": True},
    "avif": {"quality": 100, "subsampling": "4:4:4"},
}


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff", "avif"])
def test_an_image_is_turned_upright_and_a_page_with_boxes_stays_as_stored(kind, orientation):
    exif = Image.Exif()
    exif[decode.ORIENTATION] = orientation
    content = encoded(CORNERS, kind, exif=exif, **LOSSLESS.get(kind, {}))
    got = read(content).astype(int)
    assert got.shape == TURNED[orientation].shape
    assert np.abs(got - TURNED[orientation]).max() < 40
    page = Scan("o", "p", content, (Character("id", "a", (0, 12, 20, 12)),))
    ((_, green, _),) = decode.decode(page, list(page.characters), image_size=64)
    assert np.abs(green.astype(int) - (0, 255, 0)).max() < 40


def test_orientation_turns_deep_grey_and_clear_images_too():
    exif = Image.Exif()
    exif[decode.ORIENTATION] = 6
    deep = encoded(RAMP[:, :9], exif=exif)
    assert np.array_equal(read(deep), np.rot90(EIGHT[:, :9], -1))
    clear = np.dstack([CORNERS, np.full((24, 40), 255, np.uint8)])
    assert np.array_equal(read(encoded(clear, exif=exif)), TURNED[6])


def test_broken_exif_data_alter_no_pixel():
    content = encoded(CORNERS, exif=b"Exif\0\0no TIFF")
    assert np.array_equal(read(content), CORNERS)


def test_cmyk_and_palettes_are_colours():
    cmyk = encoded(Image.fromarray(CORNERS).convert("CMYK"), "jpeg", quality=100)
    palette = encoded(Image.fromarray(CORNERS).quantize(8))
    for content, off in ((cmyk, 60), (palette, 2)):
        assert np.abs(read(content).astype(int) - CORNERS).max() < off


def with_chunk(name, content):
    """A PNG with one more chunk."""
    png = encoded(CORNERS)
    return png[:33] + png_chunk(name, content) + png[33:]


@pytest.mark.parametrize(
    "chunk",
    [
        (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(5_000_000))),
        (b"tEXt", b"Comment\0" + b"x" * 5_000_000),
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"x" * 5_000_000)),
        (b"iCCP", b"profile\0\0" + zlib.compress(bytes(5_000_000))),
    ],
)
def test_a_png_with_much_text_or_a_large_profile_is_read(chunk):
    assert np.array_equal(read(with_chunk(*chunk)), CORNERS)


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP"])
def test_text_without_bounds_is_refused_with_the_remedy(name):
    content = with_chunk(name, b"x\0\0" + zlib.compress(bytes(decode.MOST_TEXT + 1)))
    assert refused(content) == (
        "more than 67,108,864 bytes of text or colour profile: save it without"
    )


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


def test_a_phones_image_is_read_and_one_of_too_many_pixels_is_not_decoded():
    phone = encoded(Image.new("1", (8_000, 6_000)), "png")
    assert decode.opened(phone)[1] == ""
    assert refused(encoded(Image.new("1", (20_000, 15_000)), "png")) == (
        "20000x15000 px; allowed: 250,000,000 pixels: scale it to 91% of its sides or less, "
        "or cut it"
    )


def test_the_limit_is_on_the_product_of_the_sides(monkeypatch):
    monkeypatch.setattr(decode, "MOST_PIXELS", 100)
    assert decode.opened(encoded(np.eye(10, dtype=np.uint8)))[1] == ""
    assert "101x1 px; allowed: 100 pixels" in refused(encoded(np.zeros((1, 101), np.uint8)))


def test_the_preview_in_a_cameras_raw_file_is_not_taken_for_the_image():
    preview = tiff(EIGHT, more=[(decode.PREVIEW, 1)])
    assert refused(preview) == "holds a preview first, as a camera's raw files do: save as JPEG"


# 16x16 px, written by pillow-heif from a ramp of colours.
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAXxtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAA"
    "AAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAABoAABAAAAAAAAAEEAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAAB"
    "AABodmMxAAAAAA5waXRtAAAAAAABAAAA/GlwcnAAAADcaXBjbwAAAHVodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADw"
    "NgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQApQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbqrprm4CGgwIAA"
    "AAyAAAADAIRiAAEABkQBwXPBiQAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABAAAAAQAAAAChjbGFwAA"
    "AAEAAAAAEAAAAQAAAAAf///9AAAAAC////0AAAAAIAAAAQcGl4aQAAAAADCAgIAAAAGGlwbWEAAAAAAAAAAQABBYEC"
    "AwWEAAAASW1kYXQAAAA9KAGvC0hbNRD1AnTvtKI4EFPoB49C/1rjH6prQ9oZiqR5+bNGYpByyXJhZ39gs+ekKsDUAD"
    "0gtY5AAAATUA=="
)


def test_a_heic_is_read_where_pillow_heif_is_and_else_named():
    if find_spec("pillow_heif"):
        assert read(HEIC).shape == (16, 16, 3)
    else:
        assert formats.refused(formats.told(HEIC))[1].startswith(
            "a HEIC image: `pip install pillow-heif`"
        )
