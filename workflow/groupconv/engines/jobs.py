"""Every job: a step, once or for each scheme and seed; dvc.yaml calls it a stage.

Reads no results.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path, PurePosixPath

import yaml

from groupconv.ground.errors import StepError
from groupconv.settings import exponents, reads, unreadable

DVC_YAML = Path("dvc.yaml")
# DVC's first stage writes here what the code of each step means; the steps depend on their file.
CODE, CODE_FOLDER, PACKAGE = "code", "results/code", "workflow/groupconv"


@dataclass(frozen=True)
class Job:
    """One step, for one scheme and seed where it has them: a stage of dvc.yaml, filled in."""

    step: str
    name: str  # as DVC names it: train@A-0
    label: str  # as a person names it: train A seed 0
    wildcards: dict  # of its rule
    command: str
    deps: tuple[str, ...]
    outs: tuple[str, ...]
    cached: tuple[str, ...]  # those of outs that DVC's cache takes; git takes the others
    params: dict
    arguments: dict = field(default_factory=dict)  # {argument of the step: path}
    keys: tuple[str, ...] = ()  # what dvc.yaml calls the params: train.learning_rate.E
    frozen: bool = False


def load(text: str | None = None) -> dict:
    """The definitions of our stages, by step, from dvc.yaml or from its ``text``.

    Raises StepError.
    """
    found = read(DVC_YAML.read_text(encoding="utf-8") if text is None else text)
    return {step: found[step] for step in (CODE, *reads.READS) if step in found}


def read(text: str) -> dict:
    """Every stage that dvc.yaml's ``text`` has. Raises StepError."""
    found = unreadable.parsed(text, DVC_YAML) or {}
    try:
        return dict(found.get("stages") or {})
    except (AttributeError, TypeError, ValueError) as error:
        raise StepError(f"{DVC_YAML}: stages: no stages with their names") from error


def digest(definition: dict) -> str:
    """A step's definition in dvc.yaml, as one word."""
    return hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()[:16]


def job(definitions: dict, step: str, own: dict) -> Job:
    """The job that makes ``step`` with ``own``, the step's params as reads.params_of cut them."""
    definition = definitions[step]
    params = reads.values(step, own) if step in reads.READS else {}
    wildcards = {wildcard: own[wildcard] for wildcard in definition.get("matrix", {})}
    known = {f"item.{key}": own[key] for key in ("scheme", "seed") if key in own} | params

    def filled(text: str) -> str:
        return re.sub(r"\$\{([\w.]+)\}", lambda match: str(known[match[1]]), text)

    given = str((definition.get("meta") or {}).get("arguments", ""))
    outs = {}
    for kind in ("outs", "metrics", "plots"):
        for out in definition.get(kind, []):
            path, flags = next(iter(out.items())) if isinstance(out, dict) else (out, {})
            outs[filled(path)] = flags.get("cache", True)
    return Job(
        step=step,
        name=name(step, wildcards),
        label=label(step, wildcards),
        wildcards=wildcards,
        command=filled(definition["cmd"]),
        deps=tuple(sorted(map(filled, definition.get("deps", [])))),
        outs=tuple(sorted(outs)),
        cached=tuple(sorted(path for path, cached in outs.items() if cached)),
        params=params,
        arguments=dict(word.partition("=")[::2] for word in filled(given).split()),
        keys=tuple(map(filled, definition.get("params", []))),
        frozen=bool(definition.get("frozen")),
    )


def name(step: str, wildcards: dict) -> str:
    """A job's name in dvc.yaml: train@A-0."""
    keys = "-".join(str(value) for key, value in wildcards.items() if key != "file")
    return f"{step}@{keys}" if keys else step


def label(step: str, wildcards: dict) -> str:
    """As a person names a job: train A seed 0."""
    named = (f"seed {value}" if key == "seed" else value for key, value in wildcards.items())
    return " ".join([step, *named])


def jobs(definitions: dict, params: dict) -> list[Job]:
    """Every job of the configuration ``params``, what is read before what reads it."""
    found = [job(definitions, CODE, {})] if CODE in definitions else []
    for step in reads.READS:
        ranges = {"scheme": list(params["schemes"]), "seed": params["train"]["seeds"]}
        wildcards = list(definitions[step].get("matrix", {}))
        for keys in product(*(ranges[wildcard] for wildcard in wildcards)):
            own = reads.params_of(params, step, **dict(zip(wildcards, keys, strict=True)))
            found.append(job(definitions, step, own))
    return found


def holds(one: Job, path: str = "params.yaml") -> bool:
    """Whether the file, as it is now, has this job with these params."""
    try:
        params = exponents.as_numbers(
            yaml.load(Path(path).read_text(encoding="utf-8"), yaml.CSafeLoader)
        )
        now = reads.params_of(params, one.step, **one.wildcards)
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError):
        return False
    return reads.values(one.step, now) == one.params


def producers(all_jobs: list[Job]) -> dict[str, set[str]]:
    """{job: the jobs that write what it reads}, a file or anything inside a folder."""
    writers: dict[str, set[str]] = {}
    folders: dict[str, str] = {}
    for one in all_jobs:
        for out in one.outs:
            folders[out] = one.name
            for path in (out, *map(str, PurePosixPath(out).parents)):
                writers.setdefault(path, set()).add(one.name)
    before = {}
    for one in all_jobs:
        before[one.name] = set().union(*(writers.get(dep, set()) for dep in one.deps))
        for dep in one.deps:  # one file of a folder that is one output
            before[one.name] |= {
                folders[str(folder)]
                for folder in PurePosixPath(dep).parents
                if str(folder) in folders
            }
    return before
