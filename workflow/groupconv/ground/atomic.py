"""Files appear whole or not at all: written beside their name, flushed to disk, then renamed.

The next process that writes the same file removes what a killed one left.
"""

import contextlib
import errno
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from groupconv.ground.errors import DiskError
from groupconv.ground.progress import amount

FULL = (errno.ENOSPC, errno.EDQUOT)
FOREIGN_S = 86_400  # no process of another machine works so long, whatever its clock says


@contextlib.contextmanager
def write(path: str | Path, mode: str = "w") -> Iterator[IO]:
    """Open a temporary file beside ``path`` and rename it to ``path`` on success.

    ``mode`` is "w" (UTF-8, newlines as written), "wb" or "w+b". On any error the temporary file is
    removed and ``path`` is as it was. Raises DiskError if the file system refuses the bytes.
    """
    path = Path(path)
    _check(path)
    unfinished = _unfinished(path)
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    try:
        with open(unfinished, mode, **text) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        if error.filename not in (None, str(unfinished), str(path)):
            raise  # not ours: the block failed on another file
        raise _refusal(path, error) from error
    finally:
        with contextlib.suppress(OSError):  # it is not there, in a folder that is not ours
            unfinished.unlink(missing_ok=True)


@contextlib.contextmanager
def scratch(path: str | Path) -> Iterator[Path]:
    """A folder beside ``path`` for as long as the block runs. Raises DiskError."""
    folder = _unfinished(Path(path))
    try:
        folder.mkdir()
    except OSError as error:
        raise _refusal(Path(path), error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def move(unfinished: Path, path: str | Path) -> None:
    """Give a file that is whole its name, once it is on the disk. Raises DiskError."""
    _check(Path(path))
    try:
        with open(unfinished, "rb") as file:
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        raise _refusal(Path(path), error) from error


def _check(path: Path) -> None:
    """Refuse what is no file: root can rename over /dev/null, which then is none for everyone."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise DiskError(f"{path}: cannot be written: it is there, and no file")


def _refusal(path: Path, error: OSError) -> DiskError:
    """`path: cannot be written: why`, with what is free, or whose it is if it is not ours."""
    said = f"{path}: cannot be written: {error.strerror}"
    if isinstance(error, PermissionError):
        said += _owner(path)
    elif error.errno in FULL:
        said += f"; its disk has {amount(_free(path))} free"
    return DiskError(said)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise DiskError if the system refuses what the block writes to ``path``."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # of a library, not of the system
            raise
        raise _refusal(path, error) from error


def _owner(path: Path) -> str:
    """Whose ``path`` or its folder is, in words; "" if both are ours."""
    for there in (path, *path.parents):
        try:
            user = there.stat().st_uid
            if user != os.geteuid():
                return f"; {there} is {there.owner()}'s"
            if there.is_dir():
                break
        except OSError:  # not there, or in a folder that we may not look into
            continue
        except KeyError:  # of a user that this machine does not know
            return f"; {there} is user {user}'s"
    return ""


def _unfinished(path: Path) -> Path:
    """This process's own name beside ``path``. Removes what dead processes left there.

    Raises DiskError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refusal(path, error) from error
    host, own = socket.gethostname(), os.getpid()
    name = re.compile(rf"\.{re.escape(path.name)}\.(.+)\.(\d{{1,9}})\.part")
    for left in path.parent.glob(".*.part"):
        found = name.fullmatch(left.name)
        if found and _is_dead(left, found[1] == host, int(found[2]), own):
            with contextlib.suppress(OSError):  # another was faster, or it is not ours
                shutil.rmtree(left) if left.is_dir() else left.unlink()
    return path.with_name(f".{path.name}.{host}.{own}.part")


def _is_dead(left: Path, here: bool, process: int, own: int) -> bool:
    """Whether the process that made ``left``, on this machine or another, is gone."""
    try:
        if not here:
            return time.time() - left.stat().st_mtime > FOREIGN_S
        os.kill(process, 0)
    except (ProcessLookupError, FileNotFoundError):
        return True
    except PermissionError:
        return False
    return process == own


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8, whole or not at all. Raises DiskError."""
    with write(path) as file:
        file.write(text)


def check_free(path: str | Path, needed_bytes: int, what: str) -> None:
    """Raise DiskError if the file system of ``path`` has less than ``needed_bytes`` free."""
    free = _free(Path(path))
    if free < needed_bytes:
        raise DiskError(
            f"{path}: {what} needs about {amount(needed_bytes)}, its disk has {amount(free)} free"
        )


def _free(path: Path) -> int:
    """Bytes that are free where ``path`` is or would be."""
    folder = path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
