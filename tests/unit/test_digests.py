"""Hashes of files: what is remembered, and what is read anew."""

import hashlib
import json
import os
import socket
import sqlite3
import sys
import time
from types import SimpleNamespace

import pytest
from groupconv.data import formats
from groupconv.engines import digests, mounts
from groupconv.engines.digests import SMALL, Digests
from groupconv.ground.errors import DataError

OPENED = []
sys.addaudithook(lambda event, args: OPENED.append(str(args[0])) if event == "open" else None)


@pytest.fixture
def network(monkeypatch):
    """As if every file system were one of a network."""
    monkeypatch.setattr(digests, "is_local", lambda path: False)


@pytest.fixture
def old(monkeypatch):
    """As if every file had been written long ago; times by the clock of this machine."""
    monkeypatch.setattr(digests, "YOUNG_NS", -(10**12))


def digest(path, memory):
    """The hash as the next command has it."""
    made = Digests(memory)
    got = made.of(str(path))
    made.save()
    return got


def reads(path, memory):
    """How often the next command opens the file, or files in the folder."""
    del OPENED[:]
    digest(path, memory)
    return sum(name.startswith(str(path)) for name in OPENED)


def written(path, content, when_ns):
    """Write in place, dated as one likes; returns the path."""
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(content)
    os.utime(path, ns=(when_ns, when_ns))
    return path


def test_a_small_file_of_a_network_is_read_though_its_size_and_time_are_the_same(tmp_path, network):
    memory = tmp_path / "md5.sqlite"
    first = digest(written(tmp_path / "a", b"1" * SMALL, 10**18), memory)
    assert digest(written(tmp_path / "a", b"2" * SMALL, 10**18), memory) != first
    assert reads(tmp_path / "a", memory) == 1


def test_a_large_old_file_of_a_network_is_opened_and_not_read(tmp_path, network):
    memory, path = tmp_path / "md5.sqlite", tmp_path / "a"
    first = digest(written(path, b"1" * (SMALL + 1), 10**18), memory)
    made = Digests(memory)
    assert made.of(str(path)) == first
    assert made.read_bytes == 0
    assert digest(written(path, b"2" * (SMALL + 1), 10**18 + 1), memory) != first


def test_a_large_young_one_is_read_and_this_machines_clock_does_not_count(
    tmp_path, monkeypatch, network
):
    memory = tmp_path / "md5.sqlite"
    monkeypatch.setattr("time.time_ns", lambda: 10**19)
    monkeypatch.setattr("time.time", lambda: 10**10)
    (tmp_path / "now").write_bytes(b"")
    young = (tmp_path / "now").stat().st_mtime_ns
    digest(written(tmp_path / "a", b"1" * (SMALL + 1), young), memory)
    made = Digests(memory)
    made.of(str(tmp_path / "a"))
    assert made.read_bytes == SMALL + 1


@pytest.mark.parametrize("size", [1, SMALL + 1])
def test_a_local_file_is_not_opened_again_until_something_of_it_changes(tmp_path, old, size):
    memory, path = tmp_path / "md5.sqlite", tmp_path / "a"
    path.write_bytes(b"0" * 2 * size)
    found = [digest(written(path, b"1" * size, 10**18), memory)]
    found.append(digest(written(path, b"2" * size, 10**18), memory))  # time and size put back
    other = written(tmp_path / "b", b"3" * 2 * size, 10**18)
    os.replace(other, path)  # another inode, of the same size and time
    found.append(digest(path, memory))
    assert len(set(found)) == 3


def test_what_a_local_file_was_is_remembered(tmp_path, old):
    memory, path = tmp_path / "md5.sqlite", tmp_path / "a"
    path.write_bytes(bytes(2**15))
    assert reads(path, memory) == 1
    assert reads(path, memory) == 0
    os.utime(path, ns=(10**18, 10**18))
    assert reads(path, memory) == 1


def test_a_young_local_file_is_read_again(tmp_path):
    """What was written a moment ago may be written again within one tick of the clock."""
    memory, path = tmp_path / "md5.sqlite", tmp_path / "a"
    path.write_bytes(bytes(2**15))
    assert reads(path, memory) == 1
    assert reads(path, memory) == 1


def many(folder, count=50):
    for i in range(count):
        (folder / f"c{i % 5}").mkdir(parents=True, exist_ok=True)
        (folder / f"c{i % 5}" / f"{i}.png").write_bytes(bytes(2000) + bytes([i]))
    return folder


def test_no_file_of_a_folder_is_opened_by_the_next_command_but_one_that_changed(tmp_path, old):
    memory, folder = tmp_path / "md5.sqlite", many(tmp_path / "in")
    assert reads(folder, memory) == 50
    assert reads(folder, memory) == 0
    before = digest(folder, memory)
    (folder / "c3" / "8.png").write_bytes(b"another")
    assert reads(folder, memory) == 1
    assert digest(folder, memory) != before


