"""Which seeds a scheme was trained with (in a study those so far), and how their files are read."""

from collections.abc import Iterable
from pathlib import Path

from groupconv.ground.errors import DataError

# How pandas reads a prediction table: a class may be called 01 or NA.
AS_TEXT = {"dtype": {"id": str, "class": str, "predicted": str}, "keep_default_na": False}


def seeds_of(history: str, schemes: Iterable[str], seeds: Iterable[int]) -> dict[str, list[int]]:
    """{scheme: those of ``seeds`` that have a file}; ``history`` has {scheme} and {seed} in it.

    Raises DataError if a scheme has none.
    """
    seeds = list(seeds)
    paths = {
        s: {seed: Path(history.format(scheme=s, seed=seed)) for seed in seeds} for s in schemes
    }
    found = {s: [seed for seed in seeds if of[seed].exists()] for s, of in paths.items()}
    for scheme, there in found.items():
        if not there:
            raise DataError(f"{paths[scheme][seeds[0]]}: missing; no training of {scheme} is there")
    return found
