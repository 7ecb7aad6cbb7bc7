"""Which files are images, told by their first bytes, and which kinds of image are read.

A file's name says nothing: labels, thumbnails' databases and texts lie beside images, and a
download that failed is a text called .jpg. Standard library, but for pillow-heif where it is.
"""

import re
from importlib.util import find_spec
from pathlib import Path

from groupconv.data.archive import refusing

READ = ("PNG", "JPEG", "JPEG2000", "TIFF", "WEBP", "AVIF", "BMP", "GIF", "PPM")  # no EPS: it runs
FORMATS = (*READ, "HEIF") if find_spec("pillow_heif") else READ  # what Pillow may read
HEAD = 1024  # bytes that tell the kind
EMPTY = "empty"
HEIC = "a HEIC image: `pip install pillow-heif` in the environment that runs prepare, or save it as"
LFS = "a pointer of Git LFS or git-annex"
KINDS = {
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "JPEG": rb"\xff\xd8\xff",
    "JPEG2000": rb"\x00\x00\x00\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
    "WEBP": rb"RIFF....WEBP",
    "GIF": rb"GIF8[79]a",
    "BMP": rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0",  # "BM" alone begins texts, too
    "PPM": rb"P[1-6]\s+(#[^\n]*\s+)*\d+\s|P[Ff]\s+\d+\s",
    "AVIF": rb".{4}ftyp(avif|avis|(mif1|msf1|miaf).{4}(.{4})*?avi[fs])",
    "HEIF": rb".{4}ftyp(hei[cxms]|hev[cmsx]|mif1|msf1)",
    # Images of kinds that are not read. A camera's come before TIFF, whose first bytes they have.
    "camera raw": rb"FUJIFILMCCD|II(R[OS]|U\0)|II\*\0....CR|.{4}ftypcrx ",
    "JPEG XR": rb"II\xbc",
    "JPEG XL": rb"\xff\x0a|\0\0\0\x0cJXL ",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "Photoshop": rb"8BPS",
    "GIMP": rb"gimp xcf",
    "OpenEXR": rb"v/1\x01",
    "Radiance": rb"#\?R(ADIANC|GB)E",
    "DICOM": rb".{128}DICM",
    LFS: rb"version https://git-lfs\.|/annex/objects/",
    "Windows icon": rb"\0\0[\1\2]\0[^\0]\0.{3}\0",
    "Apple icon": rb"icns",
    "DIB": rb"\x28\0\0\0.{8}\x01\0[\1\4\x08\x10\x18\x20]\0",
    "PCX": rb"\n[\0\2-\5][\0\1][\1\2\4\x08].{8}",
    "TGA": rb".(\0[\2\3\n\x0b]\0{5}|\x01[\1\t].{4}[\x0f\x10\x18\x20])"
    rb".{8}[\x01\x08\x0f\x10\x18\x20]",
    "SGI": rb"\x01\xda[\0\1][\1\2]\0[\1-\3]",
    "Sun raster": rb"\x59\xa6\x6a\x95",
    "QOI": rb"qoif",
    "DDS": rb"DDS \x7c",
    "BLP": rb"BLP[12]",
    "MSP": rb"DanM|LinS",
    "IM": rb"Image type: ",
    "PAM": rb"P7\s",
    "FITS": rb"SIMPLE  = ",
    "JBIG2": rb"\x97JB2",
    "MNG": rb"[\x8a\x8b][MJ]NG\r",
    "DjVu": rb"AT&TFORM",
    "Windows metafile": rb"\xd7\xcd\xc6\x9a|\x01\0\0\0.{36} EMF",
    "EPS": rb"%!PS-Adobe-[\d.]+ EPSF|\xc5\xd0\xd3\xc6",
    "XBM": rb"\s*(/\*.*?\*/\s*)?#define\s+\w*width\s+\d",
    "XPM": rb"/\* XPM \*/",
    "SVG": rb"\s*<(\?xml|!DOCTYPE svg|!--|svg).*?<svg[\s>]|\s*<svg[\s>]",
}
PATTERNS = {kind: re.compile(pattern, re.DOTALL) for kind, pattern in KINDS.items()}


def head(content: bytes | Path) -> bytes:
    """The first bytes of a file, or of its content. Raises DataError."""
    if isinstance(content, bytes):
        return content[:HEAD]
    with refusing(str(content), "a file"), content.open("rb") as file:
        return file.read(HEAD)


def kind_of(first: bytes) -> str | None:
    """The kind of image that begins with these bytes; None: it is no image."""
    first = first.removeprefix(b"\xef\xbb\xbf")  # a text's mark, before SVG
    return next((kind for kind, pattern in PATTERNS.items() if pattern.match(first)), None)


def told(first: bytes) -> str:
    """What these first bytes tell: the kind of image, "" for none, or EMPTY."""
    return kind_of(first) or ("" if first else EMPTY)


def refused(kind: str) -> tuple[str, str]:
    """(reason, what is wrong) of a file of which ``kind`` was told; two "" if that is nothing."""
    if kind in FORMATS:
        return "", ""
    if kind == "HEIF":
        return "unreadable", f"{HEIC} JPEG"
    if kind == LFS:
        return "unreadable", f"{LFS}, not the image: `git lfs pull` or `git annex get` fetches it"
    if kind and kind != EMPTY:
        return "unreadable", f"{kind}; allowed: {', '.join(READ)}: convert it"
    return "not an image", "not an image" + ": the file is empty" * (kind == EMPTY)
