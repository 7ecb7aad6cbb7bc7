"""The one module that knows both engines: dvc.lock -> what Snakemake may call up to date.

dvc.lock is the record that git versions; .snakemake is a cache of it. A stage whose causes have a
record, and whose files on disk are the recorded ones, is up to date for both engines. Whatever is
unclear is made again. Rests on public interfaces: dvc.yaml, dvc.lock, `dvc commit`, the cache's
documented layout; file times, and an input function, of Snakemake.
"""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import yaml

from groupconv import atomic, exponents, reads, records
from groupconv.records import Digests, Receipts, Stage

FORCED = "GROUPCONV_FORCED"  # environment: the steps that -f, -F or -R asks for
COMMAND = "snakemake --cores all --force {target} --allowed-rules {rules}"
# Small text results, which git versions; DVC's cache takes everything else.
IN_GIT = {
    "summary.csv": "outs",
    "curves.csv": "outs",
    "metrics.json": "metrics",
    "claims.json": "outs",
    "tables": "outs",
}


class _Loader(yaml.CSafeLoader):
    """DVC writes YAML 1.2, where 5e-05 is a number."""


exponents.accept(_Loader)


def in_use() -> bool:
    """Whether this copy is a DVC repository, and DVC is installed beside Snakemake."""
    here = Path.cwd()
    in_git = any((folder / ".git").exists() for folder in (here, *here.parents))
    return Path(".dvc").is_dir() and in_git and _dvc().exists()


def by_dvc() -> bool:
    """Whether DVC started this: then it decides, and it records."""
    return "DVC_STAGE" in os.environ


def hold_workflow():
    """Say, for as long as this process lives, that a Snakemake works here; returns the handle.

    If no other one lives, its lock files are a killed one's, and go, as by `snakemake --unlock`.
    """
    records.STATE.mkdir(parents=True, exist_ok=True)
    handle = (records.STATE / "alive").open("a", encoding="utf-8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in Path(".snakemake/locks").glob("*.lock"):
            left.unlink()
            print(f"{left}: removed; the run that left it was killed", file=sys.stderr)
    except BlockingIOError:
        pass
    fcntl.flock(handle, fcntl.LOCK_SH)
    return handle


def _dvc() -> Path:
    return Path(sys.executable).with_name("dvc")


class Lock:
    """dvc.lock as it is on disk; without entries where it is missing or unreadable."""

    def __init__(self, path: str = "dvc.lock"):
        try:
            content = yaml.load(Path(path).read_text(encoding="utf-8"), _Loader)
            self.entries = dict(content["stages"])
        except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError):
            self.entries = {}

    def causes(self, one: Stage) -> dict | None:
        """Of what the stage was made, as records.causes has it; None if the lock has no entry."""
        entry = self.entries.get(one.name)
        if entry is None:
            return None
        return {
            "params": entry.get("params", {}).get("params.yaml", {}),
            "deps": {dep["path"]: dep.get("md5") for dep in entry.get("deps", [])},
        }

    def results(self, one: Stage, made_of: dict) -> dict | None:
        """{path: md5} if the lock's entry has these causes and this command, else None."""
        entry = self.entries.get(one.name)
        if entry is None or entry["cmd"] != one.command or self.causes(one) != made_of:
            return None
        return {out["path"]: out.get("md5") for out in entry.get("outs", [])}


def stale(stages: list[Stage], lock: Lock, receipts: Receipts, digests: Digests) -> dict[str, str]:
    """{stage: reason} of those without a record of their causes that matches what is on disk.

    A receipt counts only for causes that the lock does not know: DVC would contradict it.
    """
    reasons = {}
    for one in stages:
        made_of, wrote = records.causes(one, digests), records.results(one, digests)
        recorded = lock.results(one, made_of)
        if recorded is None:
            recorded = receipts.results(one, made_of)
        missing = [path for path, md5 in wrote.items() if md5 is None]
        if missing:
            reasons[one.name] = (
                "not made yet" if len(missing) == len(wrote) else f"{missing[0]} is missing"
            )
        elif recorded is None:
            old = lock.causes(one) or receipts.newest_causes(one)
            why = old and records.difference(old, made_of)
            reasons[one.name] = why or "no record of how it was made"
        elif recorded != wrote:
            altered = next(path for path in wrote if wrote[path] != recorded.get(path))
            reasons[one.name] = f"{altered} was altered"
    return reasons


def settle(inputs: list[str], outputs: list[str]) -> None:
    """Make confirmed files no older than what they were made from, and none from the future."""
    now = time.time_ns()
    times = {path: os.lstat(path).st_mtime_ns for path in (*inputs, *outputs)}
    for path in times:
        if times[path] > now:
            os.utime(path, ns=(now, now), follow_symlinks=False)
            times[path] = now
    newest = max((times[path] for path in inputs), default=0)
    for path in outputs:
        if times[path] < newest:
            os.utime(path, ns=(newest, newest), follow_symlinks=False)


