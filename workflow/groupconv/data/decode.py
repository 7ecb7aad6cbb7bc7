"""Image files by strangers -> pixels: grey or RGB, 8 bits, upright, not larger than asked for."""

import hashlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin, TiffImagePlugin

from groupconv.data.depth import PHOTOMETRIC, eight_bits
from groupconv.data.formats import FORMATS, head, kind_of
from groupconv.data.labels import class_name, code_point, is_code_point
from groupconv.data.sources.source import Character, Scan
from groupconv.ground.errors import DataError

MOST_PIXELS = 250_000_000  # of one file; a phone's 200 million, A1 at 550 dpi; 1 GB as RGB in PIL
MOST_TEXT = 2**26  # bytes of a PNG's texts and colour profile, unpacked
ORIENTATION, PREVIEW = 274, 254  # tags of EXIF and TIFF
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
YCBCR = 6  # of PHOTOMETRIC
BACK = {6: 8, 8: 6}  # the others undo themselves

Image.MAX_IMAGE_PIXELS = None  # ours is asked before anything is decoded, and says what to do
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = MOST_TEXT
if "HEIF" in FORMATS:
    import pillow_heif

    pillow_heif.register_heif_opener()

Decoded = tuple[dict, np.ndarray | None, str]


def decode(scan: Scan, wanted: list[Character], image_size: int) -> Iterator[Decoded]:
    """Yield (row, uint8 array (height, width, channels), "") or (row, None, what is wrong).

    The row's "warned" is what Pillow warns of, though it reads the image.
    Raises DataError if the file cannot be read.
    """
    image, problem, warned = None, "", ""
    if wanted and scan.shape:
        image = as_image(scan)
    elif wanted:
        # Boxes are given in the pixels as they are stored: who drew them saw the page so, whatever
        # a camera above a book noted of its own position. CODH's pages with a tag all have 1.
        upright = not any(c.box for c in scan.characters)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            image, problem = opened(scan.content, upright)
        warned = " ".join(str(said[0].message).split()) if said else ""
    for character in wanted:
        row = described(scan, character) | {"warned": warned}
        if image is None:
            yield row, None, problem
            continue
        left, top, right, bottom = place = on_page(character, image.size)
        if right <= left or bottom <= top:
            yield row, None, f"the box is outside the page of {image.width}x{image.height} px"
            continue
        crop = image.crop(place) if character.box else image
        size = packed_size(crop.size, image_size)
        if size != crop.size:
            small = crop.resize(size, Image.Resampling.LANCZOS)
            if blank(np.asarray(small)) and not blank(np.asarray(crop)):
                row["lost"] = f"all pixels are equal at {size[0]}x{size[1]} px, and not in the file"
            crop = small
        array = np.asarray(crop).reshape(crop.height, crop.width, -1)
        row["height"], row["width"], row["channels"] = array.shape
        row["sha256"] = hashlib.sha256(repr(array.shape).encode() + array.tobytes()).hexdigest()
        row["blank"] = blank(array)
        row = {"lost": "", "depth": ""} | image.info | row
        yield row, array, ""


def on_page(character: Character, page: tuple[int, int]) -> tuple[int, int, int, int]:
    """The character's left, top, right and bottom on a page of (width, height), clipped to it."""
    x, y, width, height = character.box or (0, 0, *page)
    return max(x, 0), max(y, 0), min(x + width, page[0]), min(y + height, page[1])


def packed_size(size: tuple[int, int], image_size: int) -> tuple[int, int]:
    """(width, height) with the longer side at most ``image_size``."""
    if max(size) <= image_size:
        return size
    scale = image_size / max(size)
    return tuple(max(1, round(side * scale)) for side in size)


def described(scan: Scan, character: Character) -> dict:
    """The row of a character, before its pixels are decoded."""
    name = class_name(character.label)
    return {
        "id": character.id,
        "class": name,
        "code_point": code_point(name) if is_code_point(character.label) else "",
        "origin": scan.origin,
        "page": scan.page,
        "part": scan.part,
        "box": " ".join(map(str, character.box or ())),
    }


