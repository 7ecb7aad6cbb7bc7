"""Step prepare: raw files -> data/images.npy, and the tables index, excluded and counts.

Images keep their own resolution and channels (1 or 3, uint8), at most ``data.image_size`` px on
the longer side, one after another in one array, so that training decodes nothing. Two passes over
the source, one to choose by label, one to decode into that array itself: memory does not grow with
the data's pixels, and no pixels lie on the disk twice.
It tells images by the first bytes of a file, before it chooses; other files do not count. index.csv
lists the packed images, excluded.csv those that it left out, with the reason. counts.csv adds up,
for each class, its files in the source. Knows no splits and no model.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from groupconv.data import foreseen, formats, hashes, held, packed, parallel
from groupconv.data.archive import DamagedError
from groupconv.data.catalogue import (
    COUNTS,
    FEWEST,
    FEWEST_CLASSES,
    NOT_CHOSEN,
    REASONS,
    Catalogue,
    catalogue,
)
from groupconv.data.decode import described
from groupconv.data.sources import SOURCES, in_order, instead, lacking, raw_file
from groupconv.data.sources.source import Scan, Source
from groupconv.ground import atomic
from groupconv.ground.errors import DataError, ParamsError, span
from groupconv.ground.progress import amount, ending, many, say

EXCLUDED = "id class origin page reason detail".split()
FIRST_LOOK = 64  # decoded images, after which the size of all is estimated
LONG_S = 20  # what takes longer is announced
LIST_BYTES = 2**20  # on the disk before the number of images is known

look = formats.told  # Digests gives it each file's first bytes, before run() begins; see ``told``


def run(
    params: dict,
    images: str,
    index: str,
    excluded: str,
    counts: str,
    raw: str | list[str] = (),
    threads: str = "1",
    *,
    told: Callable[[str], str | None] | None = None,
) -> None:
    """Choose, decode, clean and pack the source's images.

    ``threads``: how many processes decode at once, which alters no byte of what they make.
    ``told(path)``: what ``look`` said of a file that was read already; None of any other. Raises
    DataError, DiskError, DeviceError; ParamsError if ``threads`` is no whole number from 1.
    """
    if not threads.isascii() or not threads.isdecimal() or not (workers := int(threads)):
        raise ParamsError(f"prepare: threads={threads}: must be a whole number from 1")
    data = params["data"]
    source = SOURCES[data["source"]]
    raw = in_order(data, [raw] if isinstance(raw, str) else raw)
    files = {path: raw_file(data, path) for path in raw}
    if names := lacking(data, files.values()):
        raise DataError(f"raw={names[0]} is missing: data.source has this file, too")
    if line := instead(data):
        say(f"prepare: {line}")
    atomic.check_free(images, LIST_BYTES, "the list of images")
    read = [hashes.verify(Path(path), file, data["source"]) for path, file in files.items()]

    def explained(error: DataError) -> DataError:
        return DataError(f"{error}{hashes.remedy(error, files, data['source'])}")

    def scans() -> Iterator[Scan]:
        try:
            yield from source.read(raw, data["folder"])
        except DataError as error:
            raise explained(error) from error

    with (
        atomic.scratch(Path(images).with_name("prepare")) as folder,
        catalogue(folder) as listed,
        packed.writing(images) as pixels,
    ):
        origin = ", ".join(raw) or data["folder"]
        sizes = listed.list(_images_among(scans(), listed, told), origin)
        if not sizes:
            raise explained(DamagedError(_nothing_found(listed, origin, source)))
        if source.taken:
            say(f"prepare: {source.taken(data['folder'], len(sizes))}")
        if len(sizes) < FEWEST_CLASSES:
            raise DataError(_one_class(listed, sizes, data, source))
        chosen = listed.choose(sizes, data["min_images"], data["classes"], data["images_per_class"])
        if sum(n >= data["min_images"] for n in sizes.values()) < FEWEST_CLASSES:
            raise DataError(_too_few_images(sizes, data["min_images"]))
        say(f"prepare: {sum(sizes.values()):,} images in the source, {chosen:,} chosen")
        for line in _not_chosen(listed, data):
            say(f"prepare: {line}")
        wanted, size = foreseen.packed(_wanted(scans(), listed), data["image_size"])
        memory, whole = held.memory_mb(workers, data["image_size"]) * 1e6, round(size * chosen)
        say(
            f"prepare: to decode {chosen:,} images, {workers} at once: up to {amount(memory)} of "
            f"memory{f', about {amount(whole)} packed' if whole else ''}"
        )
        atomic.check_free(images, whole, f"{chosen:,} images")

        began = time.monotonic()
        found = parallel.decoded(wanted, data["image_size"], workers)
        for done, (row, array, problem) in enumerate(found, start=1):
            if problem:
                listed.add({**row, "reason": "unreadable", "detail": problem})
            else:
                listed.add({**row, "spooled": pixels.add(array.tobytes())})
            if done >= FIRST_LOOK and done.bit_count() == 1:  # at 64, 128, 256 ...
                whole = pixels.size * chosen // done
                atomic.check_free(images, whole - pixels.size, f"{chosen:,} images")
                spent = time.monotonic() - began
                left_s = spent * (chosen - done) / done
                if spent < parallel.ALONE_S:
                    left_s /= workers
                if left_s > LONG_S:
                    after = f"after {done:,} of {chosen:,} images"
                    say(f"prepare: {after}: {ending(left_s)}, {amount(whole)} packed")
        for text, n, first in listed.warnings():
            say(f"prepare: {many(n, 'image')} read with a warning: {text}; the first: {first}")
        listed.clean()
        if depths := ", ".join(
            f"{n:,} ({bits} bits)" for bits, n in sorted(listed.depths().items())
        ):
            say(f"prepare: images of more bits than they use, scaled by those: {depths}")
        kept = listed.count("image", "reason = ''")
        classes = listed.count("(SELECT DISTINCT class FROM image WHERE reason = '')")
        if classes < FEWEST_CLASSES:
            raise DataError(_nothing_left(listed, data["source"], classes))
        for got, file in zip(read, files.values(), strict=True):
            hashes.hold(got, file, data["source"])
        pixels.keep(listed.places())
        packed.write_table(index, packed.INDEX, listed.kept())
        packed.write_table(excluded, EXCLUDED, listed.left_out())
        packed.write_table(counts, COUNTS, listed.counts())
        say(
            f"prepare: {kept:,} images in {classes:,} classes packed, "
            f"{chosen - kept:,} left out{_reasons(listed)} ({excluded} says why)"
        )


def _images_among(
    scans: Iterator[Scan], listed: Catalogue, told: Callable | None
) -> Iterator[tuple[str, str, str]]:
    """Yield (id, label, part and book) of each image; store every other file in ``listed``."""
    for scan in scans:
        reason = detail = ""
        if not scan.shape:
            path = str(scan.content) if told and isinstance(scan.content, Path) else None
            kind = told(path) if path else None
            kind = formats.told(formats.head(scan.content)) if kind is None else kind
            reason, detail = formats.refused(kind)
        for character in scan.characters:
            if reason:
                row = {**described(scan, character), "reason": reason, "detail": detail}
                listed.pass_over(row, character.label)
            else:
                yield character.id, character.label, f"{scan.part}/{scan.origin}"


def _wanted(scans: Iterator[Scan], listed: Catalogue) -> Iterator[parallel.Wanted]:
    """The scans with chosen characters, and those."""
    for scan in scans:
        if wanted := [c for c in scan.characters if listed.is_chosen(c.id)]:
            yield scan, wanted


def _not_chosen(listed: Catalogue, data: dict) -> Iterator[str]:
    """Lines on what was not chosen, and on files that are no images or cannot be read."""
    total = listed.total()
    says = (
        "{:,} in {} of fewer than data.min_images = {}",
        "{:,} in {} beyond data.classes = {}",
        "{0:,} beyond data.images_per_class = {2}",
    )
    keys = (data["min_images"], data["classes"], data["images_per_class"])
    counted = [
        text.format(n, many(listed.count("class", f"fate = '{reason}' AND size > 0"), "class"), key)
        for reason, text, key in zip(NOT_CHOSEN, says, keys, strict=True)
        if (n := total[reason.replace(" ", "_")])
    ]
    if counted:
        yield f"not chosen: {', '.join(counted)}"
    for reason, text in (("not an image", "no image"), ("unreadable", "cannot be read here")):
        if first := next(listed.left_out(reason), None):
            n = listed.count("image", f"reason = '{reason}'")
            yield f"not counted: {many(n, 'file')}: {text}; the first: {_first(first)}"


def _reasons(listed: Catalogue) -> str:
    """Why chosen images were left out: ": 3 blank, 1 duplicate"."""
    asked = {reason: f"reason = '{reason}'" for reason in REASONS if reason not in NOT_CHOSEN}
    asked["not an image"] = "0"
    asked["unreadable"] += " AND id IN (SELECT id FROM chosen)"
    found = {reason: listed.count("image", where) for reason, where in asked.items()}
    text = ", ".join(f"{n:,} {reason}" for reason, n in found.items() if n)
    return f": {text}" if text else ""


def _first(row: dict) -> str:
    return f"{row['id']}: {row['detail']}"


def _nothing_found(listed: Catalogue, origin: str, source: Source) -> str:
    if passed := next(listed.left_out(), None):
        among = many(listed.count("image"), "file")
        return f"{origin}: no image that can be read among {among}; the first: {_first(passed)}"
    expected = f"; expected: {source.layout}" if source.layout else ""
    return f"{origin}: no image of the source {source.name}{expected}"


def _one_class(listed: Catalogue, sizes: Counter, data: dict, source: Source) -> str:
    ((label, n),) = sizes.items()
    if other := next((row for row in listed.left_out() if row["class"] != label), None):
        return (
            f"params.yaml: data.source = {data['source']}: {label} is the only class with images "
            f"that can be read; at least {FEWEST_CLASSES} are needed; of another: {_first(other)}"
        )
    key = "folder" if source.one_class else "source"
    return (
        f"params.yaml: data.{key} = {data[key]}: {label} is the only class "
        f"({many(n, 'image')}); at least {FEWEST_CLASSES} are needed"
        + (f": {source.one_class}" if source.one_class else "; choose another source")
    )


def _too_few_images(sizes: Counter, min_images: int) -> str:
    """The line if fewer than two classes have ``min_images`` images."""
    (first, most), (second, more) = sizes.most_common(2)
    enough = "no class has" if most < min_images else f"only one class ({first}) has"
    allowed = span(FEWEST, more, f"none: a class needs {FEWEST}")
    return (
        f"params.yaml: data.min_images = {min_images}: {enough} so many images; "
        f"the largest ({first}) has {most}, the second ({second}) {more}; allowed: {allowed}"
    )


def _nothing_left(listed: Catalogue, source: str, classes: int) -> str:
    reasons = Counter(row["reason"] for row in listed.left_out())
    too_small = reasons.pop("class too small", 0)  # what follows from the others
    said = [f"{n:,} {reason}" for reason, n in reasons.most_common()]
    if too_small:
        said.append(f"{too_small:,} class too small")
    first = next(listed.left_out(next(iter(dict(reasons.most_common())), None)))
    left = "no image is" if not classes else "one class is"
    return (
        f"params.yaml: data.source = {source}: {left} left, {FEWEST_CLASSES} classes are needed; "
        f"left out: {', '.join(said)}; the first: {_first(first)}: mend or replace such images, or "
        "take more (data.min_images, data.classes, data.images_per_class)"
    )
