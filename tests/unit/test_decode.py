"""An image file becomes pixels: upright, within limits, and a box cut out of its page."""

import base64
import zlib
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from files import encoded, png_chunk, read, refused, tiff
from groupconv.data import decode, formats
from groupconv.data.sources.source import Character, Scan
from PIL import Image

RAMP = np.linspace(0, 65535, 1024).reshape(32, 32).astype(np.uint16)
EIGHT = (RAMP >> 8).astype(np.uint8)
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


@pytest.mark.parametrize("kind", ["gif", "tiff", "webp", "avif", "png", "mpo"])
def test_of_several_images_in_a_file_the_first_is_taken_and_that_is_said(kind):
    first, *others = (Image.fromarray(np.roll(CORNERS, i, axis=1)) for i in (0, 9, 17))
    how = LOSSLESS.get("jpeg" if kind == "mpo" else kind, {})
    content = encoded(first, kind, save_all=True, append_images=others, **how)
    scan = Scan("o", "p", content, (Character("id", "a"),))
    ((row, got, _),) = decode.decode(scan, list(scan.characters), image_size=64)
    assert np.abs(got.astype(int) - CORNERS).max() < 40
    said = "" if kind == "mpo" else "more than one image in the file: the first is taken"
    assert row["warned"] == said
    alone = replace(scan, content=encoded(first, kind, **how))
    assert next(decode.decode(alone, list(scan.characters), 64))[0]["warned"] == ""


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
