"""md5 of files and folders as DVC has them, remembered: what has not changed is not read again.

On a local file system a file is as it was while its size, times and inode are: nobody sets ctime by
hand, and the clock that dates files is this machine's. A network file system may show an old size
and time of a file that another node has written. There files up to SMALL are read each time, larger
ones are opened before their size and time count, and nothing is decided from this node's clock. A
file system that is not known to be local counts as one of a network.

The memory is a table in SQLite, written beside its name and renamed: a million files take no memory
of a process, and nothing is locked.
"""

import contextlib
import errno
import hashlib
import inspect
import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from stat import S_ISREG

from groupconv.engines.mounts import is_local
from groupconv.ground import atomic
from groupconv.ground.errors import DataError, DiskError

STATE = Path(".snakemake/groupconv")  # not versioned; may be deleted at any time
SMALL = 2**20  # bytes; smaller files of a network are hashed each time, whatever it says of them
YOUNG_NS = 2_000_000_000  # a file changed so recently may change again without a newer time
IGNORED = ("__pycache__", "model.onnx")  # as .dvcignore has them, beside hidden ones
FIRST = 1024  # bytes of a file that ``look`` is shown
VERSION = 1  # of the table; another one is not read
TABLE = (
    "CREATE TABLE main.file (path TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, ctime INTEGER, "
    "inode INTEGER, md5 TEXT, told TEXT) WITHOUT ROWID"
)


