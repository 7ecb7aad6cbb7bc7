import csv
import io
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from archives import tar_of
from groupconv.data.catalogue import COUNTS
from groupconv.data.decode import decode
from groupconv.data.sources import SOURCES
from groupconv.data.sources.source import RawFile
from groupconv.engines.digests import Digests
from groupconv.ground.errors import DataError, DiskError
from groupconv.settings import config, reads
from groupconv.steps import prepare
from PIL import Image
from project import ROOT

PARAMS = config.load("params.yaml")
OUTPUTS = ("images", "index", "excluded", "counts")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Hashes of first files are not left in this checkout."""
    monkeypatch.chdir(tmp_path)


def picture(value, size=(40, 30), mode="RGB"):
    """PNG bytes of noise around ``value``: equal values give equal bytes."""
    rng = np.random.default_rng(value)
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).convert(mode).save(file, "png")
    return file.getvalue()


def write_classes(root, **classes):
    for label, files in classes.items():
        (root / label).mkdir(parents=True)
        for i, content in enumerate(files):
            (root / label / f"{i:02}.png").write_bytes(content)


def other():
    """A second class's images: one alone is nothing to learn."""
    return [picture(i) for i in range(90, 93)]


def prepared(tmp_path, raw=(), **data):
    """Run the step; returns (images, index rows, excluded rows)."""
    paths = {name: str(tmp_path / "out" / name) for name in OUTPUTS}
    (tmp_path / "out").mkdir(exist_ok=True)
    prepare.run({"data": {**PARAMS["data"], **data}}, raw=raw, **paths)
    tables = [table(paths[name]) for name in OUTPUTS[1:]]
    for row in tables.pop():
        assert int(row["source"]) == sum(int(row[column]) for column in COUNTS[3:])
    return np.load(paths["images"], mmap_mode="r"), *tables


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def counted(tmp_path):
    """counts.csv of the last run, without what is 0: {class: {column: number}}."""
    rows = table(tmp_path / "out" / "counts")
    return {r["class"]: {k: int(r[k]) for k in COUNTS[2:] if r[k] != "0"} for r in rows}


def local(tmp_path, **data):
    data = {"source": "folder", "folder": str(tmp_path / "in"), "min_images": 3} | data
    return prepared(tmp_path, **data)


def test_the_sample_has_the_counts_that_are_known(wheel, tmp_path):
    images, index, excluded = prepared(tmp_path, str(wheel))
    assert len(index) + len(excluded) == 1299
    assert len({row["class"] for row in index}) == 27
    assert len({row["id"] for row in index}) == len({row["sha256"] for row in index}) == len(index)
    assert len({row["page"] for row in index}) == 14  # one page has other characters only
    for row in index:
        assert row["code_point"] == f"U+{ord(row['class']):04X}"
        assert max(int(row["height"]), int(row["width"])) <= 64
    end = 0  # one after another, and nothing between them
    for row in sorted(index, key=lambda row: int(row["offset"])):
        assert int(row["offset"]) == end
        end += int(row["height"]) * int(row["width"]) * int(row["channels"])
    assert end == len(images)
    assert images.dtype == np.uint8
    again = prepared(tmp_path, str(wheel))
    assert np.array_equal(images, again[0])
    assert index == again[1]


def test_pixels_are_those_of_the_files_never_enlarged(tmp_path):
    write_classes(tmp_path / "in", a=[picture(i) for i in range(3)], b=other())
    images, index, _ = local(tmp_path)
    for row in index:
        pixels = images[int(row["offset"]) :][: 30 * 40 * 3].reshape(30, 40, 3)
        assert np.array_equal(pixels, np.asarray(Image.open(tmp_path / "in" / row["id"])))
    _, index, _ = local(tmp_path, image_size=20)
    assert {(row["height"], row["width"]) for row in index} == {("15", "20")}


def test_grey_images_keep_one_channel(tmp_path):
    grey = [picture(i, mode="L") for i in range(6)]
    write_classes(tmp_path / "in", a=grey[:3], b=grey[3:])
    assert {row["channels"] for row in local(tmp_path)[1]} == {"1"}


