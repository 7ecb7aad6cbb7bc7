"""The committed numbers beside those that the results give: every difference, a line each."""

import math
from collections.abc import Iterator
from pathlib import Path

from study import reading

DIGITS = 1e-6  # another processor, or another numpy, may round otherwise
SHOWN = 60  # characters of a text
MOST = 10  # lines for one file: an edited prediction moves hundreds of numbers


def files(now: Path, committed: Path) -> list[str]:
    """Where the file ``committed`` differs from ``now``, at most ``MOST`` lines and how many more.

    Raises DataError if one of them cannot be read.
    """
    if not committed.exists():
        return [f"{committed}: missing; python -m study.collect makes it"]
    found = [
        f"{committed}: {place}: {theirs}, the results say {mine}"
        for place, mine, theirs in differences(_content(now), _content(committed), committed.name)
    ]
    more = len(found) - MOST
    return found[:MOST] + ([f"{committed}: and {more:,} more"] if more > 0 else [])


def _content(path: Path) -> object:
    if path.suffix == ".csv":
        return reading.table(path, keep_default_na=False).to_dict("list")
    if path.suffix == ".json":
        return reading.record(path)
    return dict(enumerate(path.read_text(encoding="utf-8").splitlines(), start=1))


def differences(mine: object, theirs: object, place: str) -> Iterator[tuple[str, object, object]]:
    """(where, mine, theirs), as far as both are not the same but for DIGITS."""
    if isinstance(mine, dict) and isinstance(theirs, dict) and mine.keys() == theirs.keys():
        for key in mine:
            yield from differences(mine[key], theirs[key], f"{place}: {key}")
    elif isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        for i, both in enumerate(zip(mine, theirs, strict=True)):
            yield from differences(*both, f"{place}[{i}]")
    elif isinstance(mine, float) and isinstance(theirs, int | float):
        if not math.isclose(mine, theirs, rel_tol=DIGITS, abs_tol=DIGITS):
            yield place, mine, theirs
    elif isinstance(mine, str) and isinstance(theirs, str) and mine != theirs:
        pairs = enumerate(zip(mine, theirs, strict=False))
        first = next((i for i, (a, b) in pairs if a != b), min(len(mine), len(theirs)))
        begin = max(first - SHOWN // 2, 0)
        yield place, _part(mine, begin), _part(theirs, begin)
    elif mine != theirs:
        yield place, _short(mine), _short(theirs)


def _part(text: str, begin: int) -> str:
    """What is around the first difference of a long text."""
    end = begin + SHOWN
    return f"{'...' * (begin > 0)}{text[begin:end]}{'...' * (end < len(text))}"


def _short(value: object) -> object:
    """What is no number, on one line: of a list its length."""
    return f"{len(value):,} entries" if isinstance(value, dict | list) else value
