"""Earlier results of the same causes that DVC's cache and the receipts' copies still hold."""

from collections.abc import Iterator

from groupconv.engines import dvc
from groupconv.engines.dvclock import Lock
from groupconv.engines.jobs import Job
from groupconv.engines.records import Receipts


def of(
    one: Job, causes: dict, lock: Lock, receipts: Receipts, cache: str
) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """({path: md5}, {file: its copy}) of each record whose results are all there, dvc.lock's first.

    ``cache``: DVC's cache folder.
    """
    for known in (lock, receipts):
        results = known.results(one, causes)
        if not results or None in results.values():
            continue
        copies: dict[str, str] = {}
        for path, md5 in results.items():
            found = dvc.cached(path, md5, cache) or receipts.copy(path, md5)
            if found is None:
                break
            copies |= found
        else:
            yield results, copies