def blank(array: np.ndarray) -> bool:
    """Whether all pixels are equal: a sheet of one colour is blank, too."""
    return bool((array == array[0, 0]).all())


def opened(content: bytes | Path, upright: bool = True) -> tuple[Image.Image | None, str]:
    """(the image, grey or RGB, with its pixels decoded; "") or (None, what is wrong).

    ``upright`` turns and mirrors it as its EXIF data say. The image's ``info`` has the notes of
    ``eight_bits``. Raises DataError for a file that cannot be read.
    """

    def again() -> Image.Image:
        file = io.BytesIO(content) if isinstance(content, bytes) else content
        return Image.open(file, formats=FORMATS)

    try:
        with again() as image:
            if image.width * image.height > MOST_PIXELS:
                return None, too_large(image)
            if image.format == "TIFF" and image.tag_v2.get(PREVIEW, 0) & 1:
                return None, "holds a preview first, as a camera's raw files do: save as JPEG"
            if image.format == "TIFF" and image.tag_v2.get(PHOTOMETRIC) == YCBCR and is_raw(image):
                return None, "a TIFF in YCbCr without compression: save it as PNG"
            tiff = image.tag_v2.get(ORIENTATION, 1) if image.format == "TIFF" else 1
            made, notes = eight_bits(image, again)
            # PIL turns a TIFF itself as it decodes it, and takes the tag away.
            method = UPRIGHT.get(orientation(image) if upright else BACK.get(tiff, tiff))
            made = made if method is None else made.transpose(method)
            made.info = notes
            return made, ""
    except MemoryError:
        raise
    except OSError as error:
        if error.errno is not None and isinstance(content, Path):  # the disk's, not the image's
            raise DataError(f"{content}: cannot be read: {error.strerror}") from error
        return None, problem(error, content)
    except Exception as error:  # a broken file makes PIL's decoders raise almost anything
        return None, problem(error, content)


def is_raw(image: Image.Image) -> bool:
    """Whether PIL unpacks the pixels by itself, without libtiff; it mistakes YCbCr for RGB then."""
    return any(tile.codec_name != "libtiff" for tile in image.tile)


def orientation(image: Image.Image) -> int:
    """1 to 8, as EXIF has it; 1 where it says nothing that can be read."""
    try:
        return image.getexif().get(ORIENTATION, 1)
    except MemoryError:
        raise
    except Exception:  # broken EXIF data alter no pixel
        return 1


def too_large(image: Image.Image) -> str:
    """The line on an image that has too many pixels."""
    share = int(100 * (MOST_PIXELS / (image.width * image.height)) ** 0.5)
    said = f"{image.width}x{image.height} px; allowed: {MOST_PIXELS:,} pixels"
    return said + (f": scale it to {share}% of its sides or less, or cut it" if share else "")


def problem(error: Exception, content: bytes | Path) -> str:
    """What is wrong with a file that PIL does not read, in a line."""
    text = " ".join(str(error).split()) or repr(error)
    if "cannot identify" in text:
        kind = kind_of(head(content))
        pixels = tiff_pixels(content) if kind == "TIFF" else ""
        return f"{kind} file that is broken, or is not read{pixels}" if kind else "not an image"
    if "MAX_TEXT" in text:
        return f"more than {MOST_TEXT:,} bytes of text or colour profile: save it without"
    return text


def tiff_pixels(content: bytes | Path) -> str:
    """The kind of a TIFF's pixels: PIL does not name the kinds that it cannot read."""
    try:
        with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as file:
            tags = TiffImagePlugin.ImageFileDirectory_v2(file.read(8))
            file.seek(tags.next)
            tags.load(file)
        number = {1: "", 2: "signed ", 3: "float "}[tags.get(339, (1,))[0]]
        bits = "+".join(map(str, tags[258]))
        return f": {bits} {number}bits, photometric {tags[262]}: save it as PNG"
    except MemoryError:
        raise
    except Exception:  # broken in its tags, too
        return ""


def as_image(scan: Scan) -> Image.Image:
    """The pixels of a scan that is no image file."""
    array = np.frombuffer(scan.content, np.uint8).reshape(scan.shape)
    return Image.fromarray(array[..., 0] if scan.shape[2] == 1 else array)
