"""Archives by strangers, read as streams: nothing is extracted, only members that match are read.

Regular files alone. What is larger, more, or more compressed than a data set is refused before it
is read; whatever else is wrong with an archive is one line. Standard library.
"""

import gzip
import re
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from groupconv.errors import DataError

MOST_MEMBERS = 3_000_000  # ImageNet has 1.3 million images
MOST_BYTES = 20_000_000  # of one image
MOST_RATIO = 100  # of what is read to what lies on the disk; text has about 5
MOST_DIRECTORY = 2**24  # bytes of a zip's list of members, which is read whole; about 150,000


def tar_members(path: str, pattern: str) -> Iterator[tuple[re.Match, bytes]]:
    """Yield (match of the member's whole name, its content) of a .tar or .tar.gz file.

    Raises DataError.
    """
    with refusing(path, "a whole tar file"):
        for match, member in _matching(path, pattern, MOST_BYTES):
            yield match, member.read()


def tar_records(
    path: str, pattern: str, record_bytes: int, most: int
) -> Iterator[tuple[re.Match, int, bytes]]:
    """Yield (match, number, content) of each record of members that hold at most ``most`` each.

    Raises DataError.
    """
    with refusing(path, "a whole tar file"):
        for match, member in _matching(path, pattern, most * record_bytes):
            for number in range(most + 1):
                record = member.read(record_bytes)
                if not record:
                    break
                if len(record) < record_bytes:
                    raise DataError(f"{path}: {match[0]}: record {number} is not whole")
                yield match, number, record


def _matching(path: str, pattern: str, most_bytes: int) -> Iterator[tuple[re.Match, BinaryIO]]:
    with opened(path) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
        for count, member in enumerate(tar):
            tar.members = []  # tarfile keeps every header that it has read
            if count == MOST_MEMBERS:
                raise DataError(f"{path}: more than {MOST_MEMBERS:,} members")
            match = re.fullmatch(pattern, member.name)
            if match and member.isreg() and not member.issparse():
                _check_size(path, member.name, member.size, most_bytes)
                yield match, tar.extractfile(member)
        stream.seek(tar.offset)  # tarfile takes a damaged header for the end
        if stream.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise DataError(f"{path}: not a whole tar file: it breaks off at byte {tar.offset:,}")


def zip_members(path: str, pattern: str) -> Iterator[tuple[re.Match, bytes]]:
    """Yield (match of the member's whole name, its content) in the order of names.

    Raises DataError.
    """
    with refusing(path, "a whole zip file"):
        _check_directory(path)
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: info for info in archive.infolist()}
            unpacked = 0
            for name in sorted(members):
                match = re.fullmatch(pattern, name)
                info = members[name]
                file_type = info.external_attr >> 28  # of Unix; 0 where another system wrote it
                if match and not info.is_dir() and file_type in (0, 8):
                    _check_size(path, name, info.file_size, MOST_BYTES)
                    unpacked += info.file_size  # members may overlap
                    _check_ratio(path, unpacked, Path(path).stat().st_size)
                    yield match, archive.read(info)


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """The file's content, that of a gzip file unpacked, which may not grow without bounds."""
    with open(path, "rb") as raw:
        if raw.read(2) == b"\x1f\x8b":
            raw.seek(0)
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield _Bounded(unpacked, path)
        else:
            raw.seek(0)
            yield _Bounded(raw, path)


@contextmanager
def refusing(path: str, expected: str) -> Iterator[None]:
    """Any error of reading ``path`` as a DataError that says it is not what was expected."""
    try:
        yield
    except (DataError, MemoryError):
        raise
    except OSError as error:
        if error.errno is not None and not isinstance(error, gzip.BadGzipFile):
            raise
        raise DataError(f"{path}: not {expected}: {error}") from error
    except Exception as error:  # damage makes the parsers raise almost anything
        problem = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: not {expected}: {problem}") from error


class _Bounded:
    """A file of which no call reads more than an image, and all calls MOST_RATIO times its size."""

    def __init__(self, file: BinaryIO, path: str):
        self.file, self.path = file, path
        self.size = Path(path).stat().st_size

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MOST_BYTES:  # a header that says it is so long
            raise DataError(f"{self.path}: a header asks for {size:,} bytes")
        content = self.file.read(size)
        _check_ratio(self.path, self.file.tell(), self.size)
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        if isinstance(self.file, gzip.GzipFile):  # it unpacks all that is passed over
            _check_ratio(self.path, offset, self.size)
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()


def _check_size(path: str, name: str, size: int, most: int) -> None:
    if size > most:
        raise DataError(f"{path}: {name!a}: {size:,} bytes; allowed: {most:,}")


def _check_ratio(path: str, unpacked: int, packed: int) -> None:
    if unpacked > MOST_RATIO * packed + MOST_BYTES:
        raise DataError(f"{path}: unpacks to more than {MOST_RATIO} times its size")


def _check_directory(path: str) -> None:
    """Refuse a zip whose list of members is too long to be read whole, before that is done."""
    with open(path, "rb") as file:
        file.seek(max(0, Path(path).stat().st_size - 2**16 - 22))
        end = file.read()
    for at in (found.start() for found in re.finditer(b"PK\x05\x06", end)):
        if len(end) - at < 22:
            continue
        (size,) = struct.unpack_from("<L", end, at + 12)
        if size > MOST_DIRECTORY or end[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
            raise DataError(f"{path}: a list of members of more than {MOST_DIRECTORY:,} bytes")