def test_a_folder_has_the_hash_that_dvc_gives_it(tmp_path):
    """Sorted by the whole name: a folder before, among and after what begins as it does."""
    folder = tmp_path / "in"
    names = ["a/1", "a-b/1", "a.b", "a0/x y", "a/b/c", "a/b-c", "か/1", "z/.hidden", "\udcff/1"]
    for name in [*names, "__pycache__/x", ".h/x", "z/model.onnx"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode("utf-8", "surrogateescape"))
    (folder / "link").symlink_to(folder / "a.b")
    (folder / "behind").symlink_to(folder / "a")
    (folder / "empty").mkdir()
    content = {name: name for name in names if "hidden" not in name} | {"link": "a.b"}
    expected = [
        {
            "md5": hashlib.md5(text.encode("utf-8", "surrogateescape")).hexdigest(),
            "relpath": name,
        }
        for name, text in sorted(content.items())
    ]
    whole = hashlib.md5(json.dumps(expected, sort_keys=True).encode()).hexdigest()
    assert Digests(tmp_path / "none").of(str(folder)) == f"{whole}.dir"


@pytest.mark.parametrize("kind", ["pipe", "link to a pipe", "device", "socket"])
def test_what_is_no_file_is_refused_in_one_line_and_not_waited_for(tmp_path, kind):
    folder = tmp_path / "images"
    (folder / "a").mkdir(parents=True)
    path = folder / "a" / "x.png"
    if "pipe" in kind:
        os.mkfifo(path if kind == "pipe" else tmp_path / "pipe")
    if kind == "link to a pipe":
        path.symlink_to(tmp_path / "pipe")
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "socket":
        bound = socket.socket(socket.AF_UNIX)
        bound.bind(str(path))
        bound.close()
    with pytest.raises(DataError, match=r"a/x\.png: a pipe, a socket or a device: move it out of"):
        digest(folder, tmp_path / "memory")
    assert digest(path, tmp_path / "memory") is None


@pytest.mark.parametrize("damage", [b"", b"no database" * 1000, None])
def test_a_memory_that_is_damaged_is_as_none(tmp_path, old, damage):
    memory, folder = tmp_path / "md5.sqlite", many(tmp_path / "in")
    before = digest(folder, memory)
    content = memory.read_bytes()
    memory.write_bytes(content[: len(content) // 2] if damage is None else damage)
    assert digest(folder, memory) == before
    assert reads(folder, memory) == 0


def test_a_memory_of_another_table_is_not_read(tmp_path, old):
    memory, folder = tmp_path / "md5.sqlite", many(tmp_path / "in")
    with sqlite3.connect(memory) as db:
        db.execute("CREATE TABLE file (path)")
    assert reads(folder, memory) == 50
    assert reads(folder, memory) == 0


def looked(first):
    return f"{len(first)} {first[-1]}"


def test_what_first_bytes_tell_is_taken_down_as_a_file_is_read(tmp_path, old):
    memory, folder = tmp_path / "md5.sqlite", many(tmp_path / "in")
    path = folder / "c1" / "1.png"
    made = Digests(memory, look=looked)
    made.of(str(folder))
    assert made.told(str(folder / "c1" / ".." / "c1" / "1.png")) == "1024 0"
    assert made.told(str(folder / "none")) is None
    made.save()
    OPENED.clear()
    assert Digests(memory, look=looked).told(str(path)) == "1024 0"
    assert str(path) not in OPENED
    other = Digests(memory, look=formats.told)  # of another file of code
    assert other.told(str(path)) is None
    assert Digests(memory).told(str(path)) is None
    path.write_bytes(b"another")
    assert Digests(memory, look=looked).told(str(path)) is None


def test_a_hundred_thousand_hashes_are_remembered_in_little_time_and_no_memory(tmp_path, old):
    memory = tmp_path / "md5.sqlite"
    made = Digests(memory)
    stat = os.stat(tmp_path)
    for i in range(100_000):
        made._remember(f"data/folder/{i % 1000:08}/{i:012}.JPEG", stat, f"{i:032x}", "JPEG")
    made.read_bytes = 10**12
    began = time.monotonic()
    made.save()
    assert time.monotonic() - began < 5
    assert memory.stat().st_size < 20_000_000
    later = Digests(memory)
    assert later._remembered("data/folder/00000777/000000099777.JPEG", stat) == f"{99_777:032x}"


MOUNTS = {"/": "ext4", "/home": "nfs4", "/home/me/disk": "xfs", "/mnt": "fuse.sshfs", "/x": "what"}


@pytest.mark.parametrize(
    ("path", "local"),
    [
        ("/data/a", True),
        ("/homes/a", True),
        ("/home/me/a", False),
        ("/home/me/disk/a/b", True),
        ("/mnt/a", False),
        ("/x/a", False),
    ],
)
def test_a_file_system_is_local_if_its_type_is_known_to_be(monkeypatch, path, local):
    found = [SimpleNamespace(mountpoint=at, fstype=kind) for at, kind in MOUNTS.items()]
    monkeypatch.setattr("psutil.disk_partitions", lambda all: found)
    assert mounts.is_local(path) is local


def test_what_a_link_leads_to_decides(monkeypatch, tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "far" / "a")
    found = {"/": "ext4", str(tmp_path / "far"): "nfs"}
    found = [SimpleNamespace(mountpoint=at, fstype=kind) for at, kind in found.items()]
    monkeypatch.setattr("psutil.disk_partitions", lambda all: found)
    assert mounts.is_local(str(tmp_path / "b"))
    assert not mounts.is_local(str(tmp_path / "link"))
