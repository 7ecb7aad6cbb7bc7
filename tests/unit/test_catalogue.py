import time
from collections import Counter

import pytest
from groupconv.data import catalogue
from groupconv.data.labels import class_name
from groupconv.ground.errors import DataError


@pytest.fixture
def empty(tmp_path):
    """A catalogue without images."""
    with catalogue.catalogue(tmp_path) as made:
        yield made


def chosen(made, labelled, **rule):
    counts = made.list(((name, label, "") for name, label in labelled), "x")
    assert counts == Counter(class_name(label) for _, label in labelled)
    made.choose(counts, **rule)
    return {name for name, _ in labelled if made.is_chosen(name)}


DRAWN = {"U+3046/0", "U+3046/3", "U+3042/0", "U+3042/1"}  # the same on every machine


@pytest.mark.parametrize("step", [1, -1])
def test_choice_is_most_frequent_first_ties_by_code_point_images_by_hash(empty, step):
    labels = ("U+3044", "U+3042", "U+3046")
    labelled = [(f"{label}/{i}", label) for label in labels for i in "210"]
    labelled += [("U+304A/0", "U+304A"), ("U+3046/3", "U+3046")]
    rule = {"min_images": 2, "classes": 2, "images_per_class": 2}
    found = chosen(empty, labelled[::step], **rule)
    assert sorted(name[:6] for name in found) == ["U+3042"] * 2 + ["U+3046"] * 2
    assert found == DRAWN


def test_code_points_come_by_value_whatever_their_length(empty):
    labelled = [(f"{label}/0", label) for label in ("U+20000", "U+3042", "name", "U+FF01")]
    rule = {"min_images": 1, "images_per_class": None}
    assert chosen(empty, labelled, classes=2, **rule) == {"U+3042/0", "U+FF01/0"}


def test_more_classes_than_the_source_has_are_refused(empty):
    counts = empty.list([(f"{label}{i}", label, "") for label in "ab" for i in range(3)], "x")
    with pytest.raises(DataError, match=r"data\.classes = 3: the source has 2 classes of at least"):
        empty.choose(counts, min_images=3, classes=3, images_per_class=None)


def test_an_id_that_stands_twice_is_refused(empty):
    with pytest.raises(DataError, match=r"^a file: the id a/0 stands twice"):
        empty.list([("a/0", "a", ""), ("a/0", "b", "")], "a file")


def row(name, label, content, **more):
    return {"id": name, "class": label, "code_point": "", "sha256": content, "blank": False, **more}


def test_the_other_classes_of_a_conflict_are_named_in_one_order(empty):
    for label in "hgfedcba":
        empty.add(row(label, label, "x"))
    empty.clean()
    assert next(empty.left_out())["detail"] == "also under b, c, d, e, f, g, h"


def test_of_many_other_classes_ten_are_named(empty):
    for label in "abcdefghijklmno":
        empty.add(row(label, label, "x"))
    empty.clean()
    details = [left["detail"] for left in empty.left_out()]
    assert details[0] == "also under b, c, d, e, f, g, h, i, j, k and 4 more"
    assert details[-1] == "also under a, b, c, d, e, f, g, h, i, j and 4 more"


@pytest.mark.parametrize(
    ("classes", "detail", "count"),
    [(1, "equals 00000", 49_999), (5_000, "also under %and 4,989 more", 50_000)],
)
def test_copies_take_no_longer_each_the_more_there_are(empty, classes, detail, count):
    for i in range(50_000):
        empty.add(row(f"{i:05}", f"{i % classes}", "x"))
    began = time.monotonic()
    empty.clean()
    assert time.monotonic() - began < 10
    assert empty.count("image", f"detail LIKE '{detail}'") == count


def test_choosing_takes_no_longer_each_the_more_classes_there_are(empty):
    began = time.monotonic()
    counts = empty.list(((f"{i:05}", f"{i // 2}", "") for i in range(50_000)), "x")
    assert empty.choose(counts, min_images=2, classes=None, images_per_class=1) == 25_000
    assert time.monotonic() - began < 10


def test_kept_are_code_points_by_value_then_names_and_by_id(empty):
    for label, point in (("b", ""), ("\U00020000", "U+20000"), ("！", "U+FF01"), ("a", "")):
        for i in (2, 0, 1):
            empty.add(row(f"{label}{i}", label, f"{label}{i}", code_point=point))
    empty.clean()
    assert [kept["id"][0] for kept in empty.kept()] == [*"！！！", *"\U00020000" * 3, *"aaabbb"]
    assert [kept["id"][1] for kept in empty.kept()] == [*"012" * 4]


