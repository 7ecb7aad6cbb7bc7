"""A plan as a person reads it: a line for each job with its reason, or a count where many are."""

import re
from collections.abc import Iterable

from groupconv.engines.digests import STATE
from groupconv.engines.jobs import Job
from groupconv.ground import atomic
from groupconv.ground.progress import many

ALL_LINES = STATE / "plan.txt"  # every line, whatever the screen shows
MOST = 40  # lines of a screen


def of(
    all_jobs: list[Job], wanted: dict[str, str], spared: dict[str, str], asked: Iterable[str]
) -> list[str]:
    """What a screen takes of a plan; where it is not all of it, ALL_LINES has all. DiskError."""
    planned = all_jobs, wanted, spared, asked
    every = lines(*planned)
    if len(every) > MOST:
        atomic.write_text(ALL_LINES, "".join(f"{line}\n" for line in every))
    return shown(every, counts(*planned))


def lines(
    all_jobs: list[Job], wanted: dict[str, str], spared: dict[str, str], asked: Iterable[str]
) -> list[str]:
    """A line for each job that will be made, among those that Snakemake ``asked`` for.

    ``spared``: {job: what it need not do}. For example `train E seed 0: train.epochs 5 -> 4: made
    before, from DVC's cache`.
    """
    return [f"{one.label}: {said}" for one, said in _reasons(all_jobs, wanted, spared, asked)]


def counts(
    all_jobs: list[Job], wanted: dict[str, str], spared: dict[str, str], asked: Iterable[str]
) -> list[str]:
    """A line for each step and reason, with the number of jobs: `train: 500: not made yet`."""
    found: dict[tuple[str, str], int] = {}
    for one, said in _reasons(all_jobs, wanted, spared, asked):
        for key, value in one.wildcards.items():  # the same reason for each of them
            said = re.sub(rf"\b{key}{value}\b|(?<=/){value}(?=/)", f"{key.upper()}", said)
        said = re.sub(r"^after (\w+) .+?(?=:|$)", r"after \1", said)
        key = one.step, said
        found[key] = found.get(key, 0) + 1
    return [f"{step}: {count:,}: {said}" for (step, said), count in found.items()]


def shown(all_lines: list[str], counted: list[str]) -> list[str]:
    """What a screen takes of a plan; where it is not all, the last line says where all is."""
    if len(all_lines) <= MOST:
        return all_lines
    cut = counted[:MOST]
    more = [f"and {many(len(counted) - MOST, 'more reason')}"] if len(counted) > MOST else []
    return [*cut, *more, f"{len(all_lines):,} jobs in all; a line for each: {ALL_LINES}"]


def _reasons(
    all_jobs: list[Job], wanted: dict[str, str], spared: dict[str, str], asked: Iterable[str]
) -> Iterable[tuple[Job, str]]:
    asked = set(asked)
    for one in all_jobs:
        if one.name in wanted and one.name in asked:
            parts = filter(None, [wanted[one.name], spared.get(one.name)])
            yield one, ": ".join(parts)
