"""dvc.lock after a run: `dvc commit` of what was made, and nothing that could be false."""

import os
from pathlib import Path
from typing import IO

from groupconv.engines import alive, code, dvc, dvclock, jobs, plan, records
from groupconv.engines.digests import Digests
from groupconv.engines.dvclock import BEFORE, LOCK, Lock
from groupconv.engines.jobs import Job
from groupconv.engines.records import Receipts
from groupconv.ground.errors import StepError
from groupconv.ground.progress import many

MOST_NAMED = 20  # jobs of a step that is partly made: dvc.lock is written as often
NOTHING = "dvc.lock: nothing recorded"


def was_killed(handle: IO) -> bool:
    """Whether a run that was writing dvc.lock was killed, and no run lives."""
    return BEFORE.exists() and alive.alone(handle)


def mend(handle: IO) -> str:
    """Restore dvc.lock if a run was killed while it wrote it; returns a line to print."""
    if not was_killed(handle):
        return ""
    dvclock.put_back()
    return f"{LOCK}: restored; the last run was killed while it recorded"


def record(all_jobs: list[Job], handle: IO) -> str:
    """`dvc commit` all results of the present params.yaml; returns the lines to print.

    The commit holds ``handle``, of alive.hold, too: it may outlive this process.
    """
    if BEFORE.exists():  # left by a killed run since this one began
        if not alive.alone(handle, without_locks=True):
            return f"{NOTHING}: another run records; the next one will"
        dvclock.put_back()
    program = dvc.command()
    if program is None:
        return f"{NOTHING}: no dvc beside Python or on PATH"
    code.write()
    try:
        lock = Lock()
    except StepError as error:
        return f"{NOTHING}: {error}"
    receipts, digests = Receipts(), Digests()
    before = jobs.producers(all_jobs)
    good, new = set(), {}
    for one in all_jobs:
        results = records.results(one, digests)
        if None in results.values() or not before[one.name] <= good:
            continue
        causes = records.causes(one, digests)
        if lock.results(one, causes) != results:
            # A raw file put there by hand has no receipt; neither has what the code means.
            made_here = one.step not in ("download", jobs.CODE)
            if made_here and receipts.results(one, causes) != results:
                continue
            new[one.name] = {"causes": causes, "results": results}
        elif not (lock.in_form(one) and plan.in_cache(one, results)):
            new[one.name] = {"causes": causes, "results": results}
        good.add(one.name)
    digests.save()
    if not new or "prepare" not in good:  # it checks the raw files
        return ""
    targets, waiting = _targets(all_jobs, good, new)
    if not targets:
        return waiting
    dvclock.keep()
    try:
        # With --quiet it keeps most errors to itself.
        done = dvc.call(program, "commit", "--force", *targets, pass_fds=[handle.fileno()])
        said = dvc.named(program) + reason(done.stderr) if done.returncode else ""
    except StepError as error:
        said = str(error)
    if said:
        dvclock.put_back()
        return f"{NOTHING}: {said}"
    recorded = Lock(LOCK).entries
    names = [name for name in new if {name, name.partition("@")[0]} & set(targets)]
    if any(recorded.get(name) != new[name] for name in names):
        dvclock.put_back()
        return f"{NOTHING}: a file has changed meanwhile"
    BEFORE.unlink()
    shown = len([name for name in names if name != jobs.CODE])
    said = f"dvc.lock: recorded {many(shown, 'stage')}" if shown else ""
    return "\n".join(filter(None, [said, waiting]))


def reason(said: str) -> str:
    """The cause in what DVC wrote to stderr: its last error, else the first line of a complaint."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    others = [line for line in lines if not line.startswith(("WARNING", "Having any troubles"))]
    found = errors[-1:] or others[:1] or ["dvc commit gave no reason"]
    return found[0].removeprefix("unexpected error - ")


def _targets(all_jobs: list[Job], good: set[str], new: dict) -> tuple[list[str], str]:
    """The names for `dvc commit`, and a line on the jobs that wait.

    Few jobs are named one by one, many by their step: DVC reads dvc.lock anew for each name.
    """
    targets, waiting = [], 0
    partly = {one.step for one in all_jobs if one.name not in good}
    for step in dict.fromkeys(one.step for one in all_jobs):
        names = [one.name for one in all_jobs if one.step == step and one.name in new]
        if len(names) <= (MOST_NAMED if step in partly else 1):
            targets += names
        elif step not in partly:
            targets.append(step)
        else:
            waiting += len(names)
    if not waiting:
        return targets, ""
    rest = "to record once the rest of the step is made"
    return targets, f"dvc.lock: {many(waiting, 'stage')} {rest}"


def prune(all_jobs: list[Job]) -> None:
    """Cut entries without a job out of dvc.lock; delete their files if the cache has them."""
    kept = {out for one in all_jobs for out in one.outs}
    digests = Digests()
    for results in dvclock.cut({one.name for one in all_jobs}).values():
        for path, md5 in results.items():
            if path in kept or digests.of(path) != md5 or dvc.cached(path, md5) is None:
                continue
            os.remove(path)
            for folder in Path(path).parents[:-1]:
                if any(folder.iterdir()):
                    break
                folder.rmdir()