def test_a_character_is_one_class_however_it_is_written(empty):
    labels = ("U+304B", "か", "u+304b", "が", "か\u3099", "U+304B U+3099", "U+304C", "x")
    labelled = [(f"{label.encode()}/0", label) for label in labels]
    assert empty.list(((*one, "") for one in labelled), "x") == {"か": 3, "が": 4, "x": 1}
    for i, name in enumerate("かがx"):
        empty.add(row(str(i), name, str(i)))
    found = [(kept["class"], kept["code_point"]) for kept in empty.kept()]
    assert found == [("か", "U+304B"), ("が", "U+304C"), ("x", "")]


def test_names_that_are_one_name_composed_are_one_line(empty):
    with pytest.raises(DataError, match=r"the id が stands twice \(.*NFC or NFD.*\): rename one$"):
        empty.list([("が", "a", ""), ("が", "a", "")], "x")
    empty.pass_over({**row("が/1", "a", ""), "reason": "not an image"}, "a")
    with pytest.raises(DataError, match=r"the id が/1 stands twice"):
        empty.add(row("が/1", "a", ""))


def test_every_image_of_the_source_is_counted_once_with_its_class(empty):
    sizes = {"U+3042": 9, "U+3044": 7, "b": 7, "c": 6, "d": 2}
    labelled = [(f"{label}/{i}", label) for label, n in sizes.items() for i in range(n)]

    def source():
        for i, reason in enumerate(("not an image", "unreadable", "not an image")):
            passed = {**row(f"d/x{i}", "d", ""), "reason": reason}
            empty.pass_over(passed, "d")
        empty.pass_over({**row("e/x", "e", ""), "reason": "not an image"}, "e")
        yield from ((*one, "") for one in labelled)

    counts = empty.list(source(), "x")
    assert counts["d"] == 2
    assert "e" not in counts
    assert empty.choose(counts, min_images=3, classes=3, images_per_class=6) == 18
    seen = Counter()
    for name, label in labelled:
        if empty.is_chosen(name):
            number = seen[label]  # 0 to 5
            seen[label] += 1
            content = "same" if number < 2 else name
            lost = "near" if number == 3 else ""
            more = {"blank": number in (2, 3), "lost": lost}
            if label == "b" and number == 5:
                more["reason"] = "unreadable"
            empty.add(row(name, class_name(label), content if label == "b" else name, **more))
    empty.clean()
    found = {one["class"]: one for one in empty.counts()}
    assert [*found] == ["あ", "い", "b", "c", "d", "e"]
    for one in found.values():
        assert list(one) == catalogue.COUNTS
        assert one["source"] == sum(one[name] for name in catalogue.COUNTS[3:])
    assert {key: n for key, n in found["b"].items() if n} == {
        "class": "b",
        "source": 7,
        "over_images_per_class": 1,
        "unreadable": 1,
        "blank": 1,
        "no_contrast": 1,
        "duplicate": 1,
        "class_too_small": 2,
    }
    assert found["あ"]["over_images_per_class"] == 3
    assert found["あ"]["code_point"] == "U+3042"
    assert found["c"]["class_not_chosen"] == 6
    assert (found["d"]["source"], found["d"]["under_min_images"], found["d"]["unreadable"]) == (
        5,
        2,
        1,
    )
    assert found["e"]["not_an_image"] == 1
    assert empty.total()["source"] == len(labelled) + 4


def test_the_draw_favours_no_part_and_no_book_and_knows_no_other_class(tmp_path):
    strata = {"train": 60, "test": 10, "a rare book": 1}
    images = [(f"{s}/{i:03}", "a", s) for s, n in strata.items() for i in range(n)]
    others = [(f"b{i}", "b", "train") for i in range(90)]
    found = []
    for number, (most, listed) in enumerate(((3, images), (15, images), (15, others + images))):
        folder = tmp_path / str(number)
        folder.mkdir()
        with catalogue.catalogue(folder) as made:
            counts = made.list(listed, "x")
            made.choose(counts, min_images=3, classes=None, images_per_class=most)
            found.append({name for name, label, _ in images if made.is_chosen(name)})
    assert {name.split("/")[0] for name in found[0]} == set(strata)
    assert Counter(name.split("/")[0] for name in found[1]) == {
        "train": 12,
        "test": 2,
        "a rare book": 1,
    }
    assert found[0] < found[1] == found[2]
