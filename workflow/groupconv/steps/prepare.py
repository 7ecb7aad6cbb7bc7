"""Step prepare: raw files -> data/images.npy, data/index.csv, data/excluded.csv.

Images keep their own resolution and channels (1 or 3, uint8), at most ``data.image_size`` px on
the longer side, one after another in one array, so that training decodes nothing. Two passes over
the source, one to choose by label, one to decode: memory does not grow with the data's pixels.
Knows no splits and no model.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from groupconv.data import hashes, packed
from groupconv.data.archive import DamagedError
from groupconv.data.catalogue import FEWEST, Catalogue, catalogue, class_name
from groupconv.data.decode import decode
from groupconv.data.sources import SOURCES, instead, raw_file
from groupconv.data.sources.source import Scan, Source
from groupconv.ground import atomic
from groupconv.ground.errors import DataError
from groupconv.ground.progress import say

EXCLUDED = "id class origin page reason detail".split()


def run(params: dict, images: str, index: str, excluded: str, raw: str | list[str] = ()) -> None:
    """Choose, decode, clean and pack the source's images. Raises DataError, DiskError."""
    data = params["data"]
    source = SOURCES[data["source"]]
    raw = [raw] if isinstance(raw, str) else list(raw)
    files = {path: raw_file(data, path) for path in raw}
    if line := instead(data):
        say(f"prepare: {line}")
    found = [hashes.verify(Path(path), file, data["source"]) for path, file in files.items()]

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
        tempfile.TemporaryFile(dir=folder) as pixels,
    ):
        origin = ", ".join(raw) or data["folder"]
        counts = listed.list(((c.id, c.label) for s in scans() for c in s.characters), origin)
        if not counts:
            raise explained(DamagedError(_nothing_found(origin, source)))
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
        for got, file in zip(found, files.values(), strict=True):
            hashes.hold(got, file, data["source"])
        packed.write(images, index, listed.kept, pixels)
        packed.write_table(excluded, EXCLUDED, listed.left_out())
        kept = listed.count("image", "reason = ''")
        classes = listed.count("(SELECT DISTINCT class FROM image WHERE reason = '')")
        say(
            f"prepare: {kept:,} images in {classes:,} classes packed, "
            f"{chosen - kept:,} left out ({excluded} says why)"
        )


def _nothing_found(origin: str, source: Source) -> str:
    expected = f"; expected: {source.layout}" if source.layout else ""
    return f"{origin}: no image of the source {source.name}{expected}"


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
