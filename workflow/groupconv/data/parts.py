"""Which part an image belongs to: train, val or test, 16:4:5 within each class.

From a seed and the ids alone, by hashes: no random numbers, so the same on every machine and for
any order of files. Knows no files and no pixels.
"""

import hashlib

from groupconv.ground.errors import DataError

PARTS = ("train", "val", "test")
RATIO = (16, 4, 5)  # the paper, Section 5


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


def assign_pages(sizes: dict[str, int], seed: int) -> dict[str, str]:
    """The part of each page, of which the number of images is given; for all classes at once.

    Pages in the order of their hashes go, one after another, to the part that lacks most of its
    exact share, so that the overall counts come near 16:4:5. Raises DataError under three pages.
    """
    if len(sizes) < len(PARTS):
        raise DataError(
            f"params.yaml: split.unit = page: {len(sizes)} pages; at least {len(PARTS)} are "
            "needed, or split.unit: image"
        )
    shares = dict(zip(PARTS, exact_shares(sum(sizes.values())), strict=True))
    lacking, part_of = dict(shares), {}
    for page in sorted(sizes, key=lambda page: (_hash(page, seed), page)):
        # The share still lacking, relative: the small parts get a page before train is full.
        part_of[page] = max(PARTS, key=lambda part: lacking[part] / shares[part])
        lacking[part_of[page]] -= sizes[page]
    return part_of


def _hash(text: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()
