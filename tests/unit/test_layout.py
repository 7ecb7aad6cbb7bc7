"""Folders as people have them: what is taken for what, and what is refused with its remedy."""

import re

import pytest
from groupconv.data.layout import layout
from groupconv.ground.errors import DataError

CLASSES = ("cat/0.png", "dog/0.png")


def below(part, *names):
    return tuple(f"{part}/{name}" for name in names or CLASSES)


def made(root, names):
    for name in names:
        path = root / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_bytes(b"content")
    return layout(str(root))


@pytest.mark.parametrize("train", "train Train TRAIN training Training training_set train1".split())
@pytest.mark.parametrize(
    ("other", "role"),
    [
        *(("val", "val"), ("VAL", "val"), ("valid", "val"), ("validation", "val"), ("dev", "val")),
        *(("test", "test"), ("Testing", "test"), ("TEST", "test"), ("tests", "test")),
        *(("test1", "test"), ("test_set", "test"), ("Testing Set", "test")),
    ],
)
def test_the_usual_names_of_parts_are_parts(tmp_path, train, other, role):
    found = made(tmp_path, below(train) + below(other))
    assert {label.name for label in found.labels} == {"cat", "dog"}
    assert {top.name: of for top, of in found.parts} == {train: "train", other: role}
    for name, of in ((train, "train"), (other, role)):
        assert (f"{name} as {of}" if name != of else name) in found.says()


READ = [
    ("classes", CLASSES, " (cat, dog)"),
    ("two folders around", below("set/set"), ", in set/set (cat, dog)"),
    (
        "parts inside a folder",
        (*below("a/train"), *below("a/test")),
        ", in a (cat, dog); parts: a/test as test, a/train as train",
    ),
    (
        "a part twice",
        (*below("seg_train/seg_train"), *below("seg_test/seg_test"), "seg_pred/seg_pred/1.jpg"),
        " (cat, dog); parts: seg_test as test, seg_train as train; not read: seg_pred",
    ),
    (
        "folds",
        (*below("fold1"), *below("fold2")),
        " (cat, dog); parts: fold1 as fold, fold2 as fold",
    ),
    (
        "images of a class one folder down",
        ("train/a/images/0.JPEG", "train/a/a_boxes.txt", "train/b/images/0.JPEG", "val/0.JPEG"),
        " (a, b); parts: train; not read: val (no folders of classes)",
    ),
    (
        "names of parts with more to them",
        (*below("trainval"), *below("tiny_test"), *below("PublicTest"), *below("train_small")),
        " (cat, dog); parts: PublicTest as test, tiny_test as test, "
        "train_small as train, trainval as train",
    ),
    (
        "parts with the set's name",
        (*below("ILSVRC_img_train"), *below("ILSVRC_img_val"), "ILSVRC_devkit/a/b.txt"),
        " (cat, dog); parts: ILSVRC_img_train as train, ILSVRC_img_val as val; "
        "not read: ILSVRC_devkit",
    ),
    (
        "parts with the set's name behind",
        (*below("train2012_cls"), *below("test2012_cls")),
        " (cat, dog); parts: test2012_cls as test, train2012_cls as train",
    ),
    (
        "numbered parts",
        (*below("1_train"), *below("2_test")),
        " (cat, dog); parts: 1_train as train, 2_test as test",
    ),
    ("classes with a name in common", ("blood_test/0.png", "blood_drop/0.png"), ""),
    ("classes named as parts are", ("crash_test/0.png", "steam_train/0.png"), ""),
    (
        "folders in a class beside its images",
        (*CLASSES, "cat/tabby/1.png"),
        " (cat, dog); read with the folders in it: cat",
    ),
    (
        "parts within classes",
        (*below("cat", "train/0.png", "test/1.png"), "dog/train/0.png"),
        " (cat, dog); parts within classes, read as one: cat/test, cat/train, dog/train",
    ),
    (
        "ImageNet",
        ("I/Annotations/C/a/0.xml", *below("I/Data/C/train"), "I/Data/C/val/0.JPEG", "I/s.csv"),
        ", in I/Data/C (cat, dog); parts: I/Data/C/train as train; "
        "not read: I/Data/C/val (no folders of classes)",
    ),
    (
        "birds",
        (*below("images"), "attributes/a.txt", "parts/p.txt", "classes.txt"),
        ", in images (cat, dog)",
    ),
    (
        "a class called train, with files",
        (*CLASSES, "train/0.png"),
        " (cat, dog, train)",
    ),
    ("digits", [f"{i}/{i}{j:04}.png" for i in range(3) for j in range(9)], " (0, 1, 2)"),
    ("two digits", ("10/100.png", "10/101.png", "20/200.png", "20/201.png"), " (10, 20)"),
    ("numbered classes", [f"000{i:02}/{j:05}.ppm" for i in range(3) for j in range(9)], ""),
    (
        "a system's own",
        (*CLASSES, "@eaDir/a/0.png", "#recycle/0.png", "__MACOSX/cat/0.png", "lost+found/0.png"),
        " (cat, dog)",
    ),
    (
        "archives that are not read",
        (*below("train"), *below("test"), "test.zip", "old.7z"),
        " (cat, dog); parts: test, train; not read: 2 files in {} itself (old.7z)",
    ),
    (
        "a test part alone",
        (*below("test"), "labels/cat/0.txt"),
        " (cat, dog); parts: test; not read: labels",
    ),
    (
        "masks beside images",
        (*below("images"), *below("masks")),
        ", in images (cat, dog); not read: masks",
    ),
    (
        "masks beside images in a part",
        (*below("train/images"), *below("train/masks"), *below("test")),
        " (cat, dog); parts: test, train; not read: train/masks",
    ),
    (
        "unlabelled images beside classes",
        (*below("train"), "train/unsup/0.png", *below("test")),
        " (cat, dog); parts: test, train; not read: train/unsup (images without a class)",
    ),
    (
        "the same without parts",
        (*CLASSES, "Unlabeled/0.png"),
        " (cat, dog); not read: Unlabeled (images without a class)",
    ),
    ("derived copies in a class", (*CLASSES, "cat/Thumbs/0.png"), " (cat, dog)"),
    (
        "beside classes",
        (*CLASSES, "0.png", "1.png", "README.md", "bird/", "labels/0.txt"),
        " (cat, dog); not read: 2 files in {} itself (0.png), bird, labels (no images)",
    ),
]


