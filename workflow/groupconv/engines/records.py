"""What made what: the causes of a job and the md5 of its results.

A cause is the job's command, its params, and the md5 of all that it reads; of code, its meaning
(ground/fingerprint.py). A finished step leaves a receipt with its causes and results. Nothing needs
the receipts; they save work.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from groupconv.engines import meanings
from groupconv.engines.digests import STATE, Digests
from groupconv.engines.jobs import CODE_FOLDER, Job
from groupconv.ground import atomic, fingerprint


def causes(one: Job, digests: Digests, meant: str | None = None) -> dict:
    """All that decides what a job writes: command, {key: value}, {path: md5}.

    ``meant``: what its code meant when it was imported; without it, as the code means it now.
    """
    return {
        "command": one.command,
        "params": one.params,
        "deps": {path: _md5(path, digests, meant) for path in one.deps},
    }


def _md5(path: str, digests: Digests, meant: str | None) -> str | None:
    """The md5 of a file or folder; of a file in results/code/ as the code means it."""
    if step := code_of(path):
        text = meanings.text(step, digests) if meant is None else meant
        return hashlib.md5(text.encode()).hexdigest()
    return digests.of(path)


def code_of(path: str) -> str:
    """The step whose code the file describes; "" for any other file."""
    return Path(path).stem if path.startswith(f"{CODE_FOLDER}/") else ""


def results(one: Job, digests: Digests) -> dict:
    """{path: md5} of what a job has written, None where it is missing."""
    return {path: digests.of(path) for path in one.outs}


class Receipts:
    """What finished steps left: one small file for each job and its causes."""

    def __init__(self, folder: Path = STATE / "receipts"):
        self.folder, self.kept = folder, folder.with_name("kept")

    def _path(self, one: Job, causes: dict) -> Path:
        text = json.dumps(causes, sort_keys=True)
        return self.folder / one.name / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"

    def write(self, one: Job, causes: dict, results: dict) -> None:
        """Leave a receipt, with a copy of what DVC's cache does not take. Raises DiskError."""
        for path in set(one.outs) - set(one.cached):
            with open(path, "rb") as content, atomic.write(self.kept / results[path], "wb") as file:
                shutil.copyfileobj(content, file)
        text = json.dumps({"causes": causes, "results": results}, indent=1)
        atomic.write_text(self._path(one, causes), text)

    def results(self, one: Job, causes: dict) -> dict | None:
        """What the job wrote when it last ran with these causes; None if no receipt has it."""
        return _read(self._path(one, causes)).get("results")

    def copy(self, path: str, md5: str) -> dict[str, str] | None:
        """{file: its copy} of a small result that git has and DVC's cache has not; else None."""
        return {path: str(self.kept / md5)} if (self.kept / md5).is_file() else None

    def newest_causes(self, one: Job) -> dict | None:
        """The causes with which the job last ran; None if no receipt has them."""
        return next((receipt["causes"] for receipt in self._newest_first(one)), None)

    def causes_of(self, one: Job, results: dict) -> dict | None:
        """The causes that made these ``results``; None if no receipt has them."""
        found = (r["causes"] for r in self._newest_first(one) if r["results"] == results)
        return next(found, None)

    def _newest_first(self, one: Job) -> Iterator[dict]:
        paths = sorted((self.folder / one.name).glob("*.json"), key=lambda p: p.stat().st_mtime_ns)
        return filter(None, map(_read, reversed(paths)))

    def begin(self, one: Job, causes: dict) -> None:
        """Note that the job starts with these causes, unless it already had. Raises DiskError."""
        if not self.begun_at_ns(one, causes):
            atomic.write_text(self._begun(one), json.dumps({"causes": causes, "results": {}}))

    def begun_at_ns(self, one: Job, causes: dict) -> int:
        """When the job first started with these causes, if that was its last start; else 0."""
        path = self._begun(one)
        return path.stat().st_mtime_ns if _read(path).get("causes") == causes else 0

    def _begun(self, one: Job) -> Path:
        return self.folder.with_name("begun") / f"{one.name}.json"


def _read(path: Path) -> dict:
    """A receipt's content; an empty one if there is none, or not a whole one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and {"causes", "results"} <= set(content) else {}


def difference(old: dict, new: dict) -> str:
    """Why ``new`` causes are not the ``old``: the keys with both values, the files by name.

    It leaves out files that are missing now: nobody knows what they will be. "" without difference.
    """
    was, now = _flat(old.get("params", {})), _flat(new["params"])
    said = [
        f"{key} {_short(was.get(key))} -> {_short(now.get(key))}"
        for key in dict.fromkeys([*now, *was])
        if was.get(key) != now.get(key)
    ]
    before = old.get("deps", {})
    changed = [
        p
        for p in dict.fromkeys([*new["deps"], *before])
        if before.get(p) != new["deps"].get(p) and new["deps"].get(p, "") is not None
    ]
    said += ["the rule's command changed"] if old.get("command") != new["command"] else []
    said += [_file_changed(path, new) for path in changed if not code_of(path)]
    said += [_code_changed(path) for path in changed if code_of(path)]
    return ", ".join(said[:3]) + (f" and {len(said) - 3} more" if len(said) > 3 else "")


def _file_changed(path: str, new: dict) -> str:
    if path not in new["deps"]:
        return f"{path} is not read any more"
    return f"{path} changed"


def _code_changed(path: str) -> str:
    """Which modules mean something else than when the file was written, if it is still there."""
    try:
        was = set(Path(path).read_text(encoding="utf-8").splitlines())
    except OSError:
        was = set()
    now = set(fingerprint.text(code_of(path)).splitlines())
    modules = sorted({line.split("  ")[-1] for line in was ^ now}) if was else []
    return "its code changed" + (f": {', '.join(modules[:3])}" if modules else "")


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
