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
from groupconv.engines.wiring import NO_PATHS
from groupconv.ground import atomic, interrupted, machine
from groupconv.ground.errors import StepError
from groupconv.ground.progress import say
from groupconv.settings import reads


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
        try:
            module.run(own, **paths, **seen)
        except Exception as error:
            others = other_inputs(one, own, paths)
            if not others or _has_its_line(error) or interrupted.happened():
                raise
            raise StepError(
                f"{one.label}: {', '.join(others)}: not the file of the workflow, and the step "
                f"cannot read it: {type(error).__name__}: {error}".replace("\n", " ")
            ) from error
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
    """Whether each argument is the file that the rule gives: of another a receipt would be false.

    A file of the rule's folder counts as that folder: of raw files there are several.
    """
    usual = dict(one.arguments)
    if one.step == "prepare" and own["data"]["source"] == "folder":
        del usual["raw"]  # nothing lies there
    given = {name: value for name, value in paths.items() if name not in NO_PATHS}
    return given.keys() == usual.keys() and all(
        _is_in(path, usual[name]) for name, value in given.items() for path in _flat(value)
    )


def other_inputs(one: Job, own: dict, paths: dict) -> list[str]:
    """name=path of each file that was named by hand in the place of one that the step reads."""
    known = {name: path for name, path in one.arguments.items() if path not in one.outs}
    if one.step == "prepare" and own["data"]["source"] == "folder":
        known.pop("raw", None)  # the user's own folder
    return [
        f"{name}={path}"
        for name, value in paths.items()
        for path in _flat(value)
        if name in known and not _is_in(path, known[name])
    ]


def _flat(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _has_its_line(error: Exception) -> bool:
    """Whether command.py says it: ours, a path's, the disk's, or the memory's."""
    of_disk = isinstance(error, OSError) and error.errno is not None
    return isinstance(error, StepError) or of_disk or machine.out_of_memory(error)


def _is_in(path: str, usual: str) -> bool:
    return f"{os.path.relpath(path)}/".startswith(f"{os.path.normpath(usual)}/")


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
