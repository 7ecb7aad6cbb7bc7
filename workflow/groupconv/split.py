"""Step split: data/index.csv -> data/manifest.csv, the same rows with each image's part.

16:4:5 into train, val and test within each class, from ``split.seed`` and the ids alone: no
random numbers, so the same on every machine, and for any order of files. Knows no pixels.
"""

import csv
import hashlib
from collections import Counter

import pandas as pd

from groupconv import atomic
from groupconv.errors import DataError
from groupconv.progress import say

PARTS = ("train", "val", "test")
RATIO = (16, 4, 5)  # the paper, Section 5


def run(params: dict, index: str, manifest: str) -> None:
    """Add the column `split`. Raises DataError."""
    used = ["id", "class", "sha256", "origin", "page"]
    table = pd.read_csv(index, dtype=str, keep_default_na=False, usecols=used)
    if table["sha256"].duplicated().any():
        raise DataError(f"{index}: two rows have the same pixels; run prepare again")
    seed, unit = params["split"]["seed"], params["split"]["unit"]
    if unit == "page":
        pages = table["origin"] + "/" + table["page"]
        parts = assign_pages(list(zip(table["id"], pages, strict=True)), seed)
        learnable = table["class"][table["id"].map(parts) == "train"]
        missing = sorted(set(table["class"]) - set(learnable))
        if missing:
            raise DataError(
                f"params.yaml: split.unit = page, split.seed = {seed}: {len(missing)} classes "
                f"have no training image ({' '.join(missing[:5])}); another seed, or image"
            )
    else:
        parts = {}
        for _, ids in table.groupby("class")["id"]:
            parts |= assign_splits(list(ids), seed)
    with (
        open(index, newline="", encoding="utf-8") as rows,
        atomic.write(manifest) as file,
    ):
        reader, writer = csv.reader(rows), csv.writer(file, lineterminator="\n")
        header = next(reader)
        writer.writerow([*header, "split"])
        writer.writerows([*row, parts[row[header.index("id")]]] for row in reader)
    counts = Counter(parts.values())
    shares = exact_shares(len(parts))
    say(
        "split: "
        + ", ".join(
            f"{part} {counts[part]:,} (exact share {share:,.1f})"
            for part, share in zip(PARTS, shares, strict=True)
        )
    )


def exact_shares(n: int) -> list[float]:
    """``n`` divided 16:4:5."""
    return [n * weight / sum(RATIO) for weight in RATIO]


def boundaries(n: int) -> tuple[int, int]:
    """Where a class of ``n`` ordered images ends train, and val: its exact shares, rounded.

    Each part is then within 1 of its exact share and, from three images on, not empty. Each
    boundary moves by 0 or 1 when n grows by 1, so one more image moves at most two others.
    """
    train, train_and_val = ((2 * n * w + 25) // 50 for w in (RATIO[0], RATIO[0] + RATIO[1]))
    if n < len(PARTS):
        return n, n
    return min(train, n - 2), min(train_and_val, n - 1)


def assign_splits(ids: list[str], seed: int) -> dict[str, str]:
    """The part of each image of one class: ids in the order of their hashes, cut in three."""
    ordered = sorted(set(ids), key=lambda name: (_hash(name, seed), name))
    train_end, val_end = boundaries(len(ordered))
    return {name: PARTS[(i >= train_end) + (i >= val_end)] for i, name in enumerate(ordered)}


def assign_pages(images: list[tuple[str, str]], seed: int) -> dict[str, str]:
    """The part of each (id, page), whole pages together; for all classes at once.

    Pages in the order of their hashes go, one after another, to the part that lacks most of its
    exact share, so that the overall counts come near 16:4:5. Raises DataError under three pages.
    """
    sizes = Counter(page for _, page in images)
    if len(sizes) < len(PARTS):
        raise DataError(
            f"params.yaml: split.unit = page: {len(sizes)} pages; at least {len(PARTS)} are "
            "needed, or split.unit: image"
        )
    shares = dict(zip(PARTS, exact_shares(len(images)), strict=True))
    lacking, part_of = dict(shares), {}
    for page in sorted(sizes, key=lambda page: (_hash(page, seed), page)):
        # The share still lacking, relative: the small parts get a page before train is full.
        part_of[page] = max(PARTS, key=lambda part: lacking[part] / shares[part])
        lacking[part_of[page]] -= sizes[page]
    return {name: part_of[page] for name, page in images}


def _hash(text: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()
