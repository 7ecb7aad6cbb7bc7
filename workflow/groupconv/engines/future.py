"""Files dated in the future: Snakemake fails a job, after it ran, if one of them is its input."""

import os
import time
from collections.abc import Iterable
from datetime import datetime

from groupconv.ground.errors import StepError

PAST_NS = 10_000_000_000  # a time that is surely older than what is written now


def bring_back(paths: Iterable[str]) -> None:
    """Give files that are dated in the future a time of the past. Raises StepError.

    Another user's file gets the present time, which is all that its group may give it.
    """
    now = time.time_ns()
    for path in paths:
        try:
            dated = os.lstat(path).st_mtime_ns
        except OSError:
            continue
        if dated <= now:
            continue
        try:
            try:
                os.utime(path, ns=(now - PAST_NS, now - PAST_NS), follow_symlinks=False)
            except PermissionError:
                os.utime(path)
        except OSError as error:
            date = datetime.fromtimestamp(dated / 1e9)
            raise StepError(
                f"{path}: dated {date:%Y-%m-%d}, in the future, and not yours to change "
                f"({error.strerror}): its owner types `touch {path}`"
            ) from error