def test_what_cannot_be_used_is_left_out_with_its_reason(tmp_path):
    good = [picture(i) for i in range(10)]
    blank = io.BytesIO()
    Image.new("RGB", (30, 30), "white").save(blank, "png")
    write_classes(
        tmp_path / "in",
        a=[*good[:4], good[0], good[9], blank.getvalue()],
        b=[*good[4:7], good[9], b"no image", good[7][:-200]],
        c=[good[8], good[8], good[8]],
    )
    _, index, excluded = local(tmp_path)
    assert {row["id"]: row["reason"] for row in excluded} == {
        "a/04.png": "duplicate",
        "a/05.png": "conflict",
        "a/06.png": "blank",
        "b/03.png": "conflict",
        "b/04.png": "not an image",
        "b/05.png": "unreadable",
        "c/00.png": "class too small",
        "c/01.png": "duplicate",
        "c/02.png": "duplicate",
    }
    assert [row["id"] for row in index] == [f"a/0{i}.png" for i in range(4)] + [
        f"b/0{i}.png" for i in range(3)
    ]
    assert all("\n" not in row["detail"] and row["detail"] for row in excluded)


def test_what_is_left_out_leaves_no_gap_among_the_pixels(tmp_path):
    good = [picture(i) for i in range(8)]
    write_classes(tmp_path / "in", a=[good[0], good[0], *good[1:4]], b=[good[7], *good[4:7]])
    (tmp_path / "in" / "a" / "99.png").write_bytes(good[7])  # a conflict
    images, index, excluded = local(tmp_path)
    assert len(excluded) == 3
    assert len(images) == len(index) * 40 * 30 * 3
    for row in index:
        pixels = images[int(row["offset"]) :][: 30 * 40 * 3].reshape(30, 40, 3)
        assert np.array_equal(pixels, np.asarray(Image.open(tmp_path / "in" / row["id"])))
    np.load(tmp_path / "out" / "images")  # the header says the final size


def test_an_image_that_was_read_is_opened_once_more_to_be_decoded(tmp_path, monkeypatch):
    """Once for its hash, which shows its first bytes, and once by prepare; never to be listed."""
    monkeypatch.setattr("groupconv.engines.digests.YOUNG_NS", -(10**12))
    write_classes(tmp_path / "in", a=[picture(i) for i in range(5)], b=other())
    (tmp_path / "in" / "a" / "notes").write_text("no image")
    opened = Counter()
    watched, inside = [True], str(tmp_path / "in")

    def hook(event, args):
        if watched and event == "open" and str(args[0]).startswith(inside):
            opened[str(args[0])] += 1

    sys.addaudithook(hook)
    digests = Digests(tmp_path / "md5.sqlite", look=prepare.look)
    before = digests.of(inside)
    paths = {name: str(tmp_path / "out" / name) for name in OUTPUTS}
    data = {"source": "folder", "folder": inside, "min_images": 3}
    prepare.run({"data": {**PARAMS["data"], **data}}, told=digests.told, **paths)
    digests.forget()
    assert digests.of(inside) == before
    watched.clear()
    assert Counter(opened.values()) == {2: 8, 1: 1}
    assert {Path(path).name for path, n in opened.items() if n == 1} == {"notes"}


def test_a_class_with_one_image_is_no_class(tmp_path):
    write_classes(tmp_path / "in", a=[picture(i) for i in range(3)], b=[picture(9)], c=other())
    _, index, _ = local(tmp_path)
    assert {row["class"] for row in index} == {"a", "c"}
    assert counted(tmp_path)["b"] == {"source": 1, "under_min_images": 1}


def test_a_folder_named_by_a_code_point_is_that_character(tmp_path):
    (tmp_path / "in").mkdir()
    write_classes(tmp_path / "in", **{"U+3042": [picture(i) for i in range(3)], "b": other()})
    found = {(row["class"], row["code_point"]) for row in local(tmp_path)[1]}
    assert found == {("あ", "U+3042"), ("b", "")}


