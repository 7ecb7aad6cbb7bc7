"""Pixels of any depth -> 8 bits, grey or RGB, by these rules.

- A range that the file states holds: the largest value of a PGM, 12 bits of a TIFF.
- 16 and 32 bits are also what programs write 10 or 12 bits into, and say nothing: the range is the
  narrowest of 8, 10, 12, 14, 16, 24 and 32 bits that holds the image's largest value. A scan whose
  values end at 4095 is one of 12 bits; a genuine one of 16 bits that is so dark becomes lighter.
- Floats are 0 to 1, or whole numbers as above. Other floats, and values below 0, have no known
  range: they are refused, as clipping would alter them.
- Where 0 is white (TIFF's WhiteIsZero), 0 becomes 255 and so on.
- What is transparent lies on white paper; on black where the ink is nearly white itself (its mean,
  weighted by opacity, over NEARLY_WHITE): a white drawing on clear ground is no blank sheet.
"""

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

DEPTHS = (8, 10, 12, 14, 16, 24, 32)  # bits
NEARLY_WHITE = 230  # of 255
ROWS = 512  # composed at once: an image of 250 million pixels is not held four times
PHOTOMETRIC, BITS, SIGN = 262, 258, 339  # TIFF's tags
PLANES = 284
WHITE_IS_ZERO, UNSIGNED, SIGNED, APART = 0, 1, 2, 2
# libtiff gives this machine's order of bytes, which PIL mistakes for the file's in these.
NATIVE = {"F;32BF": "F;32NF", "I;32BS": "I;32NS", "I;16BS": "I;16NS"}
SWAPPED = {"B": "L", "L": "B", "N": "B"}  # the order of bytes by which PIL takes the low ones


def eight_bits(
    image: Image.Image, reopened: Callable[[], Image.Image]
) -> tuple[Image.Image, dict[str, str]]:
    """(the image in mode L if it is grey, else RGB; {note: text}).

    Note "lost": the different values that 8 bits made equal. Note "depth": where the file
    states no range, the one that the values show: "12 of 16" bits. ``image`` is open and not yet
    decoded; ``reopened`` opens it again. Raises ValueError for pixels without a known range.
    """
    grey, notes = is_grey(image), {}
    if image.mode[0] in "IF":
        image, notes = _deep_grey(image)
    elif rawmode := _sixteen_bits(image):
        image, notes = _deep_colour(image, rawmode, reopened)
    if image.has_transparency_data:
        image = _on_paper(image)
    mode = "L" if grey else "RGB"
    image.load()
    return (image if image.mode == mode else image.convert(mode)), notes  # not a copy of a GB


def is_grey(image: Image.Image) -> bool:
    """Whether it will have one channel: told by the mode of an image that is open, not decoded."""
    return image.mode in ("1", "L", "LA", "La") or image.mode[0] in "IF"


def _deep_grey(image: Image.Image) -> tuple[Image.Image, dict[str, str]]:
    """An image of mode I;16, I or F in 8 bits, and its notes."""
    tags = getattr(image, "tag_v2", {})
    stated, clear = _stated(image, tags), image.info.get("transparency")
    signed = tags.get(SIGN, (UNSIGNED,))[0] == SIGNED
    tile = image.tile[0] if image.tile else None
    if tile and tile.codec_name == "libtiff" and tile.args[0] in NATIVE:
        image = _as(image, NATIVE[tile.args[0]])
    values = np.asarray(image)
    if values.dtype == np.int32 and not signed:
        values = values.view(np.uint32)  # PIL knows none of 32 bits without a sign
    low, high, depth = values.min(), values.max(), ""
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("pixels that are no numbers (NaN or infinite)")
    if low < 0:
        raise ValueError(f"pixels below 0 ({low:g} to {high:g}): save it with 8 or 16 bits from 0")
    if values.dtype == np.float32 and high <= 1:
        eight, top = np.rint(values * 255).astype(np.uint8), 1
    elif values.dtype == np.float32 and (high >= 2**32 or (values != np.floor(values)).any()):
        allowed = "allowed: 0 to 1, or whole numbers: save it with 8 or 16 bits"
        raise ValueError(f"pixels from {low:g} to {high:g}; {allowed}")
    else:
        bits = stated or _narrowest(high)
        if signed:  # one bit of the file's own is the sign
            bits = min(bits, tags[BITS][0] - 1)
        own = tags[BITS][0] if tags else 32 if image.mode == "F" else 16
        depth = f"{bits} of {own}" if not stated and bits < own - signed else ""
        whole = values.astype(np.uint32) if values.dtype == np.float32 else values
        eight, top = (whole >> (bits - 8)).astype(np.uint8), 2**bits - 1
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        eight = 255 - eight
    made = Image.fromarray(eight)
    if isinstance(clear, int):  # one value is transparent
        made.putalpha(Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8)))
    return made, _notes(eight, low, high, top, depth)


def _stated(image: Image.Image, tags: dict) -> int | None:
    """The bits of the values, if the file states them; None if it has the usual 16 or 32."""
    if image.format == "PPM" and image.tile[0].codec_name != "raw":
        return None if image.tile[0].args[-1] == 2**16 - 1 else 16  # PIL scales others to 16
    bits = tags.get(BITS, (0,))[0]
    return bits if 8 < bits < 16 else None


