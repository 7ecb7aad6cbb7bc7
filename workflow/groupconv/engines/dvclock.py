"""dvc.lock, the record that git versions: what it says, and how it stays whole.

It ignores an entry that lacks a part. While `dvc commit` works, a copy of the old dvc.lock lies
beside the receipts; if the run is killed, the next one takes that back.
"""

import os
import re
from pathlib import Path

import yaml

from groupconv.engines import dvcyaml
from groupconv.engines.digests import STATE
from groupconv.engines.jobs import Job
from groupconv.ground import atomic
from groupconv.settings import exponents, reads, unreadable

LOCK, BEFORE = Path("dvc.lock"), STATE / "dvc.lock.before"


class _Loader(yaml.CSafeLoader):
    """DVC writes YAML 1.2, where 5e-05 is a number."""


exponents.accept(_Loader)


class Lock:
    """The whole entries of dvc.lock; while `dvc commit` works, of dvc.lock as it was.

    Raises StepError if it cannot be read, as with a conflict in it: without its entries a clone
    would make everything again.
    """

    def __init__(self, path: str | Path | None = None):
        self.entries: dict[str, dict] = {}
        self.keys: dict[str, set[str]] = {}  # as the entries call their params
        found = [p for p in ([path] if path else [BEFORE, LOCK]) if os.path.isfile(p)]
        content = unreadable.read(found[0], _Loader) if found else {}
        stages = content.get("stages") if isinstance(content, dict) else None
        for name, entry in stages.items() if isinstance(stages, dict) else ():
            try:
                causes = {
                    "command": entry["cmd"],
                    "params": _own(name, entry.get("params", {}).get("params.yaml", {})),
                    "deps": {dep["path"]: dep["md5"] for dep in entry.get("deps", [])},
                }
                results = {out["path"]: out["md5"] for out in entry["outs"]}
            except (AttributeError, KeyError, TypeError, ValueError):
                continue
            self.entries[name] = {"causes": causes, "results": results}
            self.keys[name] = set(entry.get("params", {}).get("params.yaml", {}))

    def causes(self, one: Job) -> dict | None:
        """The causes in the stage's entry; None if the lock has no entry."""
        return self.entries.get(one.name, {}).get("causes")

    def causes_of(self, one: Job, results: dict) -> dict | None:
        """The entry's causes, if these are its results; else None."""
        entry = self.entries.get(one.name, {})
        return entry["causes"] if entry.get("results") == results else None

    def results(self, one: Job, causes: dict) -> dict | None:
        """{path: md5} if the lock's entry has these causes, else None."""
        return self.entries[one.name]["results"] if self.causes(one) == causes else None

    def in_form(self, one: Job) -> bool:
        """Whether the entry calls its params as dvc.yaml does, so that DVC finds them there."""
        return self.keys.get(one.name) == set(one.keys)


def _own(name: str, params: dict) -> dict:
    """A stage's params, where train.learning_rate.E of E's stage is its train.learning_rate.

    So one value for all schemes and one for each give the same causes.
    """
    scheme = name.partition("@")[2].partition("-")[0]
    own = {f"{key}.{scheme}": key for key in reads.PER_SCHEME}
    return {own.get(key, key): value for key, value in params.items()}


def keep() -> None:
    """Set dvc.lock aside before `dvc commit` writes it. Raises DiskError."""
    atomic.write_text(BEFORE, LOCK.read_text(encoding="utf-8") if LOCK.exists() else "")


def put_back() -> None:
    """Restore dvc.lock as it was before the last `dvc commit`."""
    if BEFORE.stat().st_size:
        os.replace(BEFORE, LOCK)
    else:
        LOCK.unlink(missing_ok=True)
        BEFORE.unlink()


def cut(names: set[str]) -> dict[str, dict[str, str]]:
    """Remove our entries that are not in ``names`` from dvc.lock; returns their results.

    Raises DiskError, StepError.
    """
    entries = Lock().entries
    gone = {name for name in entries if dvcyaml.of_ours(name)} - names
    if not gone or BEFORE.exists():
        return {}
    text = LOCK.read_text(encoding="utf-8")
    for name in gone:
        text = re.sub(rf"^  {re.escape(name)}:\n(?:   .*\n)*", "", text, flags=re.M)
    atomic.write_text(LOCK, text)
    return {name: entries[name]["results"] for name in gone}