def test_a_character_is_one_class_by_name_and_by_code_point_and_counted_as_one(tmp_path):
    images = [picture(i) for i in range(9)]
    write_classes(tmp_path / "in", **{"U+304B": images[:1], "か": images[1:3], "b": other()})
    write_classes(tmp_path / "in", が=images[3:5])
    (tmp_path / "in" / "か\u3099").mkdir()
    (tmp_path / "in" / "か\u3099" / "9.png").write_bytes(images[5])
    _, index, _ = local(tmp_path)
    assert [row["class"] for row in index] == [*"かかか", *"bbb", *"ががが"]
    assert {row["code_point"] for row in index} == {"U+304B", ""}
    assert counted(tmp_path)["か"] == {"source": 3, "kept": 3}


def test_names_that_differ_in_their_form_alone_are_one_line(tmp_path):
    twice = {"が": [picture(0)], "か\u3099": [picture(1)]}
    write_classes(tmp_path / "in", **twice, b=other())
    with pytest.raises(DataError, match=r"in: the id が/00\.png stands twice .*: rename one$"):
        local(tmp_path)


def test_what_is_no_image_is_not_counted_as_one(tmp_path, capfd):
    write_classes(tmp_path / "in", a=[picture(i) for i in range(9)], b=other(), c=other()[:2])
    for i in range(9):
        (tmp_path / "in" / "a" / f"{i:02}.txt").write_text("0 0.5 0.5 1 1")
    for name in ("c/Thumbs.db", "c/desktop.ini", "c/.DS_Store", "c/notes", "c/03.jpg", "b/x.heic"):
        (tmp_path / "in" / name).write_bytes(b"\xd0\xcf\x11\xe0 no image")
    (tmp_path / "in" / "b" / "x.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    _, index, excluded = local(tmp_path, images_per_class=6)
    assert [row["class"] for row in index] == [*"aaaaaabbb"]
    assert counted(tmp_path) == {
        "a": {"source": 18, "not_an_image": 9, "over_images_per_class": 3, "kept": 6},
        "b": {"source": 4, "unreadable": 1, "kept": 3},
        "c": {"source": 4, "not_an_image": 2, "under_min_images": 2},
    }
    assert len(excluded) == 12
    said = capfd.readouterr().out
    assert "prepare: 14 images in the source, 9 chosen\n" in said
    assert (
        "prepare: not chosen: 2 in 1 class of fewer than data.min_images = 3, "
        "3 beyond data.images_per_class = 6\n"
    ) in said
    assert "not counted: 11 files: no image; the first: a/00.txt: not an image\n" in said
    assert "not counted: 1 file: cannot be read here; the first: b/x.heic: a HEIC" in said
    assert "`pip install pillow-heif`" in said
    assert "9 images in 2 classes packed, 0 left out (" in said


def test_which_range_16_bits_were_taken_to_have_is_said(tmp_path, capfd):
    rng = np.random.default_rng(0)
    deep = [encoded(rng.integers(0, 2**12, (9, 9)).astype(np.uint16)) for _ in range(4)]
    deep += [encoded(rng.integers(0, 2**16, (9, 9)).astype(np.uint16)) for _ in range(2)]
    write_classes(tmp_path / "in", a=deep[::2], b=deep[1::2])
    assert len(local(tmp_path)[1]) == 6
    line = "images of more bits than they use, scaled by those: 4 (12 of 16 bits)\n"
    assert line in capfd.readouterr().out


def test_why_images_are_left_out_is_said(tmp_path, capfd):
    good = [picture(i) for i in range(4)]
    write_classes(tmp_path / "in", a=[*good, good[0], good[1][:-200]], b=other())
    local(tmp_path)
    said = capfd.readouterr().out
    assert "7 images in 2 classes packed, 2 left out: 1 unreadable, 1 duplicate (" in said


@pytest.mark.parametrize(
    ("classes", "line"),
    [
        ({}, r"data\.folder = .*/in: no such folder"),
        (
            {"a": []},
            r"data\.folder = .*/in: no images in sub-folders; allowed: <class>/<image> or train/",
        ),
        (
            {"a": [picture(0)], "b": [picture(1)]},
            r"data\.min_images = 3: no class has so many images; the largest \(a\) has 1, the "
            r"second \(b\) 1; allowed: none: a class needs 3",
        ),
        (
            {"a": [picture(i) for i in range(5)], "b": [picture(9)] * 2},
            r"= 3: only one class \(a\) has so many images; the largest \(a\) has 5, the "
            r"second \(b\) 2; allowed: none",
        ),
        (
            {"a": other(), "b": [*[picture(1)] * 3, picture(2)]},
            r"one class is left, 2 classes are needed; left out: 2 duplicate, 2 class too small; "
            r"the first: b/01\.png: equals b/00\.png: mend or replace",
        ),
        ({"a": other()}, r"in: one class \(a\), at least 2 are needed: set data\.folder to"),
        (
            {"a": other(), "b": [b"no image"] * 3},
            r"all 3 images are of one class \(a\); at least 2",
        ),
    ],
)
def test_a_folder_without_classes_is_one_line_and_writes_nothing(tmp_path, classes, line):
    write_classes(tmp_path / "in", **classes)
    with pytest.raises(DataError, match=line) as caught:
        local(tmp_path)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "out").iterdir())


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


