"""Files whose dates mislead Snakemake.

It fails a job, after it ran, if an input is dated in the future. It sees no change of what an
output is made from if that is dated later than the file `changed`, or 1970-01-01 00:00 UTC, as in
an archive that was packed without dates: 0 counts as no date.
"""

import os
import time
from collections.abc import Iterable, Iterator
from datetime import datetime

from groupconv.ground.errors import StepError

PAST_NS = 10_000_000_000  # a time that is surely older than what is written now
SECOND_NS = 1_000_000_000


def bring_back(paths: Iterable[str]) -> None:
    """Give files that are dated in the future a time of the past. Raises StepError."""
    now = time.time_ns()
    for path, dated in _dates(paths):
        if dated > now:
            date = datetime.fromtimestamp(dated / 1e9)
            _set(path, now - PAST_NS, f"dated {date:%Y-%m-%d}, in the future")


def hide(paths: Iterable[str], latest_s: int) -> bool:
    """Whether one of the files is dated 0, or as late as ``latest_s``: a change is not seen."""
    return any(dated == 0 or dated >= latest_s * SECOND_NS for _, dated in _dates(paths))


def bring_within(paths: Iterable[str], latest_s: int) -> None:
    """Give files that are dated 0, or as late as ``latest_s``, a date between. Raises StepError."""
    for path, dated in _dates(paths):
        if dated == 0:
            _set(path, SECOND_NS, "dated 1970-01-01 00:00, which hides changes from Snakemake")
    bring_back(path for path, dated in _dates(paths) if dated >= latest_s * SECOND_NS)


def _dates(paths: Iterable[str]) -> Iterator[tuple[str, int]]:
    for path in paths:
        try:
            yield path, os.lstat(path).st_mtime_ns
        except OSError:
            continue


def _set(path: str, dated: int, said: str) -> None:
    """Date a file; another user's file gets the present time, which is all that its group may."""
    try:
        try:
            os.utime(path, ns=(dated, dated), follow_symlinks=False)
        except PermissionError:
            os.utime(path)
    except OSError as error:
        raise StepError(
            f"{path}: {said}, and not yours to change ({error.strerror}): its owner types "
            f"`touch {path}`"
        ) from error
