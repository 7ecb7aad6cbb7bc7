"""Step prepare: raw files -> data/images.npy, data/index.csv, data/excluded.csv.

Images keep their own resolution and channels (1 or 3, uint8), at most ``data.image_size`` px on
the longer side, one after another in one array, so that training decodes nothing. Two passes over
the source, one to choose by label, one to decode: memory does not grow with the data's pixels.
Knows no splits and no model.
"""

import csv
import hashlib
import io
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from groupconv import atomic, download
from groupconv.catalogue import FEWEST, Catalogue, catalogue, class_name
from groupconv.errors import DataError
from groupconv.progress import say
from groupconv.sources import SOURCES, raw_files
from groupconv.sources.source import Character, Scan, Source

INDEX = "id class code_point origin page box sha256 offset height width channels".split()
EXCLUDED = "id class origin page reason detail".split()
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


def run(params: dict, images: str, index: str, excluded: str, raw: str | list[str] = ()) -> None:
    """Choose, decode, clean and pack the source's images. Raises DataError, DiskError."""
    data = params["data"]
    source = SOURCES[data["source"]]
    raw = [raw] if isinstance(raw, str) else list(raw)
    files = raw_files(data)
    hashes = [
        download.verify(Path(path), file, data["source"], "this file as it lies there")
        for path, file in zip(raw, files, strict=True)
    ]

    def scans() -> Iterator[Scan]:
        try:
            yield from source.read(raw, data["folder"])
        except DataError as error:
            if raw:
                raise DataError(f"{error}; delete the file to fetch it again") from error
            raise

    with (
        atomic.scratch(Path(images).with_name("prepare")) as folder,
        catalogue(folder) as listed,
        tempfile.TemporaryFile(dir=folder) as pixels,
    ):
        origin = ", ".join(raw) or data["folder"]
        counts = listed.list(((c.id, c.label) for s in scans() for c in s.characters), origin)
        if not counts:
            raise DataError(_nothing_found(origin, source))
        if source.taken:
            say(f"prepare: {source.taken(data['folder'], len(counts))}")
        chosen = listed.choose(
            counts, data["min_images"], data["classes"], data["images_per_class"]
        )
        if not chosen:
            raise DataError(_no_class(counts, data["min_images"]))
        say(f"prepare: {sum(counts.values()):,} images in the source, {chosen:,} chosen")

        for scan in scans():
            wanted = [c for c in scan.characters if listed.is_chosen(c.id)]
            for row, array, problem in decode(scan, wanted, data["image_size"]):
                if problem:
                    listed.add({**row, "reason": "unreadable", "detail": problem})
                else:
                    listed.add({**row, "spooled": pixels.tell()})
                    pixels.write(array.tobytes())
        listed.clean()
        if not listed.count("image", "reason = ''"):
            raise DataError(_nothing_left(listed, data["source"]))
        for got, file in zip(hashes, files, strict=True):
            download.hold(got, file, data["source"])
        pack(listed, pixels, images, index)
        write_table(excluded, EXCLUDED, listed.left_out())
        kept = listed.count("image", "reason = ''")
        classes = listed.count("(SELECT DISTINCT class FROM image WHERE reason = '')")
        say(
            f"prepare: {kept:,} images in {classes:,} classes packed, "
            f"{chosen - kept:,} left out ({excluded} says why)"
        )


def _nothing_found(origin: str, source: Source) -> str:
    expected = f"; expected: {source.layout}" if source.layout else ""
    return (
        f"{origin}: no image of the source {source.name}{expected}; "
        "delete the file to fetch it again"
    )


def _no_class(counts: Counter, min_images: int) -> str:
    label, most = counts.most_common(1)[0]
    allowed = f"{FEWEST} to {most}" if most >= FEWEST else f"none: a class needs {FEWEST}"
    return (
        f"params.yaml: data.min_images = {min_images}: no class has so many images; "
        f"the largest ({class_name(label)}) has {most}; allowed: {allowed}"
    )


def _nothing_left(catalogue: Catalogue, source: str) -> str:
    reasons = Counter(row["reason"] for row in catalogue.left_out()).most_common()
    first = next(catalogue.left_out())
    return (
        f"params.yaml: data.source = {source}: no image is left: "
        f"{', '.join(f'{n} {reason}' for reason, n in reasons)}; "
        f"the first: {first['id']}: {first['detail']}"
    )


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


def pack(catalogue: Catalogue, pixels, images: str, index: str) -> None:
    """Write the kept pixels to one 1-D uint8 .npy file, and a table of where each image is."""
    total = sum(row["height"] * row["width"] * row["channels"] for row in catalogue.kept())
    atomic.check_free(images, total, "the packed images")  # beside those that were spooled
    header = {"descr": "|u1", "fortran_order": False, "shape": (total,)}

    def packed(file) -> Iterator[dict]:
        offset = 0
        for row in catalogue.kept():
            size = row["height"] * row["width"] * row["channels"]
            pixels.seek(row["spooled"])
            file.write(pixels.read(size))
            yield {**row, "offset": offset}
            offset += size

    with atomic.write(images, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        write_table(index, INDEX, packed(file))


def write_table(path: str, columns: list[str], rows: Iterable[dict]) -> None:
    """Write the rows' ``columns`` as CSV."""
    with atomic.write(path) as file:
        table = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
