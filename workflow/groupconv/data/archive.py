"""Archives by strangers, read as streams: nothing is extracted, only members that match are read.

Regular files alone. What is larger, more, or more compressed than a data set is refused before it
is read; whatever else is wrong with an archive is one line. Here are tar files and the limits; zip
files are in zips.py. Standard library.
"""

import gzip
import io
import re
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from groupconv.ground.errors import DataError

MOST_MEMBERS = 3_000_000  # ImageNet has 1.3 million images
MOST_BYTES = 20_000_000  # of one image
MOST_RATIO = 100  # bytes read for each byte on the disk; text has about 5
MOST_HEADER = 2**16  # bytes of a tar's headers to one member; a long name has some hundreds
MOST_NOTES = 100  # of a tar's global headers, which every later member is given
NO_TABLE_HOLDS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # a byte that is no UTF-8, too


class DamagedError(DataError):
    """A file that is not whole, or not what it should be: another copy of it may be good.

    A file beyond a limit, or one that nobody may read, is a plain DataError: another copy would be
    the same.
    """


def tar_members(path: str, pattern: str) -> Iterator[tuple[re.Match, bytes]]:
    """Yield (match of the member's whole name, its content) of a .tar or .tar.gz file.

    Raises DataError.
    """
    with refusing(path, "a whole tar file"):
        for match, stream, size in _matching(path, pattern, MOST_BYTES):
            yield match, stream.content(size)


def tar_items(
    path: str, pattern: str, item_bytes: int, most: int
) -> Iterator[tuple[re.Match, int, bytes]]:
    """Yield (match, number, content) of each item in members of at most ``most`` items each.

    Raises DataError.
    """
    with refusing(path, "a whole tar file"):
        for match, stream, size in _matching(path, pattern, most * item_bytes):
            count, rest = divmod(size, item_bytes)
            if rest:
                raise DamagedError(f"{path}: {match[0]}: item {count} is not whole")
            for number in range(count):
                yield match, number, stream.content(item_bytes)


def tar_streams(path: str, pattern: str, most: int) -> Iterator[tuple[re.Match, BinaryIO]]:
    """Yield (match, a file of its content) of members of at most ``most`` bytes each.

    Each file ends as the next one begins. Raises DataError.
    """
    with refusing(path, "a whole tar file"):
        for match, stream, size in _matching(path, pattern, most):
            yield match, io.BufferedReader(_Content(stream, size))


def _matching(path: str, pattern: str, most: int) -> Iterator[tuple[re.Match, "_Tar", int]]:
    """Yield (match of the name, the file where the content begins, its size)."""
    with opened(path, _Tar) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
        for count, member in enumerate(tar):
            tar.members = []  # tarfile keeps every header that it has read
            stream.header_bytes = 0
            if count == MOST_MEMBERS:
                raise DataError(f"{path}: more than {MOST_MEMBERS:,} members")
            if len(tar.pax_headers) > MOST_NOTES:
                raise DataError(f"{path}: more than {MOST_NOTES} global headers")
            match = re.fullmatch(pattern, member.name.removeprefix("./"))  # as `tar c .` writes
            if match and member.isreg() and not member.issparse():
                check(path, member.name, member.size, most)
                yield match, stream, member.size
        if stream.last != bytes(tarfile.BLOCKSIZE):  # tarfile takes a damaged header for the end
            at = f"byte {tar.offset:,}"
            raise DamagedError(f"{path}: not a whole tar file: it breaks off at {at}")


def check_kind(path: str, name: str) -> None:
    """Raise DataError if the file is not whole, or not what the end of its ``name`` says.

    It reads every header of a tar, and the end of a zip. It knows nothing of other names.
    """
    if name.endswith((".zip", ".npz")) and not zipfile.is_zipfile(path):
        raise DamagedError(f"{path}: not a whole zip file")
    if name.endswith((".tar", ".tar.gz", ".tgz")):
        with refusing(path, "a whole tar file"):
            for _ in _matching(path, "(?!)", MOST_BYTES):  # what no name matches
                pass


