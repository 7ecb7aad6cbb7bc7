"""What each planned job will cost: a copy from DVC's cache, the rest of a training, or all of it.

And which of them would cost nothing after `dvc pull`, as in a clone.

It asks the same records as the steps (made.py), before any step starts.
"""

from collections.abc import Iterable
from pathlib import PurePosixPath

from groupconv.data import formats
from groupconv.engines import records, stored, trainings
from groupconv.engines.digests import Digests
from groupconv.engines.dvclock import Lock
from groupconv.engines.dvcyaml import of_ours
from groupconv.engines.jobs import Job
from groupconv.engines.records import Receipts

UNKNOWN = "not known before it is made"  # in place of a md5
CACHED = "made before, from DVC's cache"


class Foreseen(Digests):
    """md5s of files as the run will leave them; of a file that no job writes, as it is now."""

    def __init__(self, gone: Iterable[str]):
        """``gone``: files that no job makes any more, which the run removes."""
        super().__init__(look=formats.told)  # as prepare does: what is read here is not read there
        self.will: dict[str, str | None] = dict.fromkeys(gone)
        self.unknown: set[str] = set()  # folders with a file that nobody foresees
        self.made: set[str] = set()  # folders that will be there

    def foresee(self, results: dict[str, str]) -> None:
        """A job will write these."""
        self.will |= results
        for path, md5 in results.items():
            for folder in map(str, PurePosixPath(path).parents):
                self.seen.pop(folder, None)
                self.unknown |= {folder} if md5 == UNKNOWN else set()
                self.made.add(folder)

    def of(self, path: str) -> str | None:
        """As Digests.of; UNKNOWN of a file that nobody foresees, and of a folder with one."""
        if path in self.will:
            return self.will[path]
        # Or one file of a folder that is one output.
        if path in self.unknown or any(str(p) in self.will for p in PurePosixPath(path).parents):
            return UNKNOWN
        if path in self.made and path not in self.seen:  # though it is not there yet, as in a clone
            self.seen[path] = self._folder(path)
        return super().of(path)

    def _file(self, path: str) -> str | None:
        return self.will[path] if path in self.will else super()._file(path)

    def _names(self, path: str) -> Iterable[str]:
        prefix = f"{path}/"
        if not any(p.startswith(prefix) for p in self.will):
            return super()._names(path)  # a user's images may be a million: no list of them
        will = {
            p.removeprefix(prefix) for p, md5 in self.will.items() if md5 and p.startswith(prefix)
        }
        present = {name for name in super()._names(path) if self.will.get(prefix + name, name)}
        return sorted(present | will)


def costs(
    all_jobs: list[Job], wanted: dict[str, str], forced: Iterable[str], lock: Lock, cache: str
) -> dict[str, str]:
    """{job: the work that it is spared}, of the ``wanted`` jobs that need not start from nothing.

    ``cache``: DVC's cache folder; "" where the steps take nothing from it. Raises DiskError.
    """
    made = {out for one in all_jobs for out in one.outs}
    names = {one.name for one in all_jobs}
    gone = [
        path
        for name, entry in lock.entries.items()
        if name not in names and of_ours(name)
        for path in entry["results"]
        if path not in made
    ]
    digests, receipts, forced = Foreseen(gone), Receipts(), set(forced)
    found = {}
    for one in all_jobs:
        if one.name not in wanted:
            continue
        anew = {one.step, one.name} & forced or one.step == "download"
        causes = records.causes(one, digests)
        before = () if anew or not cache else stored.of(one, causes, lock, receipts, cache)
        results, _ = next(iter(before), (None, None))
        if results:
            found[one.name] = CACHED
        elif one.step == "train" and (epoch := trainings.epoch(one, causes, receipts)):
            found[one.name] = f"goes on after epoch {epoch}"
        digests.foresee(results or dict.fromkeys(one.outs, UNKNOWN))
    digests.save()
    return found


def pulled(all_jobs: list[Job], wanted: dict[str, str], lock: Lock) -> set[str]:
    """The ``wanted`` jobs of whose present causes dvc.lock has results: all may be in a remote."""
    digests, found = Foreseen(()), set()
    for one in all_jobs:
        if one.name in wanted:
            results = lock.results(one, records.causes(one, digests))
            found |= {one.name} if results else set()
            digests.foresee(results or dict.fromkeys(one.outs, UNKNOWN))
    digests.save()
    return found