def record(stages: list[Stage]) -> str:
    """`dvc commit` what was made from params.yaml as it is on disk; returns what to say of it."""
    lock, receipts, digests = Lock(), Receipts(), Digests()
    before = records.producers(stages)
    good, new = set(), []
    for one in stages:
        made_of, wrote = records.causes(one, digests), records.results(one, digests)
        if None in wrote.values() or not before[one.name] <= good:
            continue
        if lock.results(one, made_of) != wrote:
            # A raw file put there by hand has no receipt; the step prepare checks it.
            if one.step != "download" and receipts.results(one, made_of) != wrote:
                continue
            new.append(one.name)
        good.add(one.name)
    digests.save()
    if not new:
        return ""
    # DVC writes dvc.lock anew for each target: whole steps, or all, where their record is good.
    partly = {one.step for one in stages if one.name not in good}
    step_of = {name: name.partition("@")[0] for name in new}
    targets = dict.fromkeys(n if step_of[n] in partly else step_of[n] for n in new if partly)
    done = subprocess.run(
        [_dvc(), "commit", "--force", "--quiet", *targets],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it gave no reason"]
        return f"dvc.lock: nothing recorded: {said[0]}"
    return f"dvc.lock: recorded {len(new)} stages"


def prune(stages: list[Stage]) -> None:
    """Cut entries without a stage out of dvc.lock; delete their files if the cache has them."""
    entries, names = Lock().entries, {one.name for one in stages}
    kept = {out for one in stages for out in one.outs}
    gone = entries.keys() - names
    if not gone:
        return
    text = Path("dvc.lock").read_text(encoding="utf-8")
    for name in gone:
        text = re.sub(rf"^  {re.escape(name)}:\n(?:   .*\n)*", "", text, flags=re.M)
    atomic.write_text("dvc.lock", text)
    digests = Digests()
    for name in gone:
        for out in entries[name].get("outs", []):
            path, md5 = out["path"], out.get("md5")
            if path in kept or digests.of(path) != md5:
                continue
            if not all(map(os.path.exists, _objects(path, md5).values())):
                continue
            os.remove(path)
            for folder in Path(path).parents[:-1]:
                if any(folder.iterdir()):
                    break
                folder.rmdir()


def restore(one: Stage, made_of: dict) -> bool:
    """Copy what these causes made before out of DVC's cache; False unless all of it is there."""
    if not in_use():
        return False
    for known in (Lock(), Receipts()):
        wrote = known.results(one, made_of)
        if not wrote or None in wrote.values():
            continue
        copies = {}
        for path, md5 in wrote.items():
            copies |= _objects(path, md5)
        if copies and all(map(os.path.exists, copies.values())):
            for path, source in copies.items():
                with open(source, "rb") as content, atomic.write(path, "wb") as file:
                    shutil.copyfileobj(content, file, 2**20)
            if records.results(one, Digests()) == wrote:
                return True
            for path in copies:
                os.remove(path)
    return False


def _objects(path: str, md5: str) -> dict[str, str]:
    """{file: its copy in DVC's cache} of an output; a folder has one for each of its files."""
    source = os.path.join(_cache(), "files", "md5", md5[:2], md5[2:])
    if not md5.endswith(".dir") or not os.path.exists(source):
        return {path: source}
    listing = json.loads(Path(source).read_text(encoding="utf-8"))
    found = {}
    for entry in listing:
        found |= _objects(os.path.join(path, entry["relpath"]), entry["md5"])
    return found


@cache
def _cache() -> str:
    asked = subprocess.run([_dvc(), "cache", "dir"], capture_output=True, text=True, check=True)
    return asked.stdout.strip()


def dvc_yaml(
    rules: dict[str, tuple[list[str], list[str]]], folders: dict[str, str], text: str
) -> str:
    """dvc.yaml's ``text`` with its stages as the rules say.

    ``rules``: {step: (inputs, outputs)}, with {scheme} and {seed}. ``folders``: those that DVC
    takes as one, by how it calls them; a path with {scheme} in it stays by itself.
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
    for step, (inputs, outputs) in rules.items():
        outs = named(outputs)
        wildcards = [w for w in ("scheme", "seed") if f"${{item.{w}}}" in outs[0]]
        ranges = {"scheme": "${schemes}", "seed": "${train.seeds}"}
        matrix = {wildcard: ranges[wildcard] for wildcard in wildcards}
        rule = "raw" if step == "download" else step
        target = outs[0] if wildcards else rule
        definition = {"matrix": matrix} if matrix else {}
        definition["cmd"] = COMMAND.format(
            target=target, rules=" ".join(dict.fromkeys((step, rule)))
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