def _narrowest(maximum: float) -> int:
    return next(bits for bits in DEPTHS if maximum < 2**bits)


def _notes(eight: np.ndarray, low: float, high: float, top: int, depth: str) -> dict[str, str]:
    notes = {"depth": depth} if depth else {}
    if low != high and (eight == eight[0, 0]).all():
        span = f"values {low:g} to {high:g} of 0 to {top:,}"
        notes["lost"] = f"{span}: less than one of 256 levels"
    return notes


def _sixteen_bits(image: Image.Image) -> str:
    """How a colour image of 16 bits a channel lies in its file ("RGB;16B"); "" for all others."""
    if not image.tile:
        return ""
    tags = getattr(image, "tag_v2", {})
    if tags.get(PLANES) == APART and max(tags[BITS]) > 8 and image.tile[0].codec_name != "libtiff":
        raise ValueError("16 bits a channel, each in a plane of its own: save it as PNG")
    codec, _, _, args = image.tile[0]
    if image.format == "PPM" and codec != "raw":
        return "RGB;16B" if args[-1] == 2**16 - 1 else ""
    rawmode = args if isinstance(args, str) else next(iter(args or ()), "")
    return rawmode if isinstance(rawmode, str) and ";16" in rawmode else ""


def _deep_colour(
    image: Image.Image, rawmode: str, reopened: Callable[[], Image.Image]
) -> tuple[Image.Image, dict[str, str]]:
    """The image in 8 of the bits that it uses, and its notes. PIL gives the high 8 of 16.

    If those are all small or all equal, it decodes the file again to get the low ones.
    """
    apart = getattr(image, "tag_v2", {}).get(PLANES) == APART
    clear = image.info.get("transparency")  # one colour, of 16 bits, which PIL seeks among 8
    high = np.asarray(image)[..., :3]
    if clear is None and high.max() >= 2 ** (14 - 8) and (high != high[0, 0]).any():
        return image, {}
    if rawmode == "LA;16B":  # its four bytes, as they lie there
        bytes_ = np.asarray(_as(reopened(), "RGBA")).astype(np.uint16)
        values = bytes_[..., ::2] << 8 | bytes_[..., 1::2]
    elif rawmode[:-1] in ("RGB;16", "RGBX;16", "RGBA;16") and not apart:
        low = np.asarray(_as(reopened(), rawmode[:-1] + SWAPPED[rawmode[-1]]))
        values = np.asarray(_as(reopened(), rawmode)).astype(np.uint16) << 8 | low
    else:
        raise ValueError("16 bits a channel, of which 14 or fewer are used: save it with 8")
    opaque = values.shape[2] in (1, 3)
    colour = values if opaque else values[..., :-1]
    bits = _narrowest(colour.max())
    channels = [(colour >> (bits - 8)).astype(np.uint8)]
    depth = f"{bits} of 16" if bits < 16 else ""
    notes = _notes(channels[0], colour.min(), colour.max(), 2**bits - 1, depth)
    if not opaque:
        alpha = values[..., -1:]
        channels.append((alpha >> (_narrowest(alpha.max()) - 8)).astype(np.uint8))
    elif clear is not None:
        channels.append(np.where((values == clear).all(2, keepdims=True), 0, 255).astype(np.uint8))
    if len(channels) > 1 and (channels[1] != channels[1][0, 0]).any():
        notes.pop("lost", None)
    return Image.fromarray(np.concatenate(channels, axis=2)), notes


def _as(image: Image.Image, rawmode: str) -> Image.Image:
    """The image, opened and not yet decoded, with its bytes taken to lie as in ``rawmode``."""
    if image.format == "PPM":
        if image.tile[0].codec_name == "ppm_plain":
            raise ValueError(
                "a plain PPM of 16 bits, of which 14 or fewer are used; save it as PNG"
            )
        image.tile = [image.tile[0]._replace(codec_name="raw", args=(rawmode, 0, 1))]
    else:
        image.tile = [
            tile._replace(args=rawmode if isinstance(tile.args, str) else (rawmode, *tile.args[1:]))
            for tile in image.tile
        ]
    return image


def _on_paper(image: Image.Image) -> Image.Image:
    """RGB: what is transparent lies on white, or on black where the ink itself is nearly white."""
    rgba = image if image.mode == "RGBA" else image.convert("RGBA")
    opacity = ink = 0
    for _, piece in _pieces(rgba):
        alpha = np.asarray(piece.getchannel("A")).astype(np.int64)
        opacity += int(alpha.sum())
        ink += int((np.asarray(piece.convert("RGB").convert("L")) * alpha).sum())
    paper = "black" if ink > NEARLY_WHITE * opacity else "white"
    made = Image.new("RGB", image.size)
    for top, piece in _pieces(rgba):
        ground = Image.new("RGBA", piece.size, paper)
        made.paste(Image.alpha_composite(ground, piece).convert("RGB"), (0, top))
    return made


def _pieces(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    for top in range(0, image.height, ROWS):
        yield top, image.crop((0, top, image.width, min(top + ROWS, image.height)))
