"""The one module that knows both engines: dvc.lock -> what Snakemake may call up to date.

dvc.lock is the record that git versions; .snakemake is a cache of it. A stage whose causes have a
record, and whose files on disk are the recorded ones, is up to date for both engines. Whatever is
unclear is made again. Rests on public interfaces: dvc.yaml, dvc.lock, `dvc commit`, the cache's
documented layout; file times, and an input function, of Snakemake.
"""

import contextlib
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

from groupconv.engines import pipeline, records
from groupconv.engines.pipeline import Stage
from groupconv.engines.records import Digests, Receipts
from groupconv.ground import atomic
from groupconv.settings import exponents

FORCED = "GROUPCONV_FORCED"  # environment: the steps and stages that -f, -F or -R asks for
PIPELINE = "GROUPCONV_PIPELINE"  # environment: digests of dvc.yaml's steps, as this run has them
CACHE = "GROUPCONV_CACHE"  # environment: DVC's cache folder
LOCK, BEFORE = Path("dvc.lock"), records.STATE / "dvc.lock.before"
MOST_NAMED = 20  # stages of a step that is partly made: dvc.lock is written as often
PAST_NS = 10_000_000_000  # a time that is surely older than what is written now


class _Loader(yaml.CSafeLoader):
    """DVC writes YAML 1.2, where 5e-05 is a number."""


exponents.accept(_Loader)


def in_use() -> bool:
    """Whether this copy is a DVC repository, and DVC is installed beside Snakemake."""
    in_git = any((folder / ".git").exists() for folder in (Path.cwd(), *Path.cwd().parents))
    return Path(".dvc").is_dir() and in_git and _dvc().exists()


def by_dvc() -> bool:
    """Whether DVC started this: then it decides, and it records."""
    return "DVC_STAGE" in os.environ


def hold_workflow():
    """Say, for as long as this process lives, that a Snakemake works here; returns the handle.

    If no other one lives, lock files are a killed one's, and go; so does what it left of dvc.lock.
    """
    records.STATE.mkdir(parents=True, exist_ok=True)
    handle = (records.STATE / "alive").open("a+", encoding="utf-8")
    if _alone(handle):
        for left in Path(".snakemake/locks").glob("*.lock"):
            left.unlink(missing_ok=True)
            print(f"{left}: removed; the run that left it was killed", file=sys.stderr)
        if BEFORE.exists():
            _put_back()
            print(f"{LOCK}: as before the run that was killed as it recorded", file=sys.stderr)
    return handle


def _alone(alive, without_locks: bool = False) -> bool:
    """Whether no other process holds ``alive``; ``without_locks`` where files cannot be locked."""
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return without_locks and not isinstance(error, BlockingIOError)
    finally:
        with contextlib.suppress(OSError):
            fcntl.flock(alive, fcntl.LOCK_SH)
    return True


def _dvc() -> Path:
    return Path(sys.executable).with_name("dvc")


class Lock:
    """dvc.lock without entries that are no whole ones; while `dvc commit` works, as it was."""

    def __init__(self, path: str | Path | None = None):
        self.entries: dict[str, dict] = {}
        found = [p for p in ([path] if path else [BEFORE, LOCK]) if os.path.isfile(p)]
        try:
            stages = yaml.load(Path(found[0]).read_text(encoding="utf-8"), _Loader)["stages"]
        except (OSError, ValueError, TypeError, LookupError, yaml.YAMLError):
            return
        for name, entry in stages.items() if isinstance(stages, dict) else ():
            try:
                made_of = {
                    "command": entry["cmd"],
                    "params": dict(entry.get("params", {}).get("params.yaml", {})),
                    "deps": {dep["path"]: dep["md5"] for dep in entry.get("deps", [])},
                }
                wrote = {out["path"]: out["md5"] for out in entry["outs"]}
            except (AttributeError, KeyError, TypeError, ValueError):
                continue
            self.entries[name] = {"causes": made_of, "results": wrote}

    def causes(self, one: Stage) -> dict | None:
        """Of what the stage was made, as records.causes has it; None if the lock has no entry."""
        return self.entries.get(one.name, {}).get("causes")

    def results(self, one: Stage, made_of: dict) -> dict | None:
        """{path: md5} if the lock's entry has these causes, else None."""
        return self.entries[one.name]["results"] if self.causes(one) == made_of else None


