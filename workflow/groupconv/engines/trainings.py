"""Removes a training's saved states once nothing can take its results away any more.

Snakemake may refuse a job after its step has ended, for example for a date in the future, and then
deletes the outputs; DVC deletes a job's outputs before it runs it. With the states, the next try
costs one epoch.
"""

import os
from pathlib import Path

from groupconv.engines import plan
from groupconv.engines.digests import Digests
from groupconv.engines.dvclock import Lock
from groupconv.engines.jobs import Job
from groupconv.engines.records import Receipts
from groupconv.ground.progress import amount
from groupconv.network import states

SCHEMES = Path("results/schemes")


def clear(all_jobs: list[Job], lock: Lock, *, recorded: bool = False) -> None:
    """Remove the states of the trainings, among the jobs, whose results a record confirms.

    ``recorded``: only where DVC has the results, in ``lock`` and in its cache.
    """
    left = [one for one in all_jobs if one.step == "train" and states.of(folder(one))]
    if not left:
        return
    found = plan.examine(left, lock, Receipts(), Digests(), recorded)
    for one in left:
        if one.name not in {*found.reasons, *found.frozen, *found.unrecorded}:
            states.clear(folder(one))


def strays(all_jobs: list[Job]) -> list[str]:
    """A line for each folder with states of a training that params.yaml has no more.

    They stay, as the scheme or seed may come back: half a training may be days.
    """
    mine = {folder(one) for one in all_jobs if one.step == "train"}
    found: dict[str, int] = {}
    for path in SCHEMES.glob("*/seed*/.resume-*.pt"):
        if (name := path.parent.as_posix()) not in mine:
            found[name] = found.get(name, 0) + path.stat().st_size
    return [
        f"{name}: {amount(size)} of an interrupted training that params.yaml has no more; "
        f"`rm {name}/.resume-*` removes it"
        for name, size in sorted(found.items())
    ]


def folder(one: Job) -> str:
    """Where a training keeps its checkpoints and states."""
    return os.path.dirname(one.outs[0])


def epoch(one: Job, causes: dict, receipts: Receipts) -> str:
    """The last epoch, as "2/5", of an interrupted training with these causes; else ""."""
    began = receipts.begun_at_ns(one, causes)
    mine = [
        int(path.stem.split("-")[2])
        for path in states.of(folder(one))
        if began and path.stat().st_mtime_ns >= began
    ]
    return f"{max(mine)}/{one.params['train.epochs']}" if mine else ""
