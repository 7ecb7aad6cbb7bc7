"""Hashes of raw files: the publisher's, or that of the first file, which data/hashes/ keeps."""

import hashlib
import re
from pathlib import Path

from groupconv.data import archive, tree
from groupconv.data.archive import DamagedError
from groupconv.data.sources.source import RawFile
from groupconv.ground import atomic
from groupconv.ground.errors import DataError

HASHES = Path("data/hashes")  # of files whose publisher gives none, as they were first read
IN_PLACE = "this file as it lies there"


def verify(path: Path, raw: RawFile, source: str, origin: str = IN_PLACE) -> str:
    """The hash of ``path``. Raises DataError unless it has the hash that is known for it.

    If the file lies in its place, the line says what to do. If ``origin``, an address or a mirror,
    sent it, the line does not: that file is not ours.
    """
    if not path.exists():
        how = f"put there {raw.by_hand}" if raw.by_hand else "the step download fetches it"
        raise DataError(f"{path}: no such file; {how}")
    first = first_hash(raw, source)
    checksum, stated = raw.checksum, "expected"
    if checksum is None and first.exists():
        checksum, stated = f"sha256:{held(first)}", f"{first} has"
    algorithm, _, expected = (checksum or "sha256:").partition(":")
    if path.is_dir() and raw.by_hand:
        got = tree.sha256(str(path))
    else:
        with archive.refusing(str(path), "a file"), open(path, "rb") as file:
            got = hashlib.file_digest(file, algorithm).hexdigest()
    if expected and got != expected:
        then = f": {_again(path, raw, source)}" if origin == IN_PLACE else _if_wrong(raw, source)
        raise DamagedError(
            f"data/raw/{source}/{raw.name}: {algorithm} {got}, {stated} {expected} "
            f"(from {origin}){then}"
        )
    return got


def remedy(error: DataError, files: dict[str, RawFile], source: str) -> str:
    """What to do about an error of reading one of ``files`` {path: what it is}; "" if nothing.

    Another copy mends what is damaged, unless it is the publisher's own. It does not mend a limit,
    or a file that may not be read.
    """
    for path, raw in files.items():
        if isinstance(error, DamagedError) and str(error).startswith((f"{path}:", f"{path}/")):
            return "" if raw.checksum else f"; {_again(Path(path), raw, source)}"
    return ""


def _again(path: Path, raw: RawFile, source: str) -> str:
    """How to have another copy of a raw file. Moved, not deleted: its host may not answer."""
    put = "run again to fetch it" if raw.urls or raw.requirement else f"put there {raw.by_hand}"
    wrong = _if_wrong(raw, source)
    return f"move {path} away and {put}{wrong}{' as well' if wrong else ''}"


def _if_wrong(raw: RawFile, source: str) -> str:
    first = first_hash(raw, source)
    known = raw.checksum is None and first.exists()
    return f"; if the first one was wrong, delete {first}" if known else ""


def held(first: Path) -> str:
    """The hash in a file as sha256sum writes it. Raises DataError."""
    with archive.refusing(str(first), "a text"):
        text = first.read_text(encoding="utf-8")
    if not (found := re.match(r"([0-9a-f]{64})\s", text)):
        raise DataError(f"{first}: begins with no sha256: take it back from git, or delete it")
    return found[1]


def hold(got: str, raw: RawFile, source: str) -> None:
    """Write down the hash of a file that was read to its end, if it is the first of its name.

    Where the publisher gives a hash, that one holds. An unpacked folder has one too (tree.sha256).
    Raises DiskError.
    """
    first = first_hash(raw, source)
    if raw.checksum is None and not first.exists():
        atomic.write_text(first, f"{got}  {raw.name}\n")  # as sha256sum -c reads it


def first_hash(raw: RawFile, source: str) -> Path:
    """Where the hash of the first file is held."""
    return HASHES / source / f"{raw.name}.sha256"
