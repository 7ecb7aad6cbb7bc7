"""What will be made, and why: decided by records and content, never by the times of files.

A job whose causes have a record, and whose files on disk are the recorded ones, is up to date for
both engines. Whatever is unclear is made again, and so is all that reads what is made again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from groupconv.engines import dvc, jobs, records
from groupconv.engines.digests import Digests
from groupconv.engines.dvclock import LOCK, Lock
from groupconv.engines.jobs import CODE, Job
from groupconv.engines.records import Receipts
from groupconv.settings import reads


@dataclass
class Examined:
    """What the records say of all jobs."""

    reasons: dict[str, str] = field(default_factory=dict)  # of jobs that no record confirms
    unrecorded: list[str] = field(default_factory=list)  # confirmed, but DVC does not have them
    frozen: list[str] = field(default_factory=list)  # need to be made, but dvc.yaml says frozen
    lacking: set[str] = field(default_factory=set)  # jobs whose reason is an input that is missing
    code_is_new: bool = False  # DVC has not seen the code as it is, whatever it means


def examine(
    all_jobs: list[Job], lock: Lock, receipts: Receipts, digests: Digests, in_dvc: bool
) -> Examined:
    """Look each job up: in dvc.lock first, then in its receipts.

    ``in_dvc``: DVC versions this folder, so a run must record what DVC lacks.
    """
    found = Examined()
    for one in all_jobs:
        results = records.results(one, digests)
        if one.step != CODE and None in results.values():  # no record matters then
            missing = [path for path, md5 in results.items() if md5 is None]
            whole = len(missing) < len(results)
            found.reasons[one.name] = f"{missing[0]} is missing" if whole else "not made yet"
            continue
        causes = records.causes(one, digests)
        in_lock = lock.results(one, causes)
        if one.step == CODE:
            found.code_is_new = in_dvc and in_lock != results
            continue
        recorded = in_lock if in_lock is not None else receipts.results(one, causes)
        reason = _reason(one, causes, results, recorded, lock, receipts)
        if reason and one.frozen:
            found.frozen.append(one.name)
        elif reason:
            found.reasons[one.name] = reason
            if reason == _missing_input(causes):
                found.lacking.add(one.name)
        elif in_dvc and not (in_lock == results and lock.in_form(one) and in_cache(one, results)):
            found.unrecorded.append(one.name)
    return found


def _reason(
    one: Job, causes: dict, results: dict, recorded: dict | None, lock: Lock, receipts: Receipts
) -> str:
    """Why a job is to be made; "" if a record confirms it."""
    if recorded == results:
        return ""
    # After a parameter is put back, its old record matches, but the files are another value's.
    causes_then = lock.causes_of(one, results) or receipts.causes_of(one, results)
    old = causes_then or (recorded is None and (lock.causes(one) or receipts.newest_causes(one)))
    if old and (said := records.difference(old, causes)):
        return said
    if lacks := _missing_input(causes):
        return lacks
    if recorded is None:
        return "no record of how it was made"
    altered = next(path for path in results if results[path] != recorded.get(path))
    return f"{altered} is not {LOCK}'s" if causes_then else f"{altered} was altered"


def _missing_input(causes: dict) -> str:
    """The first file that is to be read and is not there, in words; "" if all are."""
    missing = [path for path, md5 in causes["deps"].items() if md5 is None]
    return f"{missing[0]} is missing" if missing else ""


def in_cache(one: Job, results: dict) -> bool:
    """Whether DVC's cache has all that it should have of a job's results."""
    return all(dvc.cached(path, results[path]) is not None for path in one.cached)


def wanted(all_jobs: list[Job], found: Examined, forced: Iterable[str]) -> dict[str, str]:
    """{job: why it will be made}: its own reason, or "asked for", or the job that it reads from.

    ``forced`` has names of steps and of jobs.
    """
    before, forced = jobs.producers(all_jobs), set(forced)
    labels, will = {one.name: one.label for one in all_jobs}, {}
    for one in all_jobs:
        first = next((name for name in labels if name in before[one.name] and name in will), None)
        if one.step == CODE:
            continue
        # An input that is missing is no reason of its own where another job makes it.
        if one.name in found.reasons and not (first and one.name in found.lacking):
            will[one.name] = found.reasons[one.name]
        elif {one.step, one.name} & forced:
            will[one.name] = "asked for"
        elif first:
            will[one.name] = f"after {labels[first]}"
    return will


def forced(all_jobs: list[Job], names: Iterable[str], *, everything: bool) -> frozenset[str]:
    """The steps and jobs that a user asks for; a run makes them, whatever a record says.

    ``names``: steps and outputs that stand behind -f or -R; ``everything``: -F.
    """
    if everything:
        return frozenset(reads.READS)
    names = set(names)
    # DVC takes some folders as one output.
    names |= {str(folder) for name in names for folder in Path(name).parents}
    return frozenset(
        [step for step in reads.READS if step in names]
        + [one.name for one in all_jobs if not names.isdisjoint(one.outs)]
    )
