"""md5 of files and folders as DVC has them; large files are remembered.

Nothing is decided from another node's clock, nor from what a network file system remembers of a
small file: those up to SMALL are read each time, larger ones are opened before their size and time
count.
"""

import hashlib
import json
import os
import tempfile
from pathlib import Path

from groupconv.ground import atomic

STATE = Path(".snakemake/groupconv")  # not versioned; may be deleted at any time
SMALL = 2**20  # bytes; smaller files are hashed each time, whatever a file system says of them
YOUNG_NS = 2_000_000_000  # a file changed so recently may change again without a newer time


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
        files = [
            {"md5": self._file(name), "relpath": os.path.relpath(name, path)}
            for name in self._names(path)
        ]
        files.sort(key=lambda entry: entry["relpath"])
        return hashlib.md5(json.dumps(files, sort_keys=True).encode()).hexdigest() + ".dir"

    def _names(self, path: str) -> list[str]:
        """Every file in a folder and below that counts."""
        found = []
        for folder, folders, names in os.walk(path):
            folders[:] = [name for name in folders if name[0] != "." and name != "__pycache__"]
            found += [os.path.join(folder, name) for name in names if not name.startswith(".")]
        return found

    def save(self) -> None:
        """Remember what was hashed for the next run."""
        atomic.write_text(self.memory, json.dumps(self.known))