def stale(
    stages: list[Stage], lock: Lock, receipts: Receipts, digests: Digests
) -> tuple[dict[str, str], int]:
    """{stage: reason} of those without a record of their causes that matches what is on disk, and
    how many a receipt alone confirms: of causes that the lock, and so DVC, does not know.
    """
    reasons, by_receipt = {}, 0
    for one in stages:
        made_of, wrote = records.causes(one, digests), records.results(one, digests)
        recorded = lock.results(one, made_of)
        if recorded is None:
            recorded = receipts.results(one, made_of)
            by_receipt += recorded == wrote
        missing = [path for path, md5 in wrote.items() if md5 is None]
        if missing:
            some = f"{missing[0]} is missing"
            reasons[one.name] = some if len(missing) < len(wrote) else "not made yet"
        elif recorded is None:
            old = lock.causes(one) or receipts.newest_causes(one)
            why = old and records.difference(old, made_of)
            reasons[one.name] = why or "no record of how it was made"
        elif recorded != wrote:
            altered = next(path for path in wrote if wrote[path] != recorded.get(path))
            reasons[one.name] = f"{altered} was altered"
    return reasons, by_receipt


def date_back(paths: list[str]) -> None:
    """Take files out of the future: Snakemake would stop at them, or see nothing newer."""
    now = time.time_ns()
    for path in filter(os.path.lexists, paths):
        if os.lstat(path).st_mtime_ns > now:
            os.utime(path, ns=(now - PAST_NS, now - PAST_NS), follow_symlinks=False)


def settle(inputs: list[str], outputs: list[str]) -> None:
    """Make confirmed files no older than what they were made from."""
    newest = max((os.lstat(path).st_mtime_ns for path in inputs), default=0)
    for path in outputs:
        if os.lstat(path).st_mtime_ns < newest:
            os.utime(path, ns=(newest, newest), follow_symlinks=False)


def record(stages: list[Stage], alive) -> str:
    """`dvc commit` what was made from params.yaml as it is on disk; returns what to say of it.

    ``alive``, of hold_workflow, is held by the commit too, should this process be killed.
    """
    if BEFORE.exists():  # left by a killed run since this one began
        if not _alone(alive, without_locks=True):
            return "dvc.lock: nothing recorded: another run records; the next one will"
        _put_back()
    lock, receipts, digests = Lock(), Receipts(), Digests()
    before = pipeline.producers(stages)
    good, new = set(), {}
    for one in stages:
        made_of, wrote = records.causes(one, digests), records.results(one, digests)
        if None in wrote.values() or not before[one.name] <= good:
            continue
        if lock.results(one, made_of) != wrote:
            # A raw file put there by hand has no receipt.
            if one.step != "download" and receipts.results(one, made_of) != wrote:
                continue
            new[one.name] = {"causes": made_of, "results": wrote}
        good.add(one.name)
    digests.save()
    if not new or "prepare" not in good:  # it checks the raw files
        return ""
    targets, waiting = _targets(stages, good, new)
    if not targets:
        return waiting
    atomic.write_text(BEFORE, LOCK.read_text(encoding="utf-8") if LOCK.exists() else "")
    command = [_dvc(), "commit", "--force", "--quiet", *targets]
    piped = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL}
    done = subprocess.run(command, **piped, text=True, check=False, pass_fds=[alive.fileno()])
    if done.returncode:
        _put_back()
        said = done.stderr.strip().splitlines() or ["it gave no reason"]
        return f"dvc.lock: nothing recorded: {said[0]}"
    recorded = Lock(LOCK).entries
    names = [name for name in new if {name, name.partition("@")[0]} & set(targets)]
    if any(recorded.get(name) != new[name] for name in names):
        _put_back()
        return "dvc.lock: nothing recorded: a file has changed meanwhile"
    BEFORE.unlink()
    return "\n".join(filter(None, [f"dvc.lock: recorded {len(names)} stages", waiting]))


