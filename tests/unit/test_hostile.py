"""Archives by strangers: mutated, truncated, bombs, links. One line or a result, never more."""

import functools
import gzip
import io
import os
import random
import resource
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from groupconv import prepare
from groupconv.errors import DataError
from groupconv.sources import SOURCES, archive
from PIL import Image

MUTATED = 500
PARAMS = {"min_images": 3, "classes": None, "images_per_class": None, "image_size": 64}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """What would be written beside the outputs, or above them, is seen."""
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)


@functools.cache
def pictures(n=24, side=28, mode="L", kind="png"):
    """Encoded images of noise, no two alike."""
    made, rng = [], random.Random(0)
    for _ in range(n):
        file = io.BytesIO()
        size = side * side * len(mode)
        Image.frombytes(mode, (side, side), rng.randbytes(size)).save(file, kind)
        made.append(file.getvalue())
    return made


def tar_of(members, mode="w"):
    """A tar file of (name or TarInfo, content)."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as tar:
        for name, content in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = info.size or len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def zip_of(members, **options):
    """A zip file of (name or ZipInfo, content)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            made.writestr(name, content, **options)
    return file.getvalue()


def kkanji():
    names = [f"kkanji2/U+304{i % 4:X}/{i:016x}.png" for i in range(24)]
    return [("kkanji.tar", tar_of(zip(names, pictures(), strict=True)))]


def char_shape():
    names = [
        f"umgy00000/characters/U+304{i % 4:X}/U+304{i % 4:X}_umgy00000_00001_1_X{i:04}_Y0001.jpg"
        for i in range(24)
    ]
    jpegs = pictures(mode="RGB", kind="jpeg")
    return [("umgy00000.zip", zip_of(zip(names, jpegs, strict=True)))]


def kmnist():
    rng, files = random.Random(0), []
    for part, n in (("train", 24), ("t10k", 12)):
        images = struct.pack(">4I", 0x803, n, 28, 28) + rng.randbytes(n * 784)
        labels = struct.pack(">2I", 0x801, n) + bytes(i % 4 for i in range(n))
        files.append((f"{part}-images-idx3-ubyte.gz", gzip.compress(images)))
        files.append((f"{part}-labels-idx1-ubyte.gz", gzip.compress(labels)))
    return files


def cifar100():
    rng = random.Random(0)
    records = b"".join(bytes([0, i % 4]) + rng.randbytes(3072) for i in range(24))
    names = "".join(f"class{i}\n" for i in range(100)).encode()
    folder = "cifar-100-binary"
    members = [
        (f"{folder}/train.bin", records),
        (f"{folder}/test.bin", records[: 6 * 3074][::-1]),
        (f"{folder}/fine_label_names.txt", names),
    ]
    return [("cifar-100-binary.tar.gz", tar_of(members[::2], "w:gz"))]


SETS = {"kkanji": kkanji, "char-shape": char_shape, "kmnist": kmnist, "cifar100": cifar100}


def read(source, files, monkeypatch):
    """Run prepare on these bytes; returns how many images were packed. Raises DataError."""
    for name, content in files:
        Path(name).write_bytes(content)
    # What is published of the real files does not hold here.
    monkeypatch.setattr(prepare.download, "verify", lambda *_: None)
    data = {**PARAMS, "source": source, "folder": "", "books": ["umgy00000"]}
    if source != "char-shape":
        data["books"] = None
    names = [name for name, _ in files]
    prepare.run({"data": data}, "out/images", "out/index", "out/excluded", names)
    return len(Path("out/index").read_text(encoding="utf-8").splitlines()) - 1


@pytest.mark.parametrize("source", SETS)
def test_whole_files_are_read_whole(source, monkeypatch):
    expected = {"kmnist": 36}.get(source, 24)
    assert read(source, SETS[source](), monkeypatch) == expected


def mutated(content, rng):
    """Truncated, bits flipped, bytes of one place at another, or another length in a header."""
    content = bytearray(content)
    kind = rng.randrange(4)
    if kind == 0:
        return bytes(content[: rng.randrange(len(content))])
    if kind == 1:
        for _ in range(rng.choice((1, 10, 100))):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    elif kind == 2:
        length = rng.randrange(1, 2000)
        at, to = rng.randrange(len(content)), rng.randrange(len(content))
        content[to : to + length] = content[at : at + length]
    else:
        at = rng.choice((*range(40), *range(len(content) - 200, len(content))))
        content[at : at + 4] = rng.choice((b"\xff" * 4, bytes(4), b"7777", rng.randbytes(4)))
    return bytes(content)


@pytest.mark.timeout(300)
def test_mutated_archives_are_read_or_refused_in_one_line(monkeypatch, tmp_path):
    rng, said = random.Random(1), []
    whole = {source: make() for source, make in SETS.items()}
    for i in range(MUTATED):
        source = list(SETS)[i % len(SETS)]
        files = list(whole[source])
        which = rng.randrange(len(files))
        files[which] = (files[which][0], mutated(files[which][1], rng))
        try:
            read(source, files, monkeypatch)
        except DataError as error:
            said.append(str(error))
        assert [path.name for path in tmp_path.iterdir()] == ["inside"]
    assert all(len(line.splitlines()) == 1 and len(line) < 500 for line in said)
    assert MUTATED // 4 < len(said) < MUTATED  # damage is found, and not everything is refused


