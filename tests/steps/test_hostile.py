"""Whole, damaged and enormous files of every source, through prepare: a result or one line."""

import gzip
import io
import random
import re
import struct
import time
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from archives import header, in_a_process, pictures, python_2, tar_of, zip_of
from groupconv.ground.errors import DataError
from groupconv.steps import prepare

SLOWEST_S = 20  # of one file
PARAMS = {"min_images": 3, "classes": None, "images_per_class": None, "image_size": 64}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """What would be written beside the outputs, or above them, is seen."""
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)


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
        files.append((f"{part}-images-idx3-ubyte.gz", gzip.compress(images, mtime=0)))
        files.append((f"{part}-labels-idx1-ubyte.gz", gzip.compress(labels, mtime=0)))
    return files


def cifar100():
    rng = random.Random(0)
    records = [bytes([0, i % 4]) + rng.randbytes(3072) for i in range(30)]
    names = "".join(f"class{i}\n" for i in range(100)).encode()
    folder = "cifar-100-binary"
    members = [
        (f"{folder}/train.bin", b"".join(records[:24])),
        (f"{folder}/test.bin", b"".join(records[24:])),
        (f"{folder}/fine_label_names.txt", names),
    ]
    return [("cifar-100-binary.tar.gz", tar_of(members, "w:gz"))]


def arrays():
    rng, files = np.random.default_rng(0), []
    for part, n in (("train", 24), ("test", 12)):
        images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        for kind, array in (("imgs", images), ("labels", np.arange(n, dtype=np.uint8) % 4)):
            file = io.BytesIO()
            np.savez_compressed(file, array)
            files.append((f"kmnist-{part}-{kind}.npz", file.getvalue()))
    return files


def pickles():
    rng, members = np.random.default_rng(0), []
    for part, n in (("train", 24), ("test", 6)):
        images = rng.integers(0, 256, (n, 3072), dtype=np.uint8)
        content = python_2({"fine_labels": [i % 4 for i in range(n)], "data": images})
        members.append((f"cifar-100-python/{part}", content))
    names = python_2({"fine_label_names": [f"class{i}" for i in range(100)]})
    return [
        ("cifar-100-python.tar.gz", tar_of([*members, ("cifar-100-python/meta", names)], "w:gz"))
    ]


def kuzushiji_recognition():
    pages = [
        (f"100241706_{i:05}_1.jpg", page)
        for i, page in enumerate(pictures(mode="RGB", kind="jpeg"))
    ]
    rows = [f"{name[:-4]},U+304{i % 4:X} 1 2 20 21" for i, (name, _) in enumerate(pages)]
    table = "\n".join(["image_id,labels", *rows]).encode()
    return [("train.csv", table), ("train_images.zip", zip_of(pages))]


SETS = {
    "kkanji": kkanji,
    "char-shape": char_shape,
    "kmnist": kmnist,
    "cifar100": cifar100,
    "kmnist, arrays": arrays,
    "cifar100, pickles": pickles,
    "kuzushiji-recognition": kuzushiji_recognition,
}


def read(source, files):
    """Run prepare on these bytes; returns how many images were packed. Raises DataError."""
    for name, content in files:
        Path(name).write_bytes(content)
    source = source.partition(",")[0]
    data = {**PARAMS, "source": source, "folder": "", "books": None}
    if source == "char-shape":
        data["books"] = ["umgy00000"]
    with mock.patch.multiple(prepare.hashes, verify=mock.Mock(), hold=mock.Mock()):
        # What is published does not hold here.
        names = [name for name, _ in files]
        prepare.run({"data": data}, "out/images", "out/index", "out/excluded", "out/counts", names)
    return len(Path("out/index").read_text(encoding="utf-8").splitlines()) - 1


@pytest.mark.parametrize("source", SETS)
def test_whole_files_are_read_whole(source):
    expected = {"kmnist": 36, "cifar100": 30}.get(source.partition(",")[0], 24)
    assert read(source, SETS[source]()) == expected


