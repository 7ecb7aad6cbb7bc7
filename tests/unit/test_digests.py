"""Hashes of files: what is remembered, and what is read anew."""

import os

from groupconv.engines.digests import SMALL, Digests


def digest(path, memory):
    """The hash as the next command has it."""
    digests = Digests(memory)
    got = digests.of(str(path))
    digests.save()
    return got


def written(path, content, when_ns):
    """Write in place, dated as one likes; returns the path."""
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(content)
    os.utime(path, ns=(when_ns, when_ns))
    return path


def test_a_small_file_is_read_though_its_size_and_time_are_the_same(tmp_path):
    memory = tmp_path / "md5.json"
    first = digest(written(tmp_path / "a", b"1" * SMALL, 10**18), memory)
    assert digest(written(tmp_path / "a", b"2" * SMALL, 10**18), memory) != first


def test_a_large_old_file_is_remembered_until_its_time_changes(tmp_path):
    memory = tmp_path / "md5.json"
    first = digest(written(tmp_path / "a", b"1" * (SMALL + 1), 10**18), memory)
    assert digest(written(tmp_path / "a", b"2" * (SMALL + 1), 10**18), memory) == first
    assert digest(written(tmp_path / "a", b"2" * (SMALL + 1), 10**18 + 1), memory) != first


def test_a_large_young_one_is_not_and_this_machines_clock_does_not_count(tmp_path, monkeypatch):
    memory = tmp_path / "md5.json"
    monkeypatch.setattr("time.time_ns", lambda: 10**19)
    monkeypatch.setattr("time.time", lambda: 10**10)
    (tmp_path / "now").write_bytes(b"")
    young = (tmp_path / "now").stat().st_mtime_ns
    first = digest(written(tmp_path / "a", b"1" * (SMALL + 1), young), memory)
    assert digest(written(tmp_path / "a", b"2" * (SMALL + 1), young), memory) != first