def special(kind, name, linkname=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, linkname
    return info, b""


def test_only_regular_files_with_names_of_the_layout_are_read(tmp_path):
    name = "kkanji2/U+3042/{:016x}.png"
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE)
    members = [special(kind, name.format(i), "/etc/passwd") for i, kind in enumerate(kinds)]
    members += [
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
    members.append((name.format(99), pictures()[0]))
    Path("kkanji.tar").write_bytes(tar_of(members))
    (scan,) = SOURCES["kkanji"].read(["kkanji.tar"], None)
    assert scan.content == pictures()[0]
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]


def test_links_in_a_zip_are_not_read():
    name = "umgy00000/characters/U+3042/U+3042_umgy00000_00001_1_X0001_Y0001.jpg"
    link = zipfile.ZipInfo(name)
    link.external_attr = 0o120777 << 16
    Path("umgy00000.zip").write_bytes(zip_of([(link, "/etc/passwd")]))
    assert list(SOURCES["char-shape"].read(["umgy00000.zip"], None)) == []


def claimed(size, name="kkanji2/U+3042/0000000000000001.png"):
    """A tar whose one member says that it has ``size`` bytes."""
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(10_000)


def long_name(size):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, size
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(10_000)


def sparse(size):
    info = tarfile.TarInfo("kkanji2/U+3042/0000000000000001.png")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, size
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(10_000)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (claimed(10**12), r"1,000,000,000,000 bytes; allowed: 20,000,000"),
        (claimed(10**6), "not a whole tar file: unexpected end of data"),
        (long_name(8 * 10**9), r"a header asks for 8,000,\d{3},\d{3} bytes"),
        (
            gzip.compress(claimed(199_000_000, "other") + bytes(199_000_000), 9),
            "unpacks to more than 100 times its size",
        ),
        (tar_of([("kkanji2/README", b"x")])[:1024], "breaks off at byte"),
        (b"", "not a whole tar file: empty file"),
        (b"<html>404</html>", "not a whole tar file"),
    ],
)
def test_bombs_and_lies_are_one_line(content, line):
    Path("kkanji.tar").write_bytes(content)
    with pytest.raises(DataError, match=line) as caught:
        list(SOURCES["kkanji"].read(["kkanji.tar"], None))
    assert len(str(caught.value).splitlines()) == 1


def test_a_sparse_member_is_passed_over():
    Path("kkanji.tar").write_bytes(sparse(0) + bytes(1024))
    assert list(SOURCES["kkanji"].read(["kkanji.tar"], None)) == []


def test_a_zip_bomb_is_one_line():
    name = "umgy00000/characters/U+3042/U+3042_umgy00000_00001_1_X{:04}_Y0001.jpg"
    bomb = zip_of([(name.format(i), bytes(19_000_000)) for i in range(30)], compresslevel=9)
    Path("umgy00000.zip").write_bytes(bomb)
    with pytest.raises(DataError, match="unpacks to more than 100 times its size"):
        list(SOURCES["char-shape"].read(["umgy00000.zip"], None))


def test_an_encrypted_member_is_one_line():
    content = bytearray(char_shape()[0][1])
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + at] |= 1
    Path("umgy00000.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"not a whole zip file: .*encrypted"):
        list(SOURCES["char-shape"].read(["umgy00000.zip"], None))


MILLION = """
import sys
sys.path.insert(0, sys.argv[1])
from groupconv.errors import DataError
from groupconv.sources import SOURCES
try:
    print(len(list(SOURCES[sys.argv[2]].read([sys.argv[3]], None))))
except DataError as error:
    print(error)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) // 1024)
"""


def in_a_process(source, file):
    """What the reader says, and its peak of memory in MiB, in at most 2 GiB and two minutes."""
    workflow = Path(prepare.__file__).parents[1]
    run = subprocess.run(
        [sys.executable, "-c", MILLION, str(workflow), source, file],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2 * 2**30, 2 * 2**30)),
    )
    *said, peak = run.stdout.splitlines()
    return said, int(peak)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_million_tiny_members_of_a_tar_take_no_memory():
    header = tarfile.TarInfo("kkanji2/U+3042/zzzzzzzzzzzzzzzz.png").tobuf(tarfile.GNU_FORMAT)
    with open("kkanji.tar", "wb") as file:
        for _ in range(1000):
            file.write(header * 1000)
        file.write(bytes(1024))
    said, peak = in_a_process("kkanji", "kkanji.tar")
    assert said == ["0"]
    assert peak < 100


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_million_tiny_members_of_a_zip_are_refused():
    with zipfile.ZipFile("umgy00000.zip", "w") as made:
        for i in range(400_000):
            made.writestr(f"{i}", b"")
    said, peak = in_a_process("char-shape", "umgy00000.zip")
    assert "a list of members of more than 16,777,216 bytes" in said[0]
    assert peak < 100


def test_a_zip64_end_is_refused():
    Path("umgy00000.zip").write_bytes(
        b"PK\x06\x07" + bytes(16) + b"PK\x05\x06" + bytes(8) + struct.pack("<LLH", 0, 0, 0)
    )
    with pytest.raises(DataError, match="a list of members of more than"):
        list(SOURCES["char-shape"].read(["umgy00000.zip"], None))


def test_no_program_is_run_for_a_picture():
    image, problem = prepare.opened(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    assert (image, problem) == (None, "not an image")


def test_an_unreadable_file_keeps_its_own_error():
    os.mkdir("kkanji.tar")
    with pytest.raises(IsADirectoryError):
        list(archive.tar_members("kkanji.tar", ".*"))