class Digests:
    """md5 of files and folders as DVC has them; remembered by size, times and inode.

    ``look`` gets the first bytes of each file that is read; ``told`` returns its answer, of this
    run or of an earlier one, so that a step need not open the file again.
    """

    def __init__(
        self, memory: Path = STATE / "md5.sqlite", look: Callable[[bytes], str] | None = None
    ):
        self.memory, self.look = memory, look
        self.lookers = _code_of(look) if look else ""
        self.seen: dict[str, str | None] = {}
        self.local: dict[int, bool] = {}  # by device
        self.read_bytes = 0
        self.db = sqlite3.connect("", uri=True, isolation_level=None)  # a private file on disk
        self.db.executescript(f"PRAGMA synchronous = OFF; {TABLE};")
        self.db.execute("BEGIN")
        self.kept = self._attached()

    def _attached(self) -> bool:
        """Whether an earlier run left a whole memory. A run replaces it and never alters it."""
        try:
            uri = f"{self.memory.absolute().as_uri()}?mode=ro&immutable=1"
            self.db.execute("COMMIT")
            self.db.execute("ATTACH ? AS kept", (uri,))
            (version,) = self.db.execute("PRAGMA kept.user_version").fetchone()
            return version == VERSION
        except sqlite3.Error:
            return False
        finally:
            self.db.execute("BEGIN")

    def forget(self) -> None:
        """Look at every file again; the md5 of a file in the same state is still remembered."""
        self.seen.clear()

    def of(self, path: str) -> str | None:
        """The md5 of a file, that of a folder with ".dir" after it, or None if there is none.

        Raises DataError if there is something in the folder that is neither a file nor a folder.
        """
        if path not in self.seen:
            self.seen[path] = self._folder(path) if os.path.isdir(path) else self._file(path)
        return self.seen[path]

    def _file(self, path: str) -> str | None:
        try:
            stat = os.stat(path)
            if not S_ISREG(stat.st_mode):  # to open a pipe waits for its other end
                return None
            local = self._is_local(path, stat)
            if local and (md5 := self._remembered(path, stat)):
                return md5
            # Opened first: a network file system then asks its server for size and time.
            with open(path, "rb") as file:
                stat = os.fstat(file.fileno())
                if not local and (md5 := self._remembered(path, stat)):
                    return md5
                told = self.lookers + self.look(file.read(FIRST)) if self.look else None
                file.seek(0)
                md5 = hashlib.file_digest(file, "md5").hexdigest()
        except OSError:
            return None
        self.read_bytes += stat.st_size
        if self._stays(stat, local):
            self._remember(path, stat, md5, told)
        return md5

    def _is_local(self, path: str, stat: os.stat_result) -> bool:
        if stat.st_dev not in self.local:
            self.local[stat.st_dev] = is_local(path)
        return self.local[stat.st_dev]

    def _stays(self, stat: os.stat_result, local: bool) -> bool:
        """Whether a change from now on will show in the file's state."""
        if local:
            return time.time_ns() - stat.st_ctime_ns > YOUNG_NS
        return stat.st_size > SMALL and self._now_ns() - stat.st_mtime_ns > YOUNG_NS

    def _remembered(self, path: str, stat: os.stat_result, column: str = "md5") -> str | None:
        state = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, _signed(stat.st_ino))
        path = os.path.normpath(path)
        with contextlib.suppress(sqlite3.Error, UnicodeError):  # then it is read
            for table in ("main", "kept") if self.kept else ("main",):
                columns = f"size, mtime, ctime, inode, {column}"
                query = f"SELECT {columns} FROM {table}.file WHERE path = ?"
                if (found := self.db.execute(query, (path,)).fetchone()) and found[:4] == state:
                    return found[4]
        return None

    def _remember(self, path: str, stat: os.stat_result, md5: str, told: str | None) -> None:
        state = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, _signed(stat.st_ino))
        with contextlib.suppress(sqlite3.Error, UnicodeError):  # a full disk; a name without UTF-8
            row = (os.path.normpath(path), *state, md5, told)
            self.db.execute("INSERT OR REPLACE INTO main.file VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def told(self, path: str) -> str | None:
        """What ``look`` made of a file that was read; None where it did not, or is another now."""
        try:
            found = self._remembered(path, os.stat(path), "told")
        except OSError:
            return None
        is_ours = self.look and found and found.startswith(self.lookers)
        return found.removeprefix(self.lookers) if is_ours else None

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
        """DVC's md5 of a folder: that of a list in JSON, hashed entry by entry."""
        whole = hashlib.md5(b"[")
        for count, name in enumerate(self._names(path)):
            entry = {"md5": self._file(os.path.join(path, name)), "relpath": name}
            whole.update((", " * (count > 0) + json.dumps(entry, sort_keys=True)).encode())
        whole.update(b"]")
        return whole.hexdigest() + ".dir"

    def _names(self, path: str) -> Iterable[str]:
        """The files in a folder and below that count, relative to it and sorted."""
        return _names(path)

    def save(self) -> None:
        """Keep the new md5s for the next run, if that saves more time than it takes.

        Raises DiskError.
        """
        written = self.memory.stat().st_size if self.kept else 0
        if self.read_bytes <= written:
            return
        with atomic.scratch(self.memory) as folder, _on_disk(self.memory):
            if self.kept:
                with contextlib.suppress(sqlite3.DatabaseError):  # damaged, or no longer there
                    self.db.execute("INSERT OR IGNORE INTO main.file SELECT * FROM kept.file")
            self.db.execute("COMMIT")
            self.db.execute(f"PRAGMA main.user_version = {VERSION}")
            (folder / "md5").touch()  # SQLite would take a group's right to write away
            self.db.execute("VACUUM main INTO ?", (str(folder / "md5"),))
            self.db.execute("BEGIN")
            atomic.move(folder / "md5", self.memory)
        self.read_bytes = 0


@contextlib.contextmanager
def _on_disk(path: Path) -> Iterator[None]:
    """SQLite's word for a full disk as a DiskError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise DiskError(f"{path}: cannot be written: {error}") from error
        with atomic.writing(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error


def _code_of(look: Callable) -> str:
    """A word for the file of a function: what another version of it told is not told again."""
    return hashlib.md5(Path(inspect.getsourcefile(look)).read_bytes()).hexdigest()[:8] + " "


def _signed(inode: int) -> int:
    """Of 64 bits, as SQLite holds whole numbers."""
    return inode - 2**64 if inode >= 2**63 else inode


def _names(path: str, below: str = "") -> Iterator[str]:
    """The names of the files below ``path``, sorted as whole texts; holds one folder's at a time.

    As os.walk has them: a link to a file is one, a link to a folder is left out. So is what
    .dvcignore names; an exported network is made on demand, and no step reads it.
    """
    try:
        with os.scandir(os.path.join(path, below)) as entries:
            entries = [entry for entry in entries if not _is_ignored(entry.name)]
            found = [
                (f"{entry.name}/" if entry.is_dir() else entry.name, entry.is_symlink())
                for entry in entries
            ]
            special = [entry.path for entry in entries if _is_special(entry)]
    except OSError:  # a folder that may not be read; whoever reads it says so
        return
    if special:
        raise DataError(f"{special[0]}: a pipe, a socket or a device: move it out of the folder")
    for name, is_link in sorted(found):
        if not name.endswith("/"):
            yield below + name
        elif not is_link:
            yield from _names(path, below + name)


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name in IGNORED


def _is_special(entry: os.DirEntry) -> bool:
    """Whether it is neither a file nor a folder, nor a link to nothing: to read it may not end."""
    if entry.is_file() or entry.is_dir():
        return False
    return not entry.is_symlink() or os.path.exists(entry.path)
