"""What no reader of archives may be led to do: write, follow, unpack without bounds, hang."""

import gzip
import os
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest
from archives import BOOK, KKANJI, header, in_a_process, pictures, tar_of, zip_of
from groupconv.data import archive, decode
from groupconv.data.sources import SOURCES
from groupconv.ground.errors import DataError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """What would be written beside the outputs, or above them, is seen."""
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)


def kkanji(content):
    Path("kkanji.tar").write_bytes(content)
    return list(SOURCES["kkanji"].read(["kkanji.tar"], None))


def book(content):
    Path("umgy00000.zip").write_bytes(content)
    return list(SOURCES["char-shape"].read(["umgy00000.zip"], None))


def test_only_regular_files_with_names_of_the_layout_are_read(tmp_path):
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE)
    special = [header(KKANJI.format(i), 0, kind, "/etc/passwd") for i, kind in enumerate(kinds)]
    members = [
        (outside, b"evil")
        for outside in (
            "../evil.png",
            "/tmp/evil.png",
            "kkanji2/../../evil.png",
            "kkanji2/U+3042/../0000000000000001.png",
            "kkanji2\\U+3042\\0000000000000001.png",
            "kkanji2/U+3042/0000000000000001.png\n",
        )
    ]
    members.append((KKANJI.format(99), pictures()[0]))
    (scan,) = kkanji(b"".join(special) + tar_of(members))
    assert scan.content == pictures()[0]
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]


def test_links_in_a_zip_are_not_read():
    link = zipfile.ZipInfo(BOOK.format(1))
    link.external_attr = 0o120777 << 16
    (scan,) = book(zip_of([(link, "/etc/passwd"), (BOOK.format(2), b"x")]))
    assert scan.content == b"x"


def test_a_book_of_another_layout_is_one_line():
    with pytest.raises(DataError, match=r"umgy00000\.zip: no character; expected: umgy00000/char"):
        book(zip_of([("umgy00000/images/1.jpg", b"x")]))


def negative(name, kind=tarfile.REGTYPE):
    """A header that says -512 bytes: a reader that believes it goes back and reads it again."""
    return header("other") + header(name, -512, kind) + bytes(1024)


def notes(count, kind=tarfile.XGLTYPE, length=20):
    """A header of so many pax records."""
    records = "".join(f"{length} k{i:0{length - 6}}=\n" for i in range(count)).encode()
    return header("pax", len(records), kind) + records + bytes(-len(records) % 512)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (header(KKANJI.format(1), 10**12), r"1,000,000,000,000 bytes; allowed: 20,000,000"),
        (header(KKANJI.format(1), 10**6) + bytes(9999), "not a whole tar file: unexpected end"),
        (header("other", 2**62) + bytes(9999), "breaks off: a header leads to byte"),
        (header("long", 8 * 10**9, tarfile.GNUTYPE_LONGNAME) + bytes(9999), "of headers to a"),
        (header("long", -600, tarfile.GNUTYPE_LONGNAME) + bytes(9999), "of headers to a member"),
        (negative("other"), "a header leads back to byte 511"),
        (gzip.compress(negative("other"), mtime=0), "a header leads back to byte 511"),
        (negative("other", tarfile.GNUTYPE_SPARSE), "a header leads back to byte 511"),
        (negative(KKANJI.format(1)), "-512 bytes; allowed: 20,000,000"),
        (header(KKANJI.format(1), -512) + bytes(1024), "-512 bytes; allowed: 20,000,000"),
        (header("other", -512) + bytes(1024), "breaks off at byte 0"),
        (notes(101) + header("other") + bytes(1024), "more than 100 global headers"),
        (notes(101, length=700) + header("other") + bytes(1024), "65,536 bytes of headers to a"),
        (notes(9, tarfile.XHDTYPE) * 99 + header("other") + bytes(1024), "bytes of headers to a"),
        (
            gzip.compress(header("other", 199_000_000) + bytes(199_000_000), 9, mtime=0),
            "unpacks to more than 100 times its size",
        ),
        (
            gzip.compress(header("other", 10**12), mtime=0),
            "unpacks to more than 100 times its size",
        ),
        (tar_of([("kkanji2/README", b"x")])[:1024], "breaks off at byte"),
        (b"", "not a whole tar file: empty file"),
        (b"<html>404</html>", "not a whole tar file"),
    ],
)
def test_bombs_and_lies_are_one_line(content, line):
    with pytest.raises(DataError, match=line) as caught:
        kkanji(content)
    assert len(str(caught.value).splitlines()) == 1


def test_more_members_than_any_data_set_has_are_refused(monkeypatch):
    monkeypatch.setattr(archive, "MOST_MEMBERS", 3)
    with pytest.raises(DataError, match="more than 3 members"):
        kkanji(tar_of((f"{i}", b"") for i in range(4)))
    monkeypatch.setattr(archive, "MOST_MEMBERS", 200)
    assert kkanji(tar_of((f"{i}", b"") for i in range(200))) == []