def mutated(content, rng):
    """Truncated, bits flipped, bytes of one place at another, or a header that lies."""
    if content[:2] == b"\x1f\x8b" and rng.random() < 0.5:
        return gzip.compress(mutated(gzip.decompress(content), rng))
    content = bytearray(content)
    kind = rng.randrange(6)
    if kind == 0:
        return bytes(content[: rng.randrange(len(content))])
    if kind == 1:
        for _ in range(rng.choice((1, 10, 100))):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    elif kind == 2:
        length = rng.randrange(1, 2000)
        at, to = rng.randrange(len(content)), rng.randrange(len(content))
        content[to : to + length] = content[at : at + length]
    elif kind == 3 or (content[257:262] != b"ustar" and content[:2] != b"PK"):
        at = rng.choice((*range(40), *range(len(content) - 200, len(content))))
        content[at : at + 4] = rng.choice((b"\xff" * 4, bytes(4), b"7777", rng.randbytes(4)))
    elif content[:2] == b"PK":
        at = rng.choice([found.start() for found in re.finditer(b"PK[\1\3\5][\2\4\6]", content)])
        at += rng.randrange(4, 46, 2)
        content[at : at + 4] = rng.choice((b"\xff" * 4, bytes(4), b"\x0c\0", rng.randbytes(4)))
    else:
        lie_in_tar(content, rng)
    return bytes(content)


def lie_in_tar(content, rng):
    """Another name, size or type in one header, with the checksum that belongs to it."""
    at = rng.choice([found.start() - 257 for found in re.finditer(b"ustar", content)])
    size = (b"77777777777\0", b"\xff" * 11 + b"\0", b"\x80" + rng.randbytes(11), b"%011o\0" % 513)
    name = (b"../evil", b"kkanji2/U+3042/\xe9.png", b"/tmp/evil", rng.randbytes(100))
    kinds = [bytes([kind]) for kind in b"\x001234567LKSgxXVM"]
    field, value = rng.choice(
        ((124, rng.choice(size)), (156, rng.choice(kinds)), (0, rng.choice(name).ljust(100, b"\0")))
    )
    content[at + field : at + field + len(value)] = value
    content[at + 148 : at + 156] = b" " * 8
    content[at + 148 : at + 156] = b"%06o\0 " % sum(content[at : at + 512])


def read_mutated(count):
    """Read so many; prints what was said of each that was refused."""
    rng, whole = random.Random(1), {source: make() for source, make in SETS.items()}
    for i in range(count):
        source = list(SETS)[i % len(SETS)]
        files = list(whole[source])
        which = rng.randrange(len(files))
        files[which] = (files[which][0], mutated(files[which][1], rng))
        began = time.monotonic()
        try:
            read(source, files)
        except DataError as error:
            print("refused:", error)
        assert time.monotonic() - began < SLOWEST_S
        assert [path.name for path in Path("..").iterdir()] == ["inside"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [210, pytest.param(1500, marks=pytest.mark.slow)])
def test_mutated_archives_are_read_or_refused_in_one_line(count):
    code = f"from test_hostile import read_mutated\nread_mutated({count})"
    said, peak = in_a_process(code=code, timeout_s=500)
    lines = [line for line in said if not line.startswith("prepare: ")]
    assert [line for line in lines if not line.startswith("refused: ") or len(line) > 300] == []
    assert count // 4 < len(lines) < count  # damage is found, and not everything is refused
    assert peak < 150


MILLION = 1_000_000
PREPARE = """
from test_hostile import PARAMS, mock, prepare
data = {**PARAMS, "source": "kkanji", "folder": "", "books": None}
with mock.patch.object(prepare, "hashes"):
    try:
        outputs = ("out/images", "out/index", "out/excluded", "out/counts")
        prepare.run({"data": data}, *outputs, ["kkanji.tar"])
    except prepare.DataError as error:
        print(error)
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("names", "said"),
    [
        (lambda i: f"other/{i}", "no image of the source kkanji"),
        (lambda i: f"kkanji2/U+3042/{i:016x}.png", "no image that can be read among 1,000,000"),
        (
            lambda i: f"kkanji2/U+{i // 3:05X}/{i:016x}.png",
            "no image that can be read among 1,000,000",
        ),
    ],
)
def test_a_million_tiny_members_of_a_tar_take_little_memory(names, said):
    with open("kkanji.tar", "wb") as file:
        for i in range(MILLION):
            file.write(header(names(i)))
        file.write(bytes(1024))
    lines, peak = in_a_process(code=PREPARE, timeout_s=500)
    assert said in lines[-1]
    assert peak < 300