def _targets(stages: list[Stage], good: set[str], new: dict) -> tuple[list[str], str]:
    """What to name to `dvc commit`: few stages, else the step, as DVC reads dvc.lock for each name.

    Also what to say of the stages that are to wait.
    """
    targets, waiting = [], 0
    partly = {one.step for one in stages if one.name not in good}
    for step in dict.fromkeys(one.step for one in stages):
        names = [one.name for one in stages if one.step == step and one.name in new]
        if len(names) <= (MOST_NAMED if step in partly else 1):
            targets += names
        elif step not in partly:
            targets.append(step)
        else:
            waiting += len(names)
    said = f"dvc.lock: {waiting} stages wait until all of their step are made" if waiting else ""
    return targets, said


def _put_back() -> None:
    """dvc.lock as it was before the last `dvc commit`."""
    if BEFORE.stat().st_size:
        os.replace(BEFORE, LOCK)
    else:
        LOCK.unlink(missing_ok=True)
        BEFORE.unlink()


def prune(stages: list[Stage]) -> None:
    """Cut entries without a stage out of dvc.lock; delete their files if the cache has them."""
    entries, names = Lock().entries, {one.name for one in stages}
    kept = {out for one in stages for out in one.outs}
    gone = entries.keys() - names
    if not gone or BEFORE.exists():
        return
    text = LOCK.read_text(encoding="utf-8")
    for name in gone:
        text = re.sub(rf"^  {re.escape(name)}:\n(?:   .*\n)*", "", text, flags=re.M)
    atomic.write_text(LOCK, text)
    digests = Digests()
    for name in gone:
        for path, md5 in entries[name]["results"].items():
            cached = _objects(cache_folder(), path, md5).values()
            if path in kept or digests.of(path) != md5 or not all(map(os.path.exists, cached)):
                continue
            os.remove(path)
            for folder in Path(path).parents[:-1]:
                if any(folder.iterdir()):
                    break
                folder.rmdir()


def restore(one: Stage, made_of: dict) -> bool:
    """Copy what these causes made before out of DVC's cache; False unless all of it is there."""
    cached = os.environ.get(CACHE)
    if not cached:
        return False
    for known in (Lock(), Receipts()):
        wrote = known.results(one, made_of)
        if not wrote or None in wrote.values():
            continue
        copies = {}
        for path, md5 in wrote.items():
            copies |= _objects(cached, path, md5)
        if copies and all(map(os.path.exists, copies.values())):
            for path, source in copies.items():
                with open(source, "rb") as content, atomic.write(path, "wb") as file:
                    shutil.copyfileobj(content, file, 2**20)
            for folder in (path for path, md5 in wrote.items() if md5.endswith(".dir")):
                for file in Path(folder).rglob("*"):  # of a scheme that is no more
                    if file.is_file() and str(file) not in copies:
                        file.unlink()
            if records.results(one, Digests()) == wrote:
                return True
            for path in copies:
                os.remove(path)
    return False


def _objects(cached: str, path: str, md5: str) -> dict[str, str]:
    """{file: its copy in DVC's cache} of an output; a folder has one for each of its files."""
    source = os.path.join(cached, "files", "md5", md5[:2], md5[2:])
    if not md5.endswith(".dir") or not os.path.exists(source):
        return {path: source}
    listing = json.loads(Path(source).read_text(encoding="utf-8"))
    found = {}
    for entry in listing:
        found |= _objects(cached, os.path.join(path, entry["relpath"]), entry["md5"])
    return found


@cache
def cache_folder() -> str:
    """The folder of DVC's cache."""
    return subprocess.check_output([_dvc(), "cache", "dir"], text=True).strip()