def test_the_folder_of_a_killed_run_is_removed(tmp_path):
    write_classes(tmp_path / "in", a=[picture(i) for i in range(3)], b=other())
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = tmp_path / "out" / f".prepare.{socket.gethostname()}.{gone.pid}.part"
    left.mkdir(parents=True)
    (left / "catalogue.sqlite").write_text("x")
    local(tmp_path)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(OUTPUTS)


def test_a_full_disk_is_one_line_and_leaves_nothing(wheel, tmp_path):
    part = reads.canonical(reads.params_of(PARAMS, "prepare"))
    step = Path(prepare.__file__).parents[2] / "step.py"
    names = [f"{name}={tmp_path / name}" for name in OUTPUTS]
    run = subprocess.run(
        [sys.executable, str(step), "prepare", part, f"raw={wheel}", *names],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        preexec_fn=lambda: (
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        ),
    )
    assert run.returncode == 1
    last = run.stderr.strip().splitlines()[-1]
    assert re.match(r"error: .*: cannot be written: (File too large|disk I/O error)", last), (
        run.stderr
    )
    assert "Traceback" not in run.stderr
    assert not list(tmp_path.iterdir())


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


def encoded(array, kind="png"):
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind)
    return file.getvalue()


def test_one_colour_is_blank_and_excluded(tmp_path):
    red = encoded(np.full((9, 9, 3), (255, 0, 0), np.uint8))
    write_classes(tmp_path / "in", a=[*(picture(i) for i in range(3)), red], b=other())
    _, index, excluded = local(tmp_path)
    assert len(index) == 6
    assert [(row["id"], row["reason"]) for row in excluded] == [("a/03.png", "blank")]


@pytest.mark.parametrize("name", [b"\xff.png", b"x\ry.png"])
def test_a_name_that_no_table_can_hold_is_one_line(tmp_path, name):
    write_classes(tmp_path / "in", a=[picture(i) for i in range(3)], b=other())
    (tmp_path / "in" / "a" / os.fsdecode(name)).write_bytes(picture(9))
    with pytest.raises(DataError, match=r"data\.folder = .*: rename it; allowed:") as caught:
        local(tmp_path)
    str(caught.value).encode()
    assert len(str(caught.value).splitlines()) == 1
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("label", ["U+D800", "U+ZZ", "U+000A", "U+110000"])
def test_a_folder_that_only_looks_like_a_code_point_is_a_name(tmp_path, label):
    write_classes(tmp_path / "in", **{label: [picture(i) for i in range(3)], "b": other()})
    found = {(row["class"], row["code_point"]) for row in local(tmp_path)[1]}
    assert found == {(label, ""), ("b", "")}


def test_what_is_taken_of_a_folder_is_said(tmp_path, capfd):
    write_classes(tmp_path / "in" / "Train", a=[picture(i) for i in range(3)], b=other())
    write_classes(tmp_path / "in", devkit=[picture(9)])
    local(tmp_path)
    said = capfd.readouterr().out
    line = "2 classes (a, b); parts: Train as train; not read: devkit\n"
    assert f"prepare: {tmp_path / 'in'}: {line}" in said


