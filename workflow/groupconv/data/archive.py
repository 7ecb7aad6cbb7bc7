"""Archives by strangers, read as streams: nothing is extracted, only members that match are read.

Regular files alone. What is larger, more, or more compressed than a data set is refused before it
is read; whatever else is wrong with an archive is one line. Standard library.
"""

import gzip
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
MOST_RATIO = 100  # of what is read to what lies on the disk; text has about 5
MOST_DIRECTORY = 2**24  # bytes of a zip's list of members, which is read whole; about 150,000
MOST_HEADER = 2**16  # bytes of a tar's headers to one member; a long name has some hundreds
MOST_NOTES = 100  # of a tar's global headers, which every later member is given
NO_TABLE_HOLDS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # a byte that is no UTF-8, too


def tar_members(path: str, pattern: str) -> Iterator[tuple[re.Match, bytes]]:
    """Yield (match of the member's whole name, its content) of a .tar or .tar.gz file.

    Raises DataError.
    """
    with refusing(path, "a whole tar file"):
        for match, stream, size in _matching(path, pattern, MOST_BYTES):
            yield match, stream.content(size)


def tar_records(
    path: str, pattern: str, record_bytes: int, most: int
) -> Iterator[tuple[re.Match, int, bytes]]:
    """Yield (match, number, content) of each record of members that hold at most ``most`` each.

    Raises DataError.
    """
    with refusing(path, "a whole tar file"):
        for match, stream, size in _matching(path, pattern, most * record_bytes):
            count, rest = divmod(size, record_bytes)
            if rest:
                raise DataError(f"{path}: {match[0]}: record {count} is not whole")
            for number in range(count):
                yield match, number, stream.content(record_bytes)


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
                _check(path, member.name, member.size, most)
                yield match, stream, member.size
        if stream.last != bytes(tarfile.BLOCKSIZE):  # tarfile takes a damaged header for the end
            raise DataError(f"{path}: not a whole tar file: it breaks off at byte {tar.offset:,}")


def zip_members(path: str, pattern: str) -> Iterator[tuple[re.Match, bytes]]:
    """Yield (match of the member's whole name, its content) in the order of names.

    Raises DataError.
    """
    with refusing(path, "a whole zip file"), open(path, "rb") as raw:
        file = _Bounded(raw, path, MOST_DIRECTORY)
        with zipfile.ZipFile(file) as archive:
            members = {info.filename: info for info in archive.infolist()}
            unpacked = 0
            for name in sorted(members):
                match = re.fullmatch(pattern, name)
                info = members[name]
                file_type = info.external_attr >> 28  # of Unix; 0 where another system wrote it
                if match and not info.is_dir() and file_type in (0, 8):
                    _check(path, name, info.file_size, MOST_BYTES)
                    unpacked += info.file_size  # members may overlap
                    _check_ratio(path, unpacked, file.size)
                    # Others unpack all that there is, whatever size was stated.
                    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                        raise DataError(f"{path}: {ascii(name)[:99]}: allowed: stored or deflated")
                    file.most = MOST_BYTES + 1
                    with archive.open(info) as member:
                        yield match, member.read(info.file_size + 1)


def check_kind(path: str, name: str) -> None:
    """Raise DataError if the file is not whole, or not what the end of its ``name`` says.

    Of a tar all headers are read, to its end; of a zip its end. Of other names nothing is known.
    """
    if name.endswith(".zip") and not zipfile.is_zipfile(path):
        raise DataError(f"{path}: not a whole zip file")
    if name.endswith((".tar", ".tar.gz", ".tgz")):
        with refusing(path, "a whole tar file"):
            for _ in _matching(path, "(?!)", MOST_BYTES):  # what no name matches
                pass


class _Bounded:
    """A file of which no call reads more than ``most``, and all calls MOST_RATIO times its size."""

    def __init__(self, file: BinaryIO, path: str, most: int = MOST_BYTES):
        self.file, self.path, self.most = file, path, most
        self.size = Path(path).stat().st_size
        self.seekable, self.tell = file.seekable, file.tell

    def read(self, size: int = -1) -> bytes:
        content = self.file.read(size if 0 <= size <= self.most else self.most + 1)
        if len(content) > self.most:  # a header that says it is so long
            raise DataError(f"{self.path}: a header of more than {self.most:,} bytes")
        _check_ratio(self.path, self.tell(), self.size)
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        if isinstance(self.file, gzip.GzipFile):  # it unpacks all that is passed over
            _check_ratio(self.path, offset, self.size)
        elif whence == 0 and not 0 <= offset <= self.size:
            raise DataError(f"{self.path}: breaks off: a header leads to byte {offset:,}")
        return self.file.seek(offset, whence)


class _Tar(_Bounded):
    """What tarfile is given: it reads headers alone by it, few to a member, and never goes back."""

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
        """The next bytes of a member."""
        content = super().read(size)
        if len(content) < size:
            raise DataError(f"{self.path}: not a whole tar file: unexpected end of data")
        return content


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
    """Any error of reading ``path`` as a DataError that says it is not what was expected."""
    try:
        yield
    except (DataError, MemoryError):
        raise
    except OSError as error:
        if error.errno is not None and not isinstance(error, gzip.BadGzipFile):
            where = error.filename or path
            raise DataError(f"{where}: cannot be read: {error.strerror}") from error
        raise DataError(f"{path}: not {expected}: {error}") from error
    except Exception as error:  # damage makes the parsers raise almost anything
        problem = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: not {expected}: {problem[:200]}") from error


def _check(path: str, name: str, size: int, most: int) -> None:
    shown = ascii(name)[:99]  # it may have thousands
    if NO_TABLE_HOLDS.search(name):
        raise DataError(f"{path}: {shown}: allowed: names in UTF-8 without control characters")
    if not 0 <= size <= most:
        raise DataError(f"{path}: {shown}: {size:,} bytes; allowed: {most:,}")


def _check_ratio(path: str, unpacked: int, packed: int) -> None:
    if unpacked > MOST_RATIO * packed + MOST_BYTES:
        raise DataError(f"{path}: unpacks to more than {MOST_RATIO} times its size")
