"""Whether another Snakemake works in this folder: a lock that the kernel frees with its process."""

import contextlib
import fcntl
from pathlib import Path
from typing import IO

from groupconv.engines.digests import STATE
from groupconv.ground.errors import StepError


def hold() -> IO:
    """Say, for as long as this process lives, that a Snakemake works here; returns the handle."""
    handle = opened("alive")
    alone(handle)
    return handle


def opened(name: str) -> IO:
    """A file to lock, which everybody in this folder may use. Raises StepError."""
    path = STATE / name
    try:
        STATE.mkdir(parents=True, exist_ok=True)
        return path.open("a+", encoding="utf-8")
    except OSError as error:
        raise StepError(f"{error.filename or path}: {error.strerror}") from error


def alone(handle: IO, without_locks: bool = False) -> bool:
    """Whether no other process holds ``handle``; ``without_locks`` where files cannot be locked."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return without_locks and not isinstance(error, BlockingIOError)
    finally:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_SH)
    return True


def unlocked() -> list[Path]:
    """Remove the locks of a killed Snakemake; call this only when no other one works here."""
    left = list(Path(".snakemake/locks").glob("*.lock"))
    for path in left:
        path.unlink(missing_ok=True)
    return left
