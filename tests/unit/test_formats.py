"""Every kind of file that Pillow writes: read with its pixels, or refused by its own name."""

import io

import numpy as np
import pytest
from files import read, refused
from groupconv.data import formats
from PIL import Image

Image.init()
PIXELS = np.zeros((24, 40, 3), np.uint8)
PIXELS[:12, :20], PIXELS[12:, :20], PIXELS[:12, 20:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
COLOUR = Image.fromarray(PIXELS)
GREY = COLOUR.convert("L")
MODES = {
    "1": GREY.convert("1"),
    "L": GREY,
    "LA": GREY.convert("LA"),
    "P": COLOUR.quantize(8),
    "RGB": COLOUR,
    "RGBA": COLOUR.convert("RGBA"),
    "CMYK": COLOUR.convert("CMYK"),
    "YCbCr": COLOUR.convert("YCbCr"),
    "I;16": Image.fromarray(np.asarray(GREY).astype(np.uint16) * 257),
}
# Modes that Pillow cuts to 8 bits as it writes them.
CUT = {("GIF", "I;16"), ("AVIF", "I;16"), ("WEBP", "I;16")}
HOW = {
    "JPEG": {"quality": 100, "subsampling": 0},
    "MPO": {"quality": 100, "subsampling": 0},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    "WEBP": {"lossless": True},
}
NAMES = {"ICO": "Windows icon", "ICNS": "Apple icon", "MPO": "JPEG"}
NO_IMAGES = {"PDF", "PALM", "SPIDER"}  # a document; and two whose first bytes tell nothing


def written(kind, mode):
    """The file, or None where Pillow writes none of that mode."""
    file = io.BytesIO()
    file.name = "x"
    try:
        MODES[mode].save(file, kind, **HOW.get(kind, {}))
    except (OSError, ValueError, KeyError):
        return None
    return file.getvalue()


CASES = [
    (kind, mode, content)
    for kind in sorted(Image.SAVE)
    for mode in MODES
    if (content := written(kind, mode)) and (kind, mode) not in CUT
]


@pytest.mark.parametrize(("kind", "mode", "content"), CASES, ids=[f"{k}-{m}" for k, m, _ in CASES])
def test_it_is_read_with_its_pixels_or_refused_by_its_name(kind, mode, content):
    told = formats.told(content[: formats.HEAD])
    assert told == ("" if kind in NO_IMAGES else NAMES.get(kind, kind))
    if told not in formats.FORMATS:
        assert formats.refused(told)[1].startswith(f"{told}; allowed: " if told else "not an image")
    elif (kind, mode) == ("TIFF", "YCbCr"):
        assert refused(content) == "a TIFF in YCbCr without compression: save it as PNG"
    else:
        expected = np.asarray((GREY if mode in ("L", "LA", "I;16") else MODES[mode]).convert("RGB"))
        got = np.asarray(Image.fromarray(read(content)).convert("RGB")).astype(int)
        assert np.abs(got - expected).max() < 40


@pytest.mark.parametrize(
    "content",
    [b"\n\n\n\1", b"width 3", b"#define a", b"0 0.5 0.5 1 1\n", b"\0\0\x08\x03\0\0\0\1", bytes(99)],
)
def test_texts_and_labels_are_no_images(content):
    assert formats.told(content.ljust(formats.HEAD, b"\n")) == ""
