"""Zip files by strangers, read as streams, within the limits of archive.py. Standard library.

Python's zipfile holds the whole list of members in memory, which for a million of them is most of
a gigabyte, and unpacks all bytes of a member, whatever size it states. This module reads the
list one entry at a time, and no more of a member than its stated size.
"""

import os
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from groupconv.data import archive
from groupconv.data.archive import DamagedError
from groupconv.ground.errors import DataError

END = struct.Struct("<4s4H2LH")  # at the end of the file: where the list of members lies
END_64 = struct.Struct("<4sQ2H2L4Q")  # the same of a larger file, followed by LOCATOR bytes
LOCATOR = 20
ENTRY = struct.Struct("<4s6H3L5H2L")  # of one member in the list
LOCAL = struct.Struct("<4s5H3L2H")  # once more, before a member's content
UNKNOWN = 2**32 - 1  # a size that does not fit stands in the entry's `extra`
STORED, DEFLATED = 0, 8


@dataclass(frozen=True)
class _Entry:
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    kind: int  # of file, by Unix; 0 where another system wrote it
    at: int


def members(path: str, pattern: str) -> Iterator[tuple[re.Match, bytes]]:
    """Yield (match of the member's whole name, its content) in the order of the zip's own list.

    Raises DataError.
    """
    for match, file in streams(path, pattern, archive.MOST_BYTES):
        yield match, file.read(file.left)


def streams(path: str, pattern: str, most: int) -> Iterator[tuple[re.Match, "_Member"]]:
    """Yield (match, a file of its content) of members of at most ``most`` bytes each.

    Raises DataError.
    """
    with archive.refusing(path, "a whole zip file"), open(path, "rb") as content:
        unpacked, whole = 0, os.path.getsize(path)
        for entry in _entries(path):
            name = entry.name.decode("utf-8" if entry.flags & 0x800 else "cp437", "surrogateescape")
            match = re.fullmatch(pattern, name)
            if not match or name.endswith("/") or entry.kind not in (0, 8):
                continue
            archive.check(path, name, entry.size, most)
            unpacked += entry.size  # members may overlap
            archive.check_ratio(path, unpacked, whole)
            shown = f"{path}: {ascii(name)[:99]}"
            if entry.flags & 1:
                raise DataError(f"{shown}: it is encrypted; allowed: no password")
            if entry.method not in (STORED, DEFLATED):  # others unpack all that there is
                raise DataError(f"{shown}: allowed: stored or deflated")
            yield match, _Member(content, entry, shown)


@contextmanager
def opened(path: str, name: str, most: int) -> Iterator["_Member"]:
    """The one member of this name, as a file. Raises DataError."""
    with closing(streams(path, re.escape(name), most)) as found:
        file = next((file for _, file in found), None)
        if file is None:
            raise DamagedError(f"{path}: no {name} in it")
        yield file


def _entries(path: str) -> Iterator[_Entry]:
    """Every member, as the list at the zip's end has it."""
    with open(path, "rb") as file:
        begin, length, moved = _list_of(path, file)
        file.seek(begin)
        count = 0
        while length > 0:
            fields = ENTRY.unpack(_exactly(path, file, ENTRY.size))
            signature, _, _, flags, method, _, _, crc, packed, size, *lengths = fields[:13]
            if signature != b"PK\1\2":
                raise DamagedError(f"{path}: not a whole zip file: no member {count}")
            if count == archive.MOST_MEMBERS:
                raise DataError(f"{path}: more than {archive.MOST_MEMBERS:,} members")
            name, extra, _ = (_exactly(path, file, n) for n in lengths)
            size, packed, at = _sizes(extra, size, packed, fields[-1])
            yield _Entry(name, flags, method, crc, packed, size, fields[-2] >> 28, at + moved)
            length -= ENTRY.size + sum(lengths)
            count += 1


def _list_of(path: str, file: BinaryIO) -> tuple[int, int, int]:
    """(offset of the list of members, its bytes, the bytes that stand before the zip)."""
    end = file.seek(0, os.SEEK_END)
    first = max(0, end - END.size - 2**16)  # a comment may follow
    file.seek(first)
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + END.size:
        raise DamagedError(f"{path}: not a whole zip file: it has no end")
    *_, length, begin, _ = END.unpack(tail[at : at + END.size])
    at += first
    if (of_64 := at - LOCATOR - END_64.size) >= 0:
        file.seek(of_64)
        fields = END_64.unpack(_exactly(path, file, END_64.size))
        if fields[0] == b"PK\6\6":
            *_, length, begin = fields
            at = of_64
    moved = at - length - begin  # a self-extracting zip has a program before it
    if moved < 0:
        raise DamagedError(f"{path}: not a whole zip file: its list of members is cut")
    return begin + moved, length, moved


def _sizes(extra: bytes, *fields: int) -> list[int]:
    """The entry's (size, packed size, place); ``extra`` has those that are too large for it."""
    while UNKNOWN in fields and len(extra) >= 4:
        kind, length = struct.unpack("<2H", extra[:4])
        if kind == 1:
            large = iter(struct.unpack(f"<{length // 8}Q", extra[4 : 4 + length // 8 * 8]))
            return [next(large) if field == UNKNOWN else field for field in fields]
        extra = extra[4 + length :]
    return list(fields)


def _exactly(path: str, file: BinaryIO, size: int) -> bytes:
    content = file.read(size)
    if len(content) < size:
        raise DamagedError(f"{path}: not a whole zip file: it breaks off")
    return content


class _Member:
    """A member's content as a file; ``left`` bytes of it are to come. Its checksum is checked."""

    def __init__(self, file: BinaryIO, entry: _Entry, shown: str):
        self.file, self.entry, self.shown = file, entry, shown
        self.left, self.packed, self.crc = entry.size, entry.packed, 0
        file.seek(entry.at)
        fields = LOCAL.unpack(_exactly(shown, file, LOCAL.size))
        if fields[0] != b"PK\3\4" or _exactly(shown, file, fields[-2]) != entry.name:
            raise DamagedError(f"{shown}: not where the list of members says")
        self.at = entry.at + LOCAL.size + fields[-2] + fields[-1]
        self.unpacker = zlib.decompressobj(-zlib.MAX_WBITS) if entry.method == DEFLATED else None

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer at the end. Raises DataError."""
        with archive.refusing(self.shown, "whole"):
            wanted, content = min(size, self.left), bytearray()
            while len(content) < wanted and (more := self._more(wanted - len(content))):
                content += more
            if len(content) < wanted:
                raise DamagedError(f"{self.shown}: breaks off")
            self.crc = zlib.crc32(content, self.crc)
            self.left -= wanted
            if wanted and not self.left and self.crc != self.entry.crc:
                raise DamagedError(f"{self.shown}: its checksum is another")
            return bytes(content)

    def _more(self, most: int) -> bytes:
        """Some of the next ``most`` bytes; none at the end."""
        if self.unpacker is None:
            return self._packed(most)
        content = b""
        while not content and not self.unpacker.eof:
            packed = self.unpacker.unconsumed_tail or self._packed(2**16)
            content = self.unpacker.decompress(packed, most)
            if not packed and not content:
                break
        return content

    def _packed(self, most: int) -> bytes:
        self.file.seek(self.at)  # another member of the same file may have been read since
        content = self.file.read(min(most, self.packed, 2**20))
        self.at += len(content)
        self.packed -= len(content)
        return content
