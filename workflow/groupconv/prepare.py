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
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from groupconv import atomic, download
from groupconv.errors import DataError
from groupconv.progress import say
from groupconv.sources import SOURCES
from groupconv.sources.source import Character, Scan

INDEX = "id class code_point origin page box sha256 offset height width channels".split()
EXCLUDED = "id class origin page reason detail".split()
FEWEST = 3  # images of a class: one for each of train, val and test


def run(params: dict, images: str, index: str, excluded: str, raw: str | list[str] = ()) -> None:
    """Choose, decode, clean and pack the source's images. Raises DataError, DiskError."""
    data = params["data"]
    source = SOURCES[data["source"]]
    raw = [raw] if isinstance(raw, str) else list(raw)
    for path, file in zip(raw, source.files, strict=True):
        download.verify(Path(path), file, "this file as it lies there")

    counts, chosen = choose(
        ((c.label, c.id) for scan in source.read(raw, data["folder"]) for c in scan.characters),
        min_images=data["min_images"],
        classes=data["classes"],
        images_per_class=data["images_per_class"],
    )
    if not chosen:
        label, most = counts.most_common(1)[0] if counts else ("none", 0)
        allowed = f"{FEWEST} to {most}" if most >= FEWEST else f"none: a class needs {FEWEST}"
        raise DataError(
            f"params.yaml: data.min_images = {data['min_images']}: no class has so many images; "
            f"the largest ({class_name(label)}) has {most}; allowed: {allowed}"
        )
    side = min(data["image_size"], source.largest_px or data["image_size"])
    atomic.check_free(images, 2 * 3 * side**2 * len(chosen), "the packed images")  # spooled, packed

    say(f"prepare: {sum(counts.values()):,} images in the source, {len(chosen):,} chosen")
    with tempfile.TemporaryFile(dir=Path(images).parent) as pixels:
        rows, out = [], []
        for scan in source.read(raw, data["folder"]):
            wanted = [c for c in scan.characters if c.id in chosen]
            for row, array, problem in decode(scan, wanted, data["image_size"]):
                if problem:
                    out.append({**row, "reason": "unreadable", "detail": problem})
                    continue
                row["spooled"] = pixels.tell()
                pixels.write(array.tobytes())
                rows.append(row)
        kept, left_out = clean(rows)
        if not kept:
            reasons = Counter(row["reason"] for row in out + left_out).most_common()
            raise DataError(
                f"params.yaml: data.source = {data['source']}: no image is left: "
                f"{', '.join(f'{n} {reason}' for reason, n in reasons)}; "
                f"the first: {(out + left_out)[0]['id']}: {(out + left_out)[0]['detail']}"
            )
        pack(kept, pixels, images)
    write_table(index, INDEX, kept)
    write_table(excluded, EXCLUDED, sorted(out + left_out, key=lambda row: row["id"]))
    say(
        f"prepare: {len(kept):,} images in {len({r['class'] for r in kept}):,} classes packed, "
        f"{len(out) + len(left_out):,} left out ({excluded} says why)"
    )


def choose(
    labelled: Iterable[tuple[str, str]],
    min_images: int,
    classes: int | None,
    images_per_class: int | None,
) -> tuple[Counter, set[str]]:
    """Ids to keep: the most frequent classes (ties by code point), each one's first ids by name.

    Returns every label's count, before the choice, and the chosen ids. None sets no limit.
    The rule is ours: the paper does not say which classes and images it took.
    Raises DataError if there are fewer classes, or an id occurs twice.
    """
    by_label: dict[str, list[str]] = defaultdict(list)
    for label, name in labelled:
        by_label[label].append(name)
    counts = Counter({label: len(ids) for label, ids in by_label.items()})
    enough = [label for label, n in counts.items() if n >= min_images]
    if classes is not None and classes > len(enough):
        raise DataError(
            f"params.yaml: data.classes = {classes}: the source has {len(enough)} classes of at "
            f"least {min_images} images; allowed: 2 to {len(enough)}, or null for all"
        )
    labels = sorted(enough, key=lambda label: (-counts[label], _order(label)))[:classes]
    chosen = [name for label in labels for name in sorted(by_label[label])[:images_per_class]]
    if len(set(chosen)) < len(chosen):
        twice = Counter(chosen).most_common(1)[0][0]
        raise DataError(f"the id {twice} stands twice in the source")
    return counts, set(chosen)


def decode(
    scan: Scan, wanted: list[Character], image_size: int
) -> Iterator[tuple[dict, np.ndarray | None, str]]:
    """Yield (row, uint8 array (height, width, channels), "") or (row, None, what is wrong)."""
    image, problem = opened(scan.encoded) if wanted else (None, "")
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


def opened(encoded: bytes) -> tuple[Image.Image | None, str]:
    """The image, grey or RGB, with its pixels decoded; or None and what is wrong."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return eight_bits(Image.open(io.BytesIO(encoded))), ""
    except MemoryError:
        raise
    except Exception as error:  # a broken file makes PIL's decoders raise almost anything
        problem = " ".join(str(error).split()) or repr(error)
        return None, "not an image" if "cannot identify" in problem else problem


def clean(rows: list[dict]) -> tuple[list[dict], list[dict]]:
    """Split the rows into kept ones, by code point and id, and left-out ones with their reason.

    Blank images and images under several labels go, all copies; of copies within a class the
    first by id stays; a class with fewer than three images left cannot be in all three parts.
    """
    labels: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        labels[row["sha256"]].add(row["class"])
    kept, out, first = [], [], {}
    for row in sorted(rows, key=lambda row: (_order(row["code_point"] or row["class"]), row["id"])):
        key = row["sha256"]
        if row["blank"]:
            reason, detail = "blank", "all pixels are equal"
        elif len(labels[key]) > 1:
            others = ", ".join(sorted(labels[key] - {row["class"]}))
            reason, detail = "conflict", f"also under {others}"
        elif key in first:
            reason, detail = "duplicate", f"equals {first[key]}"
        else:
            first[key] = row["id"]
            kept.append(row)
            continue
        out.append({**row, "reason": reason, "detail": detail})
    sizes = Counter(row["class"] for row in kept)
    for row in kept:
        if sizes[row["class"]] < FEWEST:
            detail = f"{sizes[row['class']]} images are left of the class, {FEWEST} are needed"
            out.append({**row, "reason": "class too small", "detail": detail})
    return [row for row in kept if sizes[row["class"]] >= FEWEST], out


def pack(rows: list[dict], pixels, path: str) -> None:
    """Write the rows' pixels to one 1-D uint8 .npy file, in order, and set each row's offset."""
    total = sum(row["height"] * row["width"] * row["channels"] for row in rows)
    offset = 0
    with atomic.write(path, "wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (total,)}
        np.lib.format.write_array_header_1_0(file, header)
        for row in rows:
            size = row["height"] * row["width"] * row["channels"]
            pixels.seek(row["spooled"])
            file.write(pixels.read(size))
            row["offset"] = offset
            offset += size


def write_table(path: str, columns: list[str], rows: list[dict]) -> None:
    """Write the rows' ``columns`` as CSV."""
    with atomic.write(path) as file:
        table = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def class_name(label: str) -> str:
    """The character of a code point "U+3042" (of several, joined by blanks); else the label."""
    if not label.startswith("U+"):
        return label
    try:
        name = "".join(chr(int(point[2:], 16)) for point in label.split())
        name.encode()  # a surrogate is no character
        return name
    except (ValueError, OverflowError):
        return label


def _order(label: str) -> tuple:
    """Sort key: code points by value, then names."""
    name = class_name(label)
    return (name == label, [ord(c) for c in name])