@pytest.mark.parametrize("name", ["a/é.png", "a/x\ry.png", "a/\x85.png"])
def test_a_name_that_no_table_can_hold_is_one_line(name):
    Path("mine.tar").write_bytes(
        tar_of([(name, b"x")], encoding="latin-1", format=tarfile.GNU_FORMAT)
    )
    with pytest.raises(DataError, match="allowed: names in UTF-8 without control") as caught:
        list(archive.tar_members("mine.tar", r"([^/]+)/([^/]+)\.png"))
    str(caught.value).encode()
    assert len(str(caught.value).splitlines()) == 1


def test_a_sparse_member_is_passed_over():
    assert kkanji(header(KKANJI.format(1), 0, tarfile.GNUTYPE_SPARSE) + bytes(1024)) == []


def test_items_that_are_not_whole_or_too_many_are_one_line():
    Path("x.tar").write_bytes(tar_of([("a", bytes(12))]))
    found = [content for *_, content in archive.tar_items("x.tar", "a", 4, most=3)]
    assert found == [bytes(4)] * 3
    for size, most, line in ((5, 3, "item 2 is not whole"), (4, 2, "12 bytes; allowed: 8")):
        with pytest.raises(DataError, match=line):
            list(archive.tar_items("x.tar", "a", size, most))


def test_what_is_read_of_a_gzip_bomb_is_bounded_before_the_next_header():
    Path("x.tar.gz").write_bytes(tar_of([("a", bytes(60_000_000))], "w:gz"))
    records = archive.tar_items("x.tar.gz", "a", 10_000, most=6_000)
    read = []
    with pytest.raises(DataError, match="unpacks to more than 100 times its size"):
        read.extend(len(record) for *_, record in records)
    assert 20_000_000 < sum(read) < 30_000_000


def test_an_idx_bomb_is_one_line():
    images = struct.pack(">4I", 0x803, 60_000, 28, 28) + bytes(60_000 * 28 * 28)
    Path("images.gz").write_bytes(gzip.compress(images))
    Path("labels.gz").write_bytes(gzip.compress(struct.pack(">2I", 0x801, 60_000) + bytes(60_000)))
    with pytest.raises(DataError, match=r"images\.gz: unpacks to more than 100 times its size"):
        for _ in SOURCES["kmnist"].read(["images.gz", "labels.gz"] * 2, None):
            pass


def test_a_zip_bomb_is_one_line():
    members = [(BOOK.format(i), bytes(19_000_000)) for i in range(3)]
    with pytest.raises(DataError, match="unpacks to more than 100 times its size"):
        book(zip_of(members, compresslevel=9))


def test_a_zip_bomb_that_says_it_is_small_is_not_unpacked():
    packer = zlib.compressobj(9, wbits=-15)
    bomb = b"".join(packer.compress(bytes(10**6)) for _ in range(200)) + packer.flush()
    content = bytearray(zip_of([(BOOK.format(1), bytes(1000))], compress_type=zipfile.ZIP_STORED))
    begin, end = content.index(bytes(1000)), content.index(bytes(1000)) + 1000
    for signature, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = content.index(signature) + at
        content[place] = zipfile.ZIP_DEFLATED
        content[place + 10 : place + 14] = struct.pack("<L", len(bomb))
    content[begin:end] = bomb
    place = content.rindex(b"PK\x05\x06") + 16  # where the list of members begins
    content[place : place + 4] = struct.pack("<L", begin + len(bomb))
    Path("umgy00000.zip").write_bytes(content)
    said, peak = in_a_process("char-shape", "umgy00000.zip")
    assert said == ["1"] or "not a whole zip file" in said[0]
    assert peak < 100


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_unpacks_without_bounds_is_refused(method):
    with pytest.raises(DataError, match="allowed: stored or deflated"):
        book(zip_of([(BOOK.format(1), bytes(1000))], compress_type=method))


def test_an_encrypted_member_is_one_line():
    content = bytearray(zip_of([(BOOK.format(1), bytes(1000))]))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + at] |= 1
    with pytest.raises(DataError, match=r"it is encrypted; allowed: no password"):
        book(content)


def test_zip64_is_read():
    content = bytearray(zip_of([(BOOK.format(1), b"x")]))
    at = content.rindex(b"PK\x05\x06")
    count, size, begin = struct.unpack("<HLL", content[at + 10 : at + 20])
    content[at + 10 : at + 20] = b"\xff" * 10
    end = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, begin)
    end += struct.pack("<4sLQL", b"PK\6\7", 0, at, 1)
    (scan,) = book(content[:at] + end + content[at:])
    assert scan.content == b"x"


def test_no_program_is_run_for_a_picture():
    image, problem = decode.opened(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    assert (image, problem) == (None, "EPS file that is broken, or is not read")


def test_an_unreadable_file_is_one_line():
    os.mkdir("kkanji.tar")
    with pytest.raises(DataError, match=r"^kkanji\.tar: cannot be read: Is a directory$"):
        list(archive.tar_members("kkanji.tar", ".*"))
