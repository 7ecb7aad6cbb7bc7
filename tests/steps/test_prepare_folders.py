"""A folder of your own: which files become images of which class, and what one is told."""

import os

import pytest
from groupconv.ground.errors import DataError
from preparing import counted, local, other, picture, write_classes


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Hashes of first files are not left in this checkout."""
    monkeypatch.chdir(tmp_path)


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
            {"a": other(), "b": [b"qoif"] * 3},
            r"data\.source = folder: a is the only class with images that can be read; .*; of "
            r"another: b/00\.png: QOI; allowed: PNG, ",
        ),
        (
            {"a": [b"version https://git-lfs.github.com/spec/v1\n"], "b": [b""]},
            r"no image that can be read among 2 files; the first: a/00\.png: a pointer of Git LFS",
        ),
    ],
)
def test_a_folder_without_classes_is_one_line_and_writes_nothing(tmp_path, classes, line):
    write_classes(tmp_path / "in", **classes)
    with pytest.raises(DataError, match=line) as caught:
        local(tmp_path)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "out").iterdir())


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


def test_small_copies_of_a_classs_images_are_not_read(tmp_path):
    write_classes(tmp_path / "in", a=[picture(i) for i in range(3)], b=other())
    write_classes(tmp_path / "in" / "a", thumbs=[picture(i, (8, 6)) for i in range(3)])
    assert {row["id"] for row in local(tmp_path)[1] if row["class"] == "a"} == {
        f"a/0{i}.png" for i in range(3)
    }


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
