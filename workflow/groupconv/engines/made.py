"""One step, from its causes to its receipt: taken from DVC's cache, or made by its module."""

import importlib
import os
import shutil
from pathlib import Path

from groupconv.engines import dvc, jobs, records, stored
from groupconv.engines.digests import Digests
from groupconv.engines.dvclock import Lock
from groupconv.engines.jobs import Job
from groupconv.engines.records import Receipts
from groupconv.ground import atomic
from groupconv.ground.errors import StepError
from groupconv.ground.progress import say
from groupconv.settings import reads

NO_PATHS = ("mirror", "threads")  # arguments of a step that are no part of its result


def make(
    step: str, own: dict, paths: dict, *, meant: str | None = None, cache: str = "", rule: str = ""
) -> None:
    """Make a step with ``own``, its params, and ``paths`` by the names that its run() gives them.

    ``meant``: what the step's code meant before it was imported, which is the code that runs.
    ``cache``: DVC's cache folder, which may hold results of the same causes. ``rule``: the
    digest of the step's definition in dvc.yaml as Snakemake planned it; another run may since have
    brought dvc.yaml up to a rule that this run, or a pasted command, does not have. Raises
    StepError.
    """
    if step in reads.BY_NAME:  # no record: it is made whenever it is asked for
        importlib.import_module(f"groupconv.steps.{step}").run(own, **paths)
        return
    definitions = jobs.load()
    one = jobs.job(definitions, step, own)
    say(f"{one.label}: started")
    module = importlib.import_module(f"groupconv.steps.{step}")
    look = getattr(module, "look", None)
    digests = Digests(look=look)
    causes = records.causes(one, digests, meant)
    if step == "train":
        Receipts().begin(one, causes)  # a plan then finds an interrupted one's states
    under_dvc = dvc.started_us()
    if under_dvc:
        _same_code(one, causes)
    # A file to fetch is gone because someone took it away; others there may be the user's own.
    usual = at_usual_places(one, own, paths)
    if usual and cache and step != "download" and restore(one, causes, cache):
        say(f"{one.label}: made before from the same causes; taken from DVC's cache")
    else:
        seen = {"told": digests.told} if look else {}
        module.run(own, **paths, **seen)
    digests.forget()
    results = records.results(one, digests)
    other_rule = bool(rule) and jobs.digest(definitions[step]) != rule
    changed = records.causes(one, digests) != causes
    digests.save()
    # DVC would record the new ones.
    if under_dvc and (other_rule or changed or not jobs.holds(one)):
        raise StepError(f"{one.label}: what it reads has changed meanwhile: run it again")
    if other_rule:
        say(f"{one.label}: not by its rule as it is now: no record of it is kept")
    elif changed:
        say(f"{one.label}: what it reads has changed meanwhile; it will be made again")
    elif not usual:
        say(f"{one.label}: not at the workflow's own files: no record of it is kept")
    elif None not in results.values():
        Receipts().write(one, causes, results)


def at_usual_places(one: Job, own: dict, paths: dict) -> bool:
    """Whether the step reads and writes the workflow's files: of others its receipt would be false.

    ``paths`` and the job's files must name each other: one equals or contains the other.
    """
    given = [p for name, value in paths.items() if name not in NO_PATHS for p in _flat(value)]
    given = [path.partition("{")[0] for path in given]  # figures' paths may have {name}
    given += [own["data"]["folder"]] if one.step == "prepare" else []
    given = [os.path.normpath(path) for path in given]
    declared = [p for p in (*one.deps, *one.outs) if not records.code_of(p)]
    if one.step == "prepare" and own["data"]["source"] == "folder":
        declared.remove(f"data/raw/{own['data']['source']}")  # nothing lies there
    usual = [os.path.normpath(path) for path in declared]
    return all(any(_touch(a, b) for b in usual) for a in given) and all(
        any(_touch(a, b) for b in given) for a in usual
    )


def _flat(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _touch(a: str, b: str) -> bool:
    return f"{a}/".startswith(f"{b}/") or f"{b}/".startswith(f"{a}/")


def _same_code(one: Job, causes: dict) -> None:
    """Raise StepError if the code that runs is not the code that DVC would record."""
    for path, md5 in causes["deps"].items():
        if records.code_of(path) and Digests().of(path) != md5:
            raise StepError(f"{path}: the code means something else now: `dvc repro code` first")


def restore(one: Job, causes: dict, cache: str) -> bool:
    """Copy earlier results of these causes: from DVC's cache, and git's files from the receipts.

    Returns False unless all of them are there. Raises DiskError.
    """
    for results, copies in stored.of(one, causes, Lock(), Receipts(), cache):
        for path, source in copies.items():
            with open(source, "rb") as content, atomic.write(path, "wb") as file:
                shutil.copyfileobj(content, file, 2**20)
        for folder in (path for path, md5 in results.items() if md5.endswith(".dir")):
            for file in Path(folder).rglob("*"):  # of a scheme that is no more
                if file.is_file() and str(file) not in copies:
                    file.unlink()
        if records.results(one, Digests()) == results:
            return True
        for path in copies:
            os.remove(path)
    return False
