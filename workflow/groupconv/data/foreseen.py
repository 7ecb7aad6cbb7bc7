"""How much the packed pixels will take, by the headers of the first images: none is decoded.

What it reads of a file it hands on, so that no file is opened once more for it.
"""

import io
import warnings
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from PIL import Image

from groupconv.data import decode
from groupconv.data.archive import refusing
from groupconv.data.depth import is_grey
from groupconv.data.formats import FORMATS
from groupconv.data.parallel import Wanted
from groupconv.data.sources.source import Character, Scan

FIRST = 64  # images that are looked at
MOST_HELD = 2**26  # bytes of their files


def packed(wanted: Iterator[Wanted], image_size: int) -> tuple[Iterator[Wanted], float]:
    """(the same scans, bytes of pixels an image by the first of them; 0 if none tells).

    Raises DataError.
    """
    first, images, pixels, held = [], 0, 0, 0
    for scan, characters in wanted:
        if isinstance(scan.content, Path):
            with refusing(str(scan.content), "a file"):
                large = scan.content.stat().st_size > MOST_HELD - held
                scan = scan if large else replace(scan, content=scan.content.read_bytes())
        first.append((scan, characters))
        if isinstance(scan.content, Path):
            break
        held += len(scan.content)
        images += len(characters)
        pixels += _pixels(scan, characters, image_size)
        if images >= FIRST or held >= MOST_HELD:
            break
    return chain(first, wanted), pixels / max(images, 1)


def _pixels(scan: Scan, characters: list[Character], image_size: int) -> int:
    """Bytes of the characters' pixels; 0 where the file's header cannot be read."""
    if scan.shape:
        height, width, channels = scan.shape
    else:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # decode says them
                with Image.open(io.BytesIO(scan.content), formats=FORMATS) as image:
                    width, height = image.size
                    channels = 1 if is_grey(image) else 3
        except MemoryError:
            raise
        except Exception:  # a broken file makes PIL raise almost anything; decode says what
            return 0
    found = 0
    for character in characters:
        left, top, right, bottom = decode.on_page(character, (width, height))
        if right > left and bottom > top:
            size = decode.packed_size((right - left, bottom - top), image_size)
            found += size[0] * size[1] * channels
    return found
