"""What made what: the causes of a step (params, md5 of all it reads) and the md5 of what it wrote.

dvc.yaml, which is derived from the rules, says what each stage reads and writes. A finished step
leaves a receipt: its causes and results. Receipts are never needed, they spare work. Hashes are
DVC's (md5; a folder's is that of the sorted list of its files). Knows no engine and no step.
"""

import hashlib
import json
import os
import re
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path, PurePosixPath

import yaml

from groupconv import atomic, reads

STATE = Path(".snakemake/groupconv")  # not versioned; may be deleted at any time
SMALL = 2**20  # bytes; smaller files are hashed each time, whatever a file system says of them
YOUNG_NS = 2_000_000_000  # a file changed so recently may change again without a newer time
CODE_FOLDER = "workflow/"


@dataclass(frozen=True)
class Stage:
    """One stage of dvc.yaml with its wildcards filled in: a step, once or for a scheme and seed."""

    step: str
    name: str  # as DVC names it: train@A-0
    label: str  # as a person names it: train A seed 0
    command: str
    deps: tuple[str, ...]
    outs: tuple[str, ...]
    params: dict


def pipeline(path: str = "dvc.yaml") -> dict:
    """The stage definitions of dvc.yaml, by step."""
    return yaml.load(Path(path).read_text(encoding="utf-8"), yaml.CSafeLoader)["stages"]


def stage(definitions: dict, step: str, part: dict) -> Stage:
    """The stage that makes ``step`` with ``part``, the step's params as reads.part cut them."""
    definition = definitions[step]
    params = reads.values(step, part)
    keys = [part[wildcard] for wildcard in definition.get("matrix", {})]
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


class Digests:
    """md5 of files and folders as DVC has them; large ones remembered by size, time, inode."""

    def __init__(self, memory: Path = STATE / "md5.json"):
        self.memory = memory
        try:
            self.known = json.loads(memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.known = {}
        self.seen: dict[str, str | None] = {}

    def of(self, path: str) -> str | None:
        """The md5 of a file, that of a folder with ".dir" after it, or None if there is none."""
        if path not in self.seen:
            self.seen[path] = self._folder(path) if os.path.isdir(path) else self._file(path)
        return self.seen[path]

    def _file(self, path: str) -> str | None:
        try:
            # Opened first: a network file system then asks its server for size and time.
            with open(path, "rb") as file:
                stat = os.fstat(file.fileno())
                state = [stat.st_size, stat.st_mtime_ns, stat.st_ino]
                remembered = self.known.get(path)
                if remembered and remembered[:3] == state:
                    return remembered[3]
                md5 = hashlib.file_digest(file, "md5").hexdigest()
        except OSError:
            return None
        if stat.st_size > SMALL and time.time_ns() - stat.st_mtime_ns > YOUNG_NS:
            self.known[path] = [*state, md5]
        return md5

    def _folder(self, path: str) -> str:
        files = []
        for folder, folders, names in os.walk(path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                if not name.startswith("."):
                    file = os.path.join(folder, name)
                    files.append({"md5": self._file(file), "relpath": os.path.relpath(file, path)})
        files.sort(key=lambda entry: entry["relpath"])
        return hashlib.md5(json.dumps(files, sort_keys=True).encode()).hexdigest() + ".dir"

    def save(self) -> None:
        """Remember what was hashed for the next run."""
        atomic.write_text(self.memory, json.dumps(self.known))


def causes(one: Stage, digests: Digests) -> dict:
    """All that decides what a stage writes: {"params": {key: value}, "deps": {path: md5}}."""
    return {"params": one.params, "deps": {path: digests.of(path) for path in one.deps}}


def results(one: Stage, digests: Digests) -> dict:
    """{path: md5} of what a stage has written, None where it is missing."""
    return {path: digests.of(path) for path in one.outs}


class Receipts:
    """What finished steps left: one small file for each stage and its causes."""

    def __init__(self, folder: Path = STATE / "receipts"):
        self.folder = folder

    def _path(self, one: Stage, made_of: dict) -> Path:
        text = json.dumps(made_of, sort_keys=True)
        return self.folder / one.name / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"

    def write(self, one: Stage, made_of: dict, wrote: dict) -> None:
        """Leave a receipt. Raises DiskError."""
        text = json.dumps({"causes": made_of, "results": wrote}, indent=1)
        atomic.write_text(self._path(one, made_of), text)

    def results(self, one: Stage, made_of: dict) -> dict | None:
        """What the stage wrote when it was last made of these causes; None if nobody knows."""
        return _read(self._path(one, made_of)).get("results")

    def newest_causes(self, one: Stage) -> dict | None:
        """Of what the stage was last made; None if nobody knows."""
        found = sorted((self.folder / one.name).glob("*.json"), key=lambda p: p.stat().st_mtime_ns)
        return _read(found[-1]).get("causes") if found else None


def _read(path: Path) -> dict:
    """A receipt's content; an empty one if there is none, or not a whole one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and {"causes", "results"} <= set(content) else {}


def difference(old: dict, new: dict) -> str:
    """Why ``new`` causes are not the ``old``: the keys with both values, the files by name."""
    was, now = _flat(old.get("params", {})), _flat(new["params"])
    said = [
        f"{key} {_short(was.get(key))} -> {_short(now.get(key))}"
        for key in dict.fromkeys([*now, *was])
        if was.get(key) != now.get(key)
    ]
    before = old.get("deps", {})
    changed = [
        p for p in dict.fromkeys([*new["deps"], *before]) if before.get(p) != new["deps"].get(p)
    ]
    files = [p for p in changed if not p.startswith(CODE_FOLDER)] + [
        p for p in changed if p.startswith(CODE_FOLDER)
    ]
    said += [f"{path} changed" for path in files]
    return ", ".join(said[:3]) + (f" and {len(said) - 3} more" if len(said) > 3 else "")


def _flat(params: dict, above: str = "") -> dict:
    found = {}
    for key, value in params.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{above}{key}.")
        else:
            found[f"{above}{key}"] = value
    return found


def _short(value: object) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