def test_a_link_to_a_folder_is_refused_as_no_engine_looks_behind_it(tmp_path):
    write_classes(tmp_path / "elsewhere", a=[picture(i) for i in range(3)])
    write_classes(tmp_path / "in", c=other(), d=[picture(i + 50) for i in range(3)])
    for place in ("b", "c/more"):  # a class, and a folder inside of one
        link = tmp_path / "in" / place
        link.symlink_to(tmp_path / "elsewhere" / "a")
        with pytest.raises(DataError, match=f"in/{place}: a link to the folder ") as caught:
            local(tmp_path)
        assert "\n" not in str(caught.value)
        link.unlink()


def test_links_to_files_are_read_and_one_to_nothing_is_refused(tmp_path):
    write_classes(tmp_path / "elsewhere", a=[picture(i) for i in range(3)])
    write_classes(tmp_path / "in", b=[], c=other())
    for path in (tmp_path / "elsewhere" / "a").iterdir():
        (tmp_path / "in" / "b" / path.name).symlink_to(path)
    assert [row["id"] for row in local(tmp_path)[1]][:3] == [f"b/0{i}.png" for i in range(3)]
    (tmp_path / "elsewhere" / "a" / "00.png").unlink()
    with pytest.raises(DataError, match=r"b/00\.png: a link to nothing, "):
        local(tmp_path)


def test_where_nothing_is_left_the_line_says_why(tmp_path):
    write_classes(tmp_path / "in", a=[b"no image"] * 3, b=[b""])
    line = r"in: no image that can be read among 4 files; the first: a/00\.png: not an image$"
    with pytest.raises(DataError, match=line):
        local(tmp_path)
    for name in ("a", "b"):
        for i in range(3):
            (tmp_path / "in" / name / f"0{i}.png").write_bytes(picture(i)[:-200])
    line = (
        r"no image is left, 2 classes are needed; left out: 6 unreadable; the first: a/00\.png: im"
    )
    with pytest.raises(DataError, match=line):
        local(tmp_path)


def test_an_image_that_cannot_be_read_is_one_line(tmp_path):
    write_classes(tmp_path / "in", a=[], b=other())
    (tmp_path / "in" / "a" / "0.png").symlink_to("/proc/self/mem")  # for root, too
    with pytest.raises(DataError, match=r"a/0\.png: cannot be read: Input/output error$"):
        local(tmp_path)


@pytest.mark.parametrize("lacking", [1, 0])
def test_a_disk_that_will_be_too_small_is_said_early_and_one_that_suffices_is_not(
    tmp_path, monkeypatch, lacking
):
    """It must hold each pixel once: of 200 images of 30x40 px those that follow the first 64."""
    grey = [picture(i, mode="L") for i in range(200)]
    write_classes(tmp_path / "in", a=grey[:100], b=grey[100:])
    usage, seen = prepare.atomic.shutil.disk_usage(tmp_path), []
    free = usage._replace(free=136 * 30 * 40 - lacking)
    monkeypatch.setattr(prepare.atomic.shutil, "disk_usage", lambda _: free)
    monkeypatch.setattr(prepare.parallel, "decode", lambda *of: seen.append(of) or decode(*of))
    if lacking:
        with pytest.raises(DiskError, match=r"images: 200 images needs about 163 kB, its disk has"):
            local(tmp_path, image_size=1024)
        assert len(seen) == 64
    else:
        assert len(local(tmp_path, image_size=1024)[1]) == 200


def test_no_file_of_pixels_lies_beside_the_one_that_is_written(tmp_path, monkeypatch):
    write_classes(tmp_path / "in", a=[picture(i) for i in range(5)], b=other())
    at_end = []

    def clean(listed):
        parts = [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
        at_end.extend(p.name.split(".")[1] for p in parts if p.suffix == ".part")
        return real(listed)

    real = prepare.Catalogue.clean
    monkeypatch.setattr(prepare.Catalogue, "clean", clean)
    local(tmp_path)
    assert at_end == ["images"]
