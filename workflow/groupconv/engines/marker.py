"""The file `changed`, newer than anything: an input of every job that is to be made.

Before a run's first job it gets the present time, as Snakemake fails a job, after it ran, if an
input is newer than its outputs. So no two processes share one: a dry run, or a second run that
Snakemake refuses, would date it anew while the first run's jobs work.
"""

import atexit
import fcntl
import os
import socket
import time
from typing import IO

from groupconv.engines import alive
from groupconv.engines.digests import STATE
from groupconv.ground import atomic

MARKER = STATE / "changed"  # the one that Snakemake's own records should name
FAR = 2**31 - 2  # s; newer than anything: 2038-01-19


class Marker:
    """This process's marker: MARKER where no other process has it, else a file of its own."""

    def __init__(self, in_a_run: bool, living: IO):
        """``in_a_run``: not a dry run, which leaves MARKER to a run that may begin meanwhile.

        ``living``: of alive.hold. Raises DiskError, OSError.
        """
        self.guard = alive.opened("marker")
        if in_a_run and _taken(self.guard):
            self.path = MARKER
            if alive.alone(living):
                for left in STATE.glob("changed-*"):  # of processes that were killed
                    left.unlink(missing_ok=True)
        else:
            self.path = STATE / f"changed-{socket.gethostname()}-{os.getpid()}"
            atexit.register(self.path.unlink, missing_ok=True)
        # Snakemake ignores a newer file whose content it knows.
        atomic.write_text(self.path, f"{time.time_ns()} {os.getpid()}\n")
        os.utime(self.path, (FAR, FAR))

    def is_past(self) -> None:
        """Date it now: what is made from here on is newer."""
        os.utime(self.path)


def _taken(guard: IO) -> bool:
    """Whether no other process has MARKER, or nobody can know; this one has it from here on."""
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return not isinstance(error, BlockingIOError)
    return True
