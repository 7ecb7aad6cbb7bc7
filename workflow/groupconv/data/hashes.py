"""Hashes of raw files: the publisher's, or that of the first file, held in data/hashes/."""

import hashlib
import re
from pathlib import Path

from groupconv.data import archive
from groupconv.data.sources.source import RawFile
from groupconv.ground import atomic
from groupconv.ground.errors import DataError

HASHES = Path("data/hashes")  # of files whose publisher gives none, as they were first read


def verify(path: Path, raw: RawFile, source: str, origin: str) -> str:
    """The hash of ``path``. Raises DataError unless it has the hash that is known for it."""
    if not path.exists():
        raise DataError(f"{path}: no such file; the step download fetches it")
    first = first_hash(raw, source)
    checksum, stated, remedy = raw.checksum, "expected", "delete it to fetch again"
    if checksum is None and first.exists():
        checksum, stated = f"sha256:{held(first)}", f"{first} has"
        remedy += f"; if the first one was wrong, delete {first} as well"
    algorithm, _, expected = (checksum or "sha256:").partition(":")
    with archive.refusing(str(path), "a file"), open(path, "rb") as file:
        got = hashlib.file_digest(file, algorithm).hexdigest()
    if expected and got != expected:
        raise DataError(
            f"data/raw/{source}/{raw.name}: {algorithm} {got}, {stated} {expected} "
            f"(from {origin}): {remedy}"
        )
    return got


def held(first: Path) -> str:
    """The hash in a file as sha256sum writes it. Raises DataError."""
    with archive.refusing(str(first), "a text"):
        text = first.read_text(encoding="utf-8")
    if not (found := re.match(r"([0-9a-f]{64})\s", text)):
        raise DataError(f"{first}: begins with no sha256: take it back from git, or delete it")
    return found[1]


def hold(got: str, raw: RawFile, source: str) -> None:
    """Write down the hash of a file that was read to its end, if it is the first of its name.

    Where the publisher gives a hash, that one holds.
    """
    first = first_hash(raw, source)
    if raw.checksum is None and not first.exists():
        atomic.write_text(first, f"{got}  {raw.name}\n")  # as sha256sum -c reads it


def first_hash(raw: RawFile, source: str) -> Path:
    """Where the hash of the first file is held."""
    return HASHES / source / f"{raw.name}.sha256"
