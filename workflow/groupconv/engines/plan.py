"""What will be made, and why: decided by records and content, never by the times of files.

A stage whose causes have a record, and whose files on disk are the recorded ones, is up to date for
both engines. Whatever is unclear is made again, and so is all that reads what is made again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from groupconv.engines import dvc, records, stages
from groupconv.engines.digests import Digests
from groupconv.engines.dvclock import Lock
from groupconv.engines.records import Receipts
from groupconv.engines.stages import CODE, Stage


@dataclass
class Examined:
    """What the records say of all stages."""

    reasons: dict[str, str] = field(default_factory=dict)  # of stages that no record confirms
    unrecorded: list[str] = field(default_factory=list)  # confirmed, but DVC does not have them
    frozen: list[str] = field(default_factory=list)  # would be made, but dvc.yaml says frozen
    code_is_new: bool = False  # DVC has not seen the code as it is, whatever it means


def examine(
    all_stages: list[Stage], lock: Lock, receipts: Receipts, digests: Digests, in_dvc: bool
) -> Examined:
    """Look each stage up: in dvc.lock first, then in its receipts.

    ``in_dvc``: DVC versions this folder, and what it does not have is to be recorded.
    """
    found = Examined()
    for one in all_stages:
        causes, results = records.causes(one, digests), records.results(one, digests)
        in_lock = lock.results(one, causes)
        if one.step == CODE:
            found.code_is_new = in_dvc and in_lock != results
            continue
        recorded = in_lock if in_lock is not None else receipts.results(one, causes)
        reason = _reason(one, causes, results, recorded, lock, receipts)
        if reason and one.frozen and None not in results.values():
            found.frozen.append(one.name)
        elif reason:
            found.reasons[one.name] = reason
        elif in_dvc and not (in_lock == results and in_cache(one, results)):
            found.unrecorded.append(one.name)
    return found


def _reason(
    one: Stage, causes: dict, results: dict, recorded: dict | None, lock: Lock, receipts: Receipts
) -> str:
    """Why a stage is to be made; "" if a record confirms it."""
    missing = [path for path, md5 in results.items() if md5 is None]
    if missing:
        return f"{missing[0]} is missing" if len(missing) < len(results) else "not made yet"
    if recorded is None:
        old = lock.causes(one) or receipts.newest_causes(one)
        return (old and records.difference(old, causes)) or "no record of how it was made"
    if recorded != results:
        altered = next(path for path in results if results[path] != recorded.get(path))
        return f"{altered} was altered"
    return ""


def in_cache(one: Stage, results: dict) -> bool:
    """Whether DVC's cache has all that it should have of a stage's results."""
    return all(dvc.cached(path, results[path]) is not None for path in one.cached)


def wanted(all_stages: list[Stage], reasons: dict[str, str], forced: Iterable[str]) -> dict:
    """{stage: why it will be made}: its own reason, that it was asked for, or what it reads.

    ``forced`` has names of steps and of stages.
    """
    before, forced = stages.producers(all_stages), set(forced)
    labels, found = {one.name: one.label for one in all_stages}, {}
    for one in all_stages:
        first = next((name for name in labels if name in before[one.name] and name in found), None)
        if one.step == CODE:
            continue
        if one.name in reasons:
            found[one.name] = reasons[one.name]
        elif {one.step, one.name} & forced:
            found[one.name] = "asked for"
        elif first:
            found[one.name] = f"after {labels[first]}"
    return found


def lines(all_stages: list[Stage], wanted: dict[str, str], asked: Iterable[str]) -> list[str]:
    """A line for each stage that will be made, among those that Snakemake ``asked`` for."""
    asked = set(asked)
    return [
        f"{one.label}: {wanted[one.name]}"
        for one in all_stages
        if one.name in wanted and one.name in asked
    ]