class _Bounded:
    """A file that gives at most ``most`` bytes at once, and MOST_RATIO times its size in all."""

    def __init__(self, file: BinaryIO, path: str, most: int = MOST_BYTES):
        self.file, self.path, self.most = file, path, most
        self.size = Path(path).stat().st_size
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        content = self.file.read(size if 0 <= size <= self.most else self.most + 1)
        if len(content) > self.most:  # a header that says it is so long
            raise DataError(f"{self.path}: a header of more than {self.most:,} bytes")
        check_ratio(self.path, self.tell(), self.size)
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        if isinstance(self.file, gzip.GzipFile):  # it unpacks all that is passed over
            check_ratio(self.path, offset, self.size)
        elif whence == 0 and not 0 <= offset <= self.size:
            raise DamagedError(f"{self.path}: breaks off: a header leads to byte {offset:,}")
        return self.file.seek(offset, whence)


class _Tar(_Bounded):
    """The file that tarfile reads headers from: few for each member, and never backwards."""

    header_bytes, last = 0, b""

    def read(self, size: int) -> bytes:
        self.header_bytes += size
        if size < 0 or self.header_bytes > MOST_HEADER:
            raise DataError(f"{self.path}: more than {MOST_HEADER:,} bytes of headers to a member")
        self.last = super().read(size)
        return self.last

    def seek(self, offset: int, whence: int = 0) -> int:
        if offset < self.tell():  # a negative size
            raise DataError(f"{self.path}: a header leads back to byte {offset:,}")
        return super().seek(offset, whence)

    def content(self, size: int) -> bytes:
        """The next bytes of a member. Raises DataError."""
        content = super().read(size)
        if len(content) < size:
            raise DamagedError(f"{self.path}: not a whole tar file: unexpected end of data")
        return content


class _Content(io.RawIOBase):
    """The content of one member, as a file of its own."""

    def __init__(self, stream: _Tar, size: int):
        self.stream, self.left, self.size = stream, size, size

    def tell(self) -> int:
        return self.size - self.left

    def readable(self) -> bool:
        return True

    def readinto(self, target) -> int:
        size = min(len(target), self.left, MOST_BYTES)
        target[:size] = self.stream.content(size)
        self.left -= size
        return size


@contextmanager
def opened(path: str, kind: type[_Bounded] = _Bounded) -> Iterator[_Bounded]:
    """The file's content, that of a gzip file unpacked, which may not grow without bounds."""
    with open(path, "rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if packed:
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield kind(unpacked, path)
        else:
            yield kind(raw, path)


@contextmanager
def refusing(path: str, expected: str) -> Iterator[None]:
    """Turn any error of reading ``path`` into a DataError: `path: not EXPECTED: why`."""
    try:
        yield
    except (DataError, MemoryError):
        raise
    except OSError as error:
        if error.errno is not None and not isinstance(error, gzip.BadGzipFile):
            where = error.filename or path
            raise DataError(f"{where}: cannot be read: {error.strerror}") from error
        raise DamagedError(f"{path}: not {expected}: {error}") from error
    except Exception as error:  # damage makes the parsers raise almost anything
        problem = " ".join(str(error).split()) or type(error).__name__
        raise DamagedError(f"{path}: not {expected}: {problem[:200]}") from error


def check(path: str, name: str, size: int, most: int) -> None:
    """Raise DataError unless a table can hold the member's name, and memory its content."""
    shown = ascii(name)[:99]  # it may have thousands
    if NO_TABLE_HOLDS.search(name):
        raise DataError(f"{path}: {shown}: allowed: names in UTF-8 without control characters")
    if not 0 <= size <= most:
        raise DataError(f"{path}: {shown}: {size:,} bytes; allowed: {most:,}")


def check_ratio(path: str, unpacked: int, packed: int) -> None:
    """Raise DataError if so many bytes come out of an archive of so many."""
    if unpacked > MOST_RATIO * packed + MOST_BYTES:
        raise DataError(f"{path}: unpacks to more than {MOST_RATIO} times its size")
