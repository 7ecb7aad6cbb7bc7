"""Zip files of every kind that a data set comes in, and those that no data set is."""

import io
import zipfile

import numpy as np
import pytest
from archives import BOOK, in_a_process, zip_of
from groupconv.data import archive, zips
from groupconv.data.archive import DamagedError
from groupconv.data.sources import SOURCES
from groupconv.ground.errors import DataError

NOISE = np.random.default_rng(0).integers(0, 256, 300_000, dtype=np.uint8).tobytes()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def put(content, name="x.zip"):
    with open(name, "wb") as file:
        file.write(content)
    return name


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_is_read_in_pieces_of_any_size(method):
    put(zip_of([("a", b"x"), ("large", NOISE), ("z", b"")], compress_type=method))
    with zips.opened("x.zip", "large", len(NOISE)) as file:
        assert [file.read(n) for n in (0, 1, 99_999, 200_000)] == [
            b"",
            NOISE[:1],
            NOISE[1:100_000],
            NOISE[100_000:],
        ]
        assert file.read(1) == b""
    assert [(m[0], c) for m, c in zips.members("x.zip", "[az]")] == [("a", b"x"), ("z", b"")]


def test_limits_are_those_of_the_definition():
    put(zip_of([("large", NOISE)]))
    with pytest.raises(DataError, match=r"'large': 300,000 bytes; allowed: 299,999$") as caught:
        list(zips.streams("x.zip", "large", len(NOISE) - 1))
    assert not isinstance(caught.value, DamagedError)  # another copy would be as large


def test_what_python_writes_behind_other_bytes_with_a_comment_and_in_zip64_is_read(monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    file = io.BytesIO(b"a program that unpacks itself")
    file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as made:
        made.writestr("é.bin", NOISE)
        made.writestr("か.bin", b"small")
        made.comment = b"PK\5\6" * 3 + b"no end"
    content = file.getvalue().replace(made.comment, b"a comment".ljust(len(made.comment)))
    put(content)
    found = {match[0]: content for match, content in zips.members("x.zip", r".*\.bin")}
    assert found == {"é.bin": NOISE, "か.bin": b"small"}


def test_a_changed_byte_is_found():
    content = bytearray(zip_of([("large", NOISE)], compress_type=zipfile.ZIP_STORED))
    content[1000] ^= 1
    put(content)
    with pytest.raises(DamagedError, match=r"^x\.zip: 'large': its checksum is another$"):
        list(zips.members("x.zip", "large"))


@pytest.mark.parametrize("end", [10, 1000, -1, -30, -100])
def test_a_zip_that_breaks_off_is_one_line(end):
    put(zip_of([("large", NOISE)])[:end])
    with pytest.raises(DamagedError, match=r"^x\.zip: not a whole zip file") as caught:
        list(zips.members("x.zip", "large"))
    assert len(str(caught.value).splitlines()) == 1


def test_more_members_than_any_data_set_has_are_refused(monkeypatch):
    monkeypatch.setattr(archive, "MOST_MEMBERS", 3)
    put(zip_of((f"{i}", b"") for i in range(4)))
    with pytest.raises(DataError, match=r"x\.zip: more than 3 members"):
        list(zips.members("x.zip", ".*"))


def test_arrays_are_not_held_in_memory():
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 256, (60_000, 28, 1), dtype=np.uint8)
    images = rows.repeat(28, axis=2)  # packed in a second
    names = [
        f"kmnist-{part}-{kind}.npz" for part in ("train", "test") for kind in ("imgs", "labels")
    ]
    for name in names:
        np.savez_compressed(name, images if "imgs" in name else images[:, 0, 0] % 10)
    code = """
from groupconv.data.sources import SOURCES
print(sum(1 for _ in SOURCES["kmnist"].read(sys.argv[1:], None)))
"""
    said, peak = in_a_process(*names, code=code)
    assert said == ["120000"]
    assert peak < 40  # MiB; the images of one part are 45


@pytest.mark.slow
def test_a_million_members_take_little_memory():
    """As many as full.zip has."""
    count, names = 1_000_000, [BOOK.format(i).encode() for i in range(10_000)]
    with open("umgy00000.zip", "wb") as file:
        for i in range(count):
            name = names[i % len(names)]
            file.write(zips.LOCAL.pack(b"PK\3\4", *[0] * 8, len(name), 0) + name)
        begin, length = file.tell(), zips.LOCAL.size + len(name)
        for i in range(count):
            name = names[i % len(names)]
            entry = (b"PK\1\2", *[0] * 9, len(name), *[0] * 5, i * length)
            file.write(zips.ENTRY.pack(*entry) + name)
        end = file.tell()
        sizes = (count, count, end - begin, begin)
        file.write(zips.END_64.pack(b"PK\6\6", 44, 45, 45, 0, 0, *sizes))
        file.write(b"PK\6\7".ljust(zips.LOCATOR, b"\0"))
        file.write(zips.END.pack(b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0))
    said, peak = in_a_process("char-shape", "umgy00000.zip")
    assert said == [str(count)]
    assert peak < 40


def test_no_character_in_it_is_damage():
    put(zip_of([("a", b"x")]), "umgy00000.zip")
    with pytest.raises(DamagedError):
        list(SOURCES["char-shape"].read(["umgy00000.zip"], None))
