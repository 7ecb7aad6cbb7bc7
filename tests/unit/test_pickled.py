"""CIFAR-100's pickles as Python 2 wrote them, and pickles that would run a program."""

import hashlib
import io
import os
import pickle
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torchvision
from archives import python_2, tar_of
from groupconv.data import pickled
from groupconv.data.sources import SOURCES
from groupconv.ground.errors import DataError

NAMES = [f"class{i}" for i in range(100)]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def part(count, seed):
    rng = np.random.default_rng(seed)
    return {
        "filenames": [f"{i}_s_{i:06}.png" for i in range(count)],
        "batch_label": f"part {seed}",
        "fine_labels": [int(n) for n in rng.integers(0, 100, count)],
        "coarse_labels": [int(n) for n in rng.integers(0, 20, count)],
        "data": rng.integers(0, 256, (count, 3072), dtype=np.uint8),
    }


def archive(**members):
    content = tar_of([(f"cifar-100-python/{name}", c) for name, c in members.items()], "w:gz")
    Path("cifar-100-python.tar.gz").write_bytes(content)


def read():
    return list(SOURCES["cifar100"].read(["cifar-100-python.tar.gz"], None))


META = python_2({"fine_label_names": NAMES, "coarse_label_names": NAMES[:20]})


def test_the_python_archive_is_what_torchvision_reads():
    contents = {"train": python_2(part(30, 1)), "test": python_2(part(12, 2)), "meta": META}
    archive(**contents)
    unpacked = Path("torchvision", torchvision.datasets.CIFAR100.base_folder)
    unpacked.mkdir(parents=True)
    for name, content in contents.items():
        (unpacked / name).write_bytes(content)
    md5 = {name: hashlib.md5(content).hexdigest() for name, content in contents.items()}

    class Same(torchvision.datasets.CIFAR100):
        train_list, test_list = [["train", md5["train"]]], [["test", md5["test"]]]
        meta: ClassVar = {"filename": "meta", "key": "fine_label_names", "md5": md5["meta"]}

    scans = read()
    for name in ("train", "test"):
        theirs = Same("torchvision", train=name == "train")
        mine = [scan for scan in scans if scan.origin == name]
        assert len(mine) == len(theirs)
        for i, (scan, (image, label)) in enumerate(zip(mine, theirs, strict=True)):
            assert scan.content == image.tobytes()
            assert scan.characters[0].label == theirs.classes[label]
            assert scan.characters[0].id == f"{name}/{i:05}"


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_what_python_3_writes_is_read_too(protocol):
    archive(
        meta=pickle.dumps({"fine_label_names": NAMES}, protocol),
        train=pickle.dumps(part(3, 1), protocol),
    )
    assert [s.content for s in read()] == [
        row.reshape(3, 1024).T.tobytes() for row in part(3, 1)["data"]
    ]


class Runs:
    """Its pickle is a program: makes the file `run`."""

    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


HOSTILE = {
    "a program": Runs(os.system, "touch run"),
    "an expression": Runs(eval, "open('run', 'w')"),
    "a file": Runs(open, "run", "w"),
    "in the data": {"fine_labels": [0], "data": Runs(os.system, "touch run")},
    "in a list": [[Runs(os.mkdir, "run")]],
    "in a key": {Runs(eval, "open('run', 'w').name"): 1},
}


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("member", ["meta", "train"])
def test_a_hostile_pickle_runs_nothing_and_is_one_line(name, protocol, member):
    content = pickle.dumps(HOSTILE[name], protocol)
    archive(**{"meta": META, "train": python_2(part(3, 1)), member: content})
    with pytest.raises(
        DataError, match=r"tar\.gz: cifar-100-python/\w+: a pickle that asks"
    ) as caught:
        read()
    assert len(str(caught.value).splitlines()) == 1
    assert [path.name for path in Path().iterdir()] == ["cifar-100-python.tar.gz"]
    pickle.loads(content)  # it is one that does
    assert Path("run").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x02",
        b".",
        b"\x80\x02}q",
        b"\x80\x02r\xff\xff\xff\x7f.",  # remembered under a number of four bytes
        b"\x80\x04\x8e" + (2**62).to_bytes(8, "little") + b"x.",  # bytes that never come
        b"\x80\x02" + b")\x85" * 100_000 + b".",  # a tuple in a tuple in a tuple
        b"\x80\x02}" + b")" + b"\x85" * 100_000 + b"Ns.",  # and as a key
        b"\x80\x02" + b"(" * 100_000 + b".",
        b"\x80\x02cnumpy\nndarray\n)R.",
        b"\x80\x02cnumpy\ndtype\n(X\x02\0\0\0u1K\0K\1tRN.",
        b"\x80\x02\x82\x01.",  # a name out of a register
        b"\x80\x02U\x01xQ.",  # something kept elsewhere
        b"I99\n.",
        pickle.dumps({"fine_label_names": 7}, 2),
        pickle.dumps({"fine_label_names": [[]]}, 2),
        pickle.dumps({"fine_label_names": ["one"]}, 2),
        pickle.dumps([], 2),
    ],
)
def test_a_pickle_that_is_none_is_one_line(content):
    archive(meta=content)
    with pytest.raises(DataError, match=r"^cifar-100-python\.tar\.gz: ") as caught:
        read()
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "change",
    [
        {"data": np.zeros((3, 3071), np.uint8)},
        {"data": np.zeros((2, 3072), np.uint8)},
        {"data": np.zeros((3, 3072), np.int8)},
        {"data": np.zeros((3, 3072), np.float32)},
        {"data": np.asfortranarray(np.zeros((3, 3072), np.uint8))},
        {"data": np.zeros(3072, np.uint8)},
        {"data": [1, 2, 3]},
        {"data": np.array([None] * 3)},
        {"fine_labels": [0, 1, 100]},
        {"fine_labels": [0, 1, -1]},
        {"fine_labels": [0, 1, "x"]},
        {"fine_labels": 7},
    ],
)
def test_another_layout_is_one_line(change):
    archive(meta=META, train=python_2({**part(3, 1), **change}))
    with pytest.raises(DataError, match=r"^cifar-100-python\.tar\.gz: (cifar-100-python/)?train: "):
        read()


def test_a_copy_of_a_copy_takes_no_memory():
    """Python 3 writes bytes as text that is to be encoded: not done until it is needed."""
    text = b"X" + (10**6).to_bytes(4, "little") + b"x" * 10**6 + b"q\0"
    again = b"c_codecs\nencode\nh\0X\6\0\0\0latin1\x86R0"
    file = io.BufferedReader(
        io.BytesIO(b"\x80\x02" + text + again.replace(b"0", b"") * 5000 + b".")
    )
    assert isinstance(pickled.read("x", file), pickled.Call)
