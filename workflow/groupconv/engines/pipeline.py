"""dvc.yaml: its stages, as the rules say, and each filled in for its scheme and seed.

The rules are the one definition of a step; dvc.yaml says the same to DVC. Knows no files' content.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from itertools import product
from pathlib import Path, PurePosixPath

import yaml

from groupconv.settings import exponents, reads

# The comment makes another command of the rule another command of the stage.
COMMAND = "snakemake --cores all --force {target} --allowed-rules {rules}  # rule {digest}"
# Small text results, which git versions; DVC's cache takes everything else.
IN_GIT = {
    "summary.csv": "outs",
    "curves.csv": "outs",
    "metrics.json": "metrics",
    "claims.json": "outs",
    "tables": "outs",
}


@dataclass(frozen=True)
class Stage:
    """One stage of dvc.yaml with its wildcards filled in: a step, once or for a scheme and seed."""

    step: str
    name: str  # as DVC names it: train@A-0
    label: str  # as a person names it: train A seed 0
    wildcards: dict  # of its rule
    command: str
    deps: tuple[str, ...]
    outs: tuple[str, ...]
    params: dict


def load(path: str = "dvc.yaml") -> dict:
    """The stage definitions of dvc.yaml, by step."""
    return yaml.load(Path(path).read_text(encoding="utf-8"), yaml.CSafeLoader)["stages"]


def digest(definition: dict) -> str:
    """A step's definition in dvc.yaml, as one word."""
    return hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()[:16]


def stage(definitions: dict, step: str, part: dict) -> Stage:
    """The stage that makes ``step`` with ``part``, the step's params as reads.part cut them."""
    definition = definitions[step]
    params = reads.values(step, part)
    wildcards = {wildcard: part[wildcard] for wildcard in definition.get("matrix", {})}
    keys = wildcards.values()
    known = {f"item.{key}": part[key] for key in ("scheme", "seed") if key in part} | params

    def filled(text: str) -> str:
        return re.sub(r"\$\{([\w.]+)\}", lambda match: str(known[match[1]]), text)

    outs = [
        filled(next(iter(out)) if isinstance(out, dict) else out)
        for kind in ("outs", "metrics", "plots")
        for out in definition.get(kind, [])
    ]
    return Stage(
        step=step,
        name=f"{step}@{'-'.join(map(str, keys))}" if keys else step,
        label=" ".join([step, *(f"seed {k}" if isinstance(k, int) else k for k in keys)]),
        wildcards=wildcards,
        command=filled(definition["cmd"]),
        deps=tuple(sorted(map(filled, definition.get("deps", [])))),
        outs=tuple(sorted(outs)),
        params=params,
    )


def stages(definitions: dict, params: dict) -> list[Stage]:
    """Every stage of the configuration ``params``, what is read before what reads it."""
    found = []
    for step, definition in definitions.items():
        ranges = {"scheme": list(params["schemes"]), "seed": params["train"]["seeds"]}
        wildcards = list(definition.get("matrix", {}))
        for keys in product(*(ranges[wildcard] for wildcard in wildcards)):
            part = reads.part(params, step, **dict(zip(wildcards, keys, strict=True)))
            found.append(stage(definitions, step, part))
    return found


def holds(one: Stage, path: str = "params.yaml") -> bool:
    """Whether the file, as it is now, has this stage with these params."""
    try:
        params = exponents.as_numbers(
            yaml.load(Path(path).read_text(encoding="utf-8"), yaml.CSafeLoader)
        )
        now = reads.part(params, one.step, **one.wildcards)
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError):
        return False
    return reads.values(one.step, now) == one.params


def producers(all_stages: list[Stage]) -> dict[str, set[str]]:
    """{stage: the stages that write what it reads}, a file or anything inside a folder."""
    writers: dict[str, set[str]] = {}
    for one in all_stages:
        for out in one.outs:
            for path in (out, *map(str, PurePosixPath(out).parents)):
                writers.setdefault(path, set()).add(one.name)
    return {
        one.name: set().union(*(writers.get(dep, set()) for dep in one.deps)) for one in all_stages
    }


def derived(
    rules: dict[str, tuple[list[str], list[str], str]], folders: dict[str, str], text: str
) -> str:
    """dvc.yaml's ``text`` with its stages as the rules say.

    ``rules``: {step: (inputs, outputs, command)}, with {scheme} and {seed}. ``folders``: those
    that DVC takes as one, by how it calls them; a path with {scheme} in it stays by itself.
    """

    def named(paths: list[str]) -> list[str]:
        found = []
        for path in paths:
            for folder, name in folders.items():
                if (f"{path}/").startswith(f"{folder}/") and "{scheme}" not in path:
                    path = name
            found.append(re.sub(r"(?<!\$)\{(scheme|seed)\}", r"${item.\1}", path))
        return sorted(set(found))

    stages = {}
    for step, (inputs, outputs, command) in rules.items():
        outs = named(outputs)
        wildcards = [w for w in ("scheme", "seed") if f"${{item.{w}}}" in outs[0]]
        ranges = {"scheme": "${schemes}", "seed": "${train.seeds}"}
        matrix = {wildcard: ranges[wildcard] for wildcard in wildcards}
        rule = "raw" if step == "download" else step
        target = outs[0] if wildcards else rule
        definition = {"matrix": matrix} if matrix else {}
        definition["cmd"] = COMMAND.format(
            target=target,
            rules=" ".join(dict.fromkeys((step, rule))),
            digest=hashlib.sha256(command.encode()).hexdigest()[:8],
        )
        if inputs:
            definition["deps"] = named(inputs)
        definition["params"] = [
            "schemes.${item.scheme}.groups" if key == "groups" else key
            for key in reads.READS[step]
            if key not in ("scheme", "seed")
        ]
        for out in outs:
            kind, flags = _kind(step, out)
            definition.setdefault(kind, []).append({out: flags} if flags else out)
        stages[step] = definition
    body = yaml.safe_dump({"stages": stages}, sort_keys=False, width=1000)
    return text[: re.search(r"^stages:|\Z", text, flags=re.M).start()] + body


def _kind(step: str, out: str) -> tuple[str, dict]:
    if step == "download":  # DVC would delete what was put there by hand, or half a download
        return "outs", {"persist": True}
    parts = Path(out).parts
    kind = next((IN_GIT[part] for part in parts if part in IN_GIT), None)
    return (kind, {"cache": False}) if kind else ("outs", {})
