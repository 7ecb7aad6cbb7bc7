"""Which part an image belongs to: train, val or test, 16:4:5 within each class.

From a seed and the ids alone, by hashes: no random numbers, so the same on every machine and for
any order of files. Knows no files and no pixels.
"""

import hashlib
from bisect import bisect_right
from itertools import accumulate

from groupconv.ground.errors import DataError
from groupconv.ground.progress import many

PARTS = ("train", "val", "test")
RATIO = (16, 4, 5)  # the paper, Section 5


def exact_shares(n: int, parts: tuple[str, ...] = PARTS) -> list[float]:
    """``n`` divided 16:4:5; without test, 16:4."""
    weights = RATIO[: len(parts)]
    return [n * weight / sum(weights) for weight in weights]


def boundaries(n: int, parts: tuple[str, ...] = PARTS) -> tuple[int, ...]:
    """Where a class of ``n`` ordered images ends each of ``parts`` but the last.

    They are the exact shares, rounded. Each part is then within 1 of its exact share and not
    empty, if there are as many images as parts; else all are of the first. Each boundary moves by
    0 or 1 when n grows by 1, so one more image moves at most one other at each.
    """
    weights = RATIO[: len(parts)]
    if n < len(parts):
        return (n,) * (len(parts) - 1)
    ends = ((2 * n * w + sum(weights)) // (2 * sum(weights)) for w in accumulate(weights[:-1]))
    return tuple(min(end, n - len(parts) + i) for i, end in enumerate(ends, start=1))


def assign_splits(ids: list[str], seed: int, parts: tuple[str, ...] = PARTS) -> dict[str, str]:
    """Divide one class: sort its ids by their hashes, then cut. Returns {id: part}.

    ``parts`` are the first of PARTS: without test the ratio is 16:4.
    """
    ordered = sorted(set(ids), key=lambda name: (_hash(name, seed), name))
    ends = boundaries(len(ordered), parts)
    return {name: parts[bisect_right(ends, i)] for i, name in enumerate(ordered)}


def assign_pages(
    sizes: dict[str, int], seed: int, parts: tuple[str, ...] = PARTS
) -> dict[str, str]:
    """Divide pages, {page: images on it}, for all classes at once. Returns {page: part}.

    Pages in the order of their hashes go, one after another, to the part that lacks most of its
    exact share, so that the overall counts come near 16:4:5. ``parts`` are the first of PARTS.
    Raises DataError if there are fewer pages than parts.
    """
    if len(sizes) < len(parts):
        raise DataError(
            f"params.yaml: split.unit = page: {many(len(sizes), 'page')}; "
            f"at least {len(parts)} are needed, or split.unit: image"
        )
    shares = dict(zip(parts, exact_shares(sum(sizes.values()), parts), strict=True))
    lacking, part_of = dict(shares), {}
    for page in sorted(sizes, key=lambda page: (_hash(page, seed), page)):
        # The share still lacking, relative: the small parts get a page before train is full.
        part_of[page] = max(parts, key=lambda part: lacking[part] / shares[part])
        lacking[part_of[page]] -= sizes[page]
    return part_of


def _hash(text: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()
