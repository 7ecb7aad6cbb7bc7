"""What made what: the causes of a step (command, params, md5 of all it reads) and its results' md5.

A finished step leaves a receipt: its causes and results. Receipts are never needed, they spare
work. Hashes are DVC's (md5; a folder's is that of the sorted list of its files). Runs no engine.

Nothing is decided from another node's clock, nor from what a network file system remembers of a
small file: those up to SMALL are read each time, larger ones are opened before their size and time
count.
"""

import hashlib
import json
import os
import tempfile
from pathlib import Path

from groupconv.engines.pipeline import Stage
from groupconv.ground import atomic

STATE = Path(".snakemake/groupconv")  # not versioned; may be deleted at any time
SMALL = 2**20  # bytes; smaller files are hashed each time, whatever a file system says of them
YOUNG_NS = 2_000_000_000  # a file changed so recently may change again without a newer time
CODE_FOLDER = "workflow/"


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
        if stat.st_size > SMALL and self._now_ns() - stat.st_mtime_ns > YOUNG_NS:
            self.known[path] = [*state, md5]
        return md5

    def _now_ns(self) -> int:
        """The time by the clock that dates files, which may be a file server's; 0 if unknown."""
        try:
            self.memory.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.memory.parent) as file:
                file.write(b"now")
                file.flush()
                os.fsync(file.fileno())
                return os.fstat(file.fileno()).st_mtime_ns
        except OSError:
            return 0

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
    """All that decides what a stage writes: command, {key: value}, {path: md5}."""
    return {
        "command": one.command,
        "params": one.params,
        "deps": {path: digests.of(path) for path in one.deps},
    }


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
    said += ["the rule's command changed"] if old.get("command") != new["command"] else []
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
