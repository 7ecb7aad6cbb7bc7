"""Image files that Pillow does not write (16 bits a channel, every TIFF kind), and one read."""

import io
import struct
import zlib

import numpy as np
from groupconv.data import decode
from PIL import Image

GREY, RGB, GREY_ALPHA, RGBA = 0, 2, 4, 6  # PNG's kinds of colour


def encoded(array, kind="png", **how):
    """The bytes of an array (or image) as Pillow writes it."""
    file = io.BytesIO()
    image = array if isinstance(array, Image.Image) else Image.fromarray(array)
    image.save(file, kind, **how)
    return file.getvalue()


def png16(values, colour, *chunks):
    """A PNG of 16 bits a channel; ``values`` (height, width, channels)."""
    height, width = values.shape[:2]
    rows = values.astype(">u2").reshape(height, -1)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        png_chunk(name, content)
        for name, content in (
            (b"IHDR", struct.pack(">2I5B", width, height, 16, colour, 0, 0, 0)),
            *chunks,
            (b"IDAT", zlib.compress(lines)),
            (b"IEND", b""),
        )
    )


def png_chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + zlib.crc32(name + content).to_bytes(4)


def tiff(values, order="<", white_is_zero=False, packed=False, planes=False, bits=None, more=()):
    """A TIFF of one strip (one a channel where ``planes``) in the byte order "<" or ">".

    The kind of pixels is that of ``values`` (height, width[, channels]); ``bits``: so many are
    stated, and for 12 of 16 packed as TIFF has them. ``more``: (tag, short) pairs.
    """
    channels = values.shape[2] if values.ndim == 3 else 1
    strips = np.moveaxis(values, 2, 0) if planes else [values]
    contents = [
        np.ascontiguousarray(s).astype(s.dtype.newbyteorder(order)).tobytes() for s in strips
    ]
    if bits == 12:
        pairs = values.reshape(-1, 2).astype(int)
        a, b = pairs[:, 0], pairs[:, 1]
        contents = [np.stack([a >> 4, (a & 15) << 4 | b >> 8, b & 255], 1).astype("u1").tobytes()]
    if packed:
        contents = [zlib.compress(content) for content in contents]
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    photometric = 2 if channels > 2 else int(not white_is_zero)
    tags = {
        256: (values.shape[1],),
        257: (values.shape[0],),
        258: (bits or values.dtype.itemsize * 8,) * channels,
        259: (8 if packed else 1,),
        262: (photometric,),
        277: (channels,),
        278: (values.shape[0],),
        279: tuple(map(len, contents)),
        284: (2 if planes else 1,),
        339: (kind,) * channels,
        **{tag: (value,) for tag, value in more},
    }
    if channels in (2, 4):
        tags[338] = (2,)
    at, offsets = 8, []
    for content in contents:
        offsets.append(at)
        at += len(content)
    tags[273] = tuple(offsets)
    body, extra = b"".join(contents), b""
    extra_at = 8 + len(body) + 2 + 12 * len(tags) + 4
    directory = struct.pack(f"{order}H", len(tags))
    for tag, entries in sorted(tags.items()):
        code, letter = (4, "I") if tag in (273, 279) else (3, "H")
        value = struct.pack(f"{order}{len(entries)}{letter}", *entries)
        if len(value) > 4:
            extra += value
            value = struct.pack(f"{order}I", extra_at + len(extra) - len(value))
        directory += struct.pack(f"{order}2HI", tag, code, len(entries)) + value.ljust(4, b"\0")
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8 + len(body))
    return start + body + directory + bytes(4) + extra


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
