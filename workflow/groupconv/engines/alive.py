"""Whether another Snakemake works in this folder: a lock that the kernel frees with its process."""

import contextlib
import fcntl
from pathlib import Path
from typing import IO

from groupconv.engines.digests import STATE


def hold() -> IO:
    """Say, for as long as this process lives, that a Snakemake works here; returns the handle."""
    STATE.mkdir(parents=True, exist_ok=True)
    handle = (STATE / "alive").open("a+", encoding="utf-8")
    alone(handle)
    return handle


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
    """Remove Snakemake's locks, which a killed run has left; only for who is alone."""
    left = list(Path(".snakemake/locks").glob("*.lock"))
    for path in left:
        path.unlink(missing_ok=True)
    return left
