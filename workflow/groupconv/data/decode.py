"""Image files by strangers -> pixels: grey or RGB, 8 bits, not larger than asked for."""

import hashlib
import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from groupconv.data.catalogue import class_name
from groupconv.data.sources.source import Character, Scan

MOST_PIXELS = 40_000_000  # of one file; the largest page scan has 13 million
FORMATS = (
    "PNG",
    "JPEG",
    "JPEG2000",
    "TIFF",
    "WEBP",
    "BMP",
    "GIF",
    "PPM",
)  # no EPS: it runs a program


def decode(
    scan: Scan, wanted: list[Character], image_size: int
) -> Iterator[tuple[dict, np.ndarray | None, str]]:
    """Yield (row, uint8 array (height, width, channels), "") or (row, None, what is wrong)."""
    image, problem = None, ""
    if wanted:
        image, problem = (as_image(scan), "") if scan.shape else opened(scan.content)
    for character in wanted:
        row = {
            "id": character.id,
            "class": class_name(character.label),
            "code_point": "" if class_name(character.label) == character.label else character.label,
            "origin": scan.origin,
            "page": scan.page,
            "box": " ".join(map(str, character.box or ())),
        }
        if image is None:
            yield row, None, problem
            continue
        crop = image
        if character.box:
            x, y, width, height = character.box
            right, bottom = min(x + width, image.width), min(y + height, image.height)
            if right <= max(x, 0) or bottom <= max(y, 0):
                yield row, None, f"the box is outside the page of {image.width}x{image.height} px"
                continue
            crop = image.crop((max(x, 0), max(y, 0), right, bottom))
        if max(crop.size) > image_size:
            scale = image_size / max(crop.size)
            size = tuple(max(1, round(side * scale)) for side in crop.size)
            crop = crop.resize(size, Image.Resampling.LANCZOS)
        array = np.asarray(crop).reshape(crop.height, crop.width, -1)
        row["height"], row["width"], row["channels"] = array.shape
        row["sha256"] = hashlib.sha256(repr(array.shape).encode() + array.tobytes()).hexdigest()
        row["blank"] = bool((array == array[0, 0]).all())  # a colour is blank too
        yield row, array, ""


def eight_bits(image: Image.Image) -> Image.Image:
    """The image in mode L where it is grey, else RGB; what is transparent lies on white paper.

    Raises ValueError for pixels without a fixed range, which PIL would clip at 255.
    """
    grey = image.mode in ("1", "L", "LA") or image.mode.startswith("I;16")
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode in ("I", "F"):
        raise ValueError(f"pixels of mode {image.mode}; allowed: 8 or 16 bits")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L" if grey else "RGB")


def opened(content: bytes) -> tuple[Image.Image | None, str]:
    """The image file, grey or RGB, with its pixels decoded; or None and what is wrong."""
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
        if image.width * image.height > MOST_PIXELS:
            return None, f"{image.width}x{image.height} px; allowed: {MOST_PIXELS:,} pixels"
        return eight_bits(image), ""
    except MemoryError:
        raise
    except Exception as error:  # a broken file makes PIL's decoders raise almost anything
        problem = " ".join(str(error).split()) or repr(error)
        return None, "not an image" if "cannot identify" in problem else problem


def as_image(scan: Scan) -> Image.Image:
    """The pixels of a scan that is no image file."""
    array = np.frombuffer(scan.content, np.uint8).reshape(scan.shape)
    return Image.fromarray(array[..., 0] if scan.shape[2] == 1 else array)