@pytest.mark.parametrize(("names", "says"), [case[1:] for case in READ], ids=[c[0] for c in READ])
def test_what_is_taken_for_what_is_said(tmp_path, names, says):
    found = made(tmp_path, names)
    if says:
        assert found.says() == says.format(tmp_path)
    assert not {label.name for label in found.labels} & {"images", "seg_train", "@eaDir"}


FLAT = "images without folders of classes"
REFUSED = [
    (
        "test alone",
        (*below("train"), *below("test"), "test/unknown/0.png"),
        "test/unknown: not a class",
    ),
    ("train packed", (*below("test"), "train.tar.gz"), "train.tar.gz: a packed part .* unpack it"),
    ("val packed", (*below("train"), "Valid.zip"), "Valid.zip: a packed part of the set"),
    ("all packed", ("train.zip", "test.zip"), "<class>/<image>; unpack test.zip, train.zip$"),
    ("a class packed", ("cat/0.png", "dog.zip"), r"one class \(cat\), .*; unpack dog.zip$"),
    (
        "train flat and test not",
        (*below("test"), "train/0.png"),
        "train: no folders of classes, as test has: move",
    ),
    (
        "train by another name",
        ("background/A/c/0.png", *below("evaluation/B")),
        "evaluation is taken for test and nothing for train: if background is .* rename it train",
    ),
    (
        "masks in a class",
        below("cat", "images/0.png", "masks/0.png") + below("dog", "images/0.png", "masks/0.png"),
        "cat, dog: beside cat/images lie other folders; .* move the images of each class up",
    ),
    (
        "a class and a part in each name",
        ("train_cat/0.png", "train.dog/0.png", "test-cat/0.png", "Test_dog/0.png"),
        "Test_dog, train.dog: named as parts of the set, not as classes: move",
    ),
    ("flat parts with the set's name", ("b_train/0.png", "b_test/0.png"), "b_test, b_train: named"),
    ("blanks", (*CLASSES, "cat /0.png"), "the classes 'cat' and 'cat ' differ in blanks alone"),
    ("a wide blank", (*CLASSES, "犬/0.png", "犬\u3000/0.png"), r"'犬' and '犬\\u3000' differ"),
    ("a blank in val", (*below("train"), "val/cat /0.png"), "'val/cat ': not a class in the"),
    ("a class dev", ("dev/0.png", "ops/0.png"), f"dev: {FLAT}, beside ops, which holds"),
    ("only val and test", (*below("val"), *below("test"), "test/u/0.png"), "test/u: not a class"),
    (
        "tiny-imagenet",
        ("train/a/images/0.JPEG", "train/b/images/0.JPEG", "val/images/0.JPEG"),
        f"val/images: {FLAT}: move .* out",
    ),
    ("flat parts", ("train/cat.0.jpg", "test1/1.jpg"), f"test1, train: {FLAT}: move "),
    ("a flat part", ("train/0.jpg", "train.csv"), rf"train: {FLAT} \(train.csv may say which"),
    ("flat parts twice", ("train/train/0.jpg", "test1/test1/1.jpg"), f"test1/test1: {FLAT}"),
    (
        "superclasses",
        below("animals") + below("plants"),
        "animals, plants: only folders in it .*set",
    ),
    (
        "one nested",
        ("cat/0.png", "bird/0.png", "dog/x/0.png"),
        r"dog: only folders in it \(dog/x\)",
    ),
    (
        "a class train",
        ("train/x/0.png", "bus/0.png"),
        "train holds folders, .* and bus holds images",
    ),
    (
        "unlabelled beside classes",
        (*CLASSES, "test/0.png"),
        "test: images without folders of classes, beside cat, .*rename it; else move it out",
    ),
    (
        "parts by other names",
        (*below("entrenamiento"), *below("prueba")),
        "only folders in it .*rename the parts of the set train, val and test",
    ),
    (
        "its others nested",
        ("train/x/0.png", "bus/images/0.png"),
        "and bus holds images, as a class",
    ),
    (
        "YOLO",
        ("train/images/0.jpg", "train/labels/0.txt", "val/images/1.jpg", "data.yaml"),
        f"train/images: {FLAT}: .*boxes of several",
    ),
    ("YOLO v5", ("images/train/0.jpg", "images/val/1.jpg", "labels/train/0.txt"), f"val: {FLAT}"),
    (
        "annotations",
        ("images/0.jpg", "annotations/0.xml"),
        "images: images of all classes together",
    ),
    ("Kaggle", ("images/0.jpg", "labels.csv"), r"all classes together \(labels.csv may say which"),
    ("flat folds", ("fold1/0.png", "fold2/0.png"), f"fold1, fold2: {FLAT}"),
    ("shards", ("00000/00000.png", "00000/00999.png", "01000/01000.png"), "00000, 01000: named by"),
    ("tar shards", ("00000/000000000.jpg", "00001/000010000.jpg"), "00000, 00001: named by"),
    ("hashes", ("ab/ab12ef.png", "cd/cd00ff.png"), "ab, cd: named by the numbers of the files"),
    (
        "two kinds",
        ("trainA/0.png", "trainB/0.png", "testA/0.png"),
        f"testA, trainA, trainB: {FLAT}",
    ),
    (
        "above the set",
        (*below("set"), "pictures/0.png"),
        "set: only folders in it .set/cat.: if those are the classes, set data.folder to .*/set,",
    ),
    ("a wrapped class", ("set/set/cat/0.png",), r"one class \(cat\), at least 2 are needed: set"),
    ("an empty class", ("cat/0.png", "dog/"), r"one class \(cat\), at least 2"),
    ("labels alone", ("cat/0.png", "dog/0.txt"), r"one class \(cat\), at least 2"),
    ("one class in two forms", ("が/0.png", "か\u3099/1.png"), r"one class \(が\)"),
    ("one class by code point", ("か/0.png", "U+304B/1.png", "u+304b/2.png"), r"one class \(か\)"),
    (
        "too low",
        ("0.png", "1.png"),
        "images lie in it directly: set data.folder to the folder above",
    ),
    ("empty", ("cat/", "dog/"), "no images in sub-folders; allowed: <class>/<image> or train/"),
]


@pytest.mark.parametrize(("names", "line"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_what_makes_no_sense_is_refused_in_one_line_with_the_remedy(tmp_path, names, line):
    with pytest.raises(DataError, match=line) as caught:
        made(tmp_path, names)
    said = str(caught.value)
    assert said.startswith(f"params.yaml: data.folder = {tmp_path}: ")
    assert "\n" not in said
    assert re.search("move|set data.folder|rename|allowed:", said)


def test_two_shapes_of_a_character_that_unicode_makes_one_stay_two_classes(tmp_path):
    found = made(tmp_path, ("塚/0.png", "\ufa10/0.png"))
    assert len(found.labels) == 2
