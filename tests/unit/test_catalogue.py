import time
from collections import Counter

import pytest
from groupconv.data import catalogue
from groupconv.ground.errors import DataError


@pytest.fixture
def empty(tmp_path):
    """A catalogue without images."""
    with catalogue.catalogue(tmp_path) as made:
        yield made


def chosen(made, labelled, **rule):
    counts = made.list(labelled, "x")
    assert counts == Counter(label for _, label in labelled)
    made.choose(counts, **rule)
    return {name for name, _ in labelled if made.is_chosen(name)}


@pytest.mark.parametrize("step", [1, -1])
def test_choice_is_most_frequent_first_ties_by_code_point_images_by_name(empty, step):
    labels = ("U+3044", "U+3042", "U+3046")
    labelled = [(f"{label}/{i}", label) for label in labels for i in "210"]
    labelled += [("U+304A/0", "U+304A"), ("U+3046/3", "U+3046")]
    rule = {"min_images": 2, "classes": 2, "images_per_class": 2}
    found = chosen(empty, labelled[::step], **rule)
    assert found == {"U+3046/0", "U+3046/1", "U+3042/0", "U+3042/1"}


def test_code_points_come_by_value_whatever_their_length(empty):
    labelled = [(f"{label}/0", label) for label in ("U+20000", "U+3042", "name", "U+FF01")]
    rule = {"min_images": 1, "images_per_class": None}
    assert chosen(empty, labelled, classes=2, **rule) == {"U+3042/0", "U+FF01/0"}


def test_more_classes_than_the_source_has_are_refused(empty):
    counts = empty.list([(f"{label}{i}", label) for label in "ab" for i in range(3)], "x")
    with pytest.raises(DataError, match=r"data\.classes = 3: the source has 2 classes of at least"):
        empty.choose(counts, min_images=3, classes=3, images_per_class=None)


def test_an_id_that_stands_twice_is_refused(empty):
    with pytest.raises(DataError, match=r"^a file: the id a/0 stands twice"):
        empty.list([("a/0", "a"), ("a/0", "b")], "a file")


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
    counts = empty.list(((f"{i:05}", f"{i // 2}") for i in range(50_000)), "x")
    assert empty.choose(counts, min_images=2, classes=None, images_per_class=1) == 25_000
    assert time.monotonic() - began < 10


def test_kept_are_code_points_by_value_then_names_and_by_id(empty):
    for label, point in (("b", ""), ("\U00020000", "U+20000"), ("！", "U+FF01"), ("a", "")):
        for i in (2, 0, 1):
            empty.add(row(f"{label}{i}", label, f"{label}{i}", code_point=point))
    empty.clean()
    assert [kept["id"][0] for kept in empty.kept()] == [*"！！！", *"\U00020000" * 3, *"aaabbb"]
    assert [kept["id"][1] for kept in empty.kept()] == [*"012" * 4]
