"""The GPU of this machine that a step takes, so that steps side by side take others. No torch."""

import fcntl
import os
import tempfile
from pathlib import Path

_taken = []  # keeps the files open, and so locked


def free_gpu(count: int) -> int:
    """The number of a GPU, of ``count``, that no other step on this machine has taken.

    Where all are taken, as by a second workflow, or no file can be locked, they are shared.
    """
    for number in range(count if count > 1 else 0):
        path = Path(tempfile.gettempdir(), f"groupconv-{os.getuid()}-gpu{number}")
        guard = open(path, "w", encoding="utf-8")  # noqa: SIM115 - as long as the process lives
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            guard.close()
        else:
            _taken.append(guard)
            return number
    return os.getpid() % count
