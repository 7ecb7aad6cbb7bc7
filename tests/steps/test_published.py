"""The part that a publisher gave each image, from the raw files to the manifest, in every form."""

import csv
import gzip
import struct
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from archives import python_2, tar_of
from groupconv.data import sources
from groupconv.data.sources import SOURCES
from groupconv.ground.errors import DataError
from groupconv.settings import config
from groupconv.steps import prepare, split

PARAMS = config.load("params.yaml")
COUNTS = {"train": 24, "test": 9}  # of a class
NAMES = [f"class{i:02}" for i in range(100)]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def images(source, classes, shape):
    """{part: (images, labels)}, the same for each form; the labels are mixed."""
    made = {}
    for number, (part, n) in enumerate(COUNTS.items()):
        rng = np.random.default_rng([len(source), number])
        labels = rng.permutation(np.repeat(np.array(classes, np.uint8), n))
        made[part] = rng.integers(0, 256, (len(labels), *shape), dtype=np.uint8), labels
    return made


def kmnist(source, classes, suffix):
    """The raw files of kmnist or k49 in one form, in the order that the source gives them."""
    made = images(source, classes, (28, 28))
    for part, arrays in made.items():
        kinds = zip(("imgs", "labels"), ("images", "labels"), arrays, strict=True)
        for kind, idx_kind, array in kinds:
            if suffix == ".npz":
                name = f"{source}-{part}-{kind}.npz"
                np.savez_compressed(name, array)
            else:
                of = {"train": "train", "test": "t10k"}[part]
                name = f"{of}-{idx_kind}-idx{array.ndim}-ubyte{suffix}"
                head = struct.pack(f">{array.ndim + 1}I", 0x800 + array.ndim, *array.shape)
                content = head + array.tobytes()
                Path(name).write_bytes(gzip.compress(content) if suffix else content)
            yield name


def cifar100(source, classes, form):
    made = images(source, classes, (3072,))
    members = []
    if form == "binary":
        members.append(("fine_label_names.txt", "\n".join(NAMES).encode() + b"\n"))
        for part in ("test", "train"):  # in whatever order they lie in it
            records = (
                bytes([label % 20, label]) + image.tobytes()
                for image, label in zip(*made[part], strict=True)
            )
            members.append((f"{part}.bin", b"".join(records)))
    else:
        members.append(("meta", python_2({"fine_label_names": NAMES})))
        for part, (array, labels) in made.items():
            fine = list(map(int, labels))
            members.append((part, python_2({"data": array, "fine_labels": fine})))
    name = f"cifar-100-{form}.tar.gz"
    content = tar_of([(f"cifar-100-{form}/{name}", content) for name, content in members], "w:gz")
    Path(name).write_bytes(content)
    yield name


FORMS = {
    "kmnist": (kmnist, range(10), (".gz", "", ".npz")),
    "k49": (kmnist, range(49), (".npz",)),
    "cifar100": (cifar100, range(100), ("binary", "python")),
}


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def prepared(monkeypatch, source, raw):
    """(what index.csv says of each image but its place, manifest.csv)."""
    own = SOURCES[source]  # these bytes are not the publisher's
    files, *others = (
        tuple(replace(file, checksum=None) for file in of) for of in (own.files, *own.others)
    )
    monkeypatch.setitem(sources.SOURCES, source, replace(own, files=files, others=tuple(others)))
    data = PARAMS["data"] | {"source": source, "min_images": 3}
    prepare.run({"data": data}, "images.npy", "index.csv", "excluded.csv", "counts.csv", raw)
    split.run({"split": PARAMS["split"]}, "index.csv", "manifest.csv")
    said = [{key: row[key] for key in row if key != "offset"} for row in table("index.csv")]
    return said, table("manifest.csv")


@pytest.mark.parametrize("source", FORMS)
def test_each_form_has_the_published_parts_and_the_same_images(monkeypatch, source):
    write, classes, forms = FORMS[source]
    found = []
    for form in forms:
        raw = list(write(source, classes, form))
        for order in (raw, raw[::-1]):  # as one may type them
            index, manifest = prepared(monkeypatch, source, order)
            found.append(index)
            assert Counter(row["part"] for row in index) == {
                part: n * len(classes) for part, n in COUNTS.items()
            }
            assert len({(row["class"], row["part"]) for row in index}) == 2 * len(classes)
            for row in manifest:  # whole parts, as published
                assert row["split"] in {"train": ("train", "val"), "test": ("test",)}[row["part"]]
            assert {row["id"].split("/")[0] for row in manifest if row["split"] == "test"} == {
                "test" if source == "cifar100" else "t10k"
            }
    assert all(index == found[0] for index in found)


@pytest.mark.parametrize(
    ("source", "allowed"), [("k49", "k49-train-imgs.npz, .*"), ("folder", "none")]
)
def test_a_file_of_another_source_is_one_line(source, allowed):
    data = PARAMS["data"] | {"source": source}
    line = rf"^raw=x/y.npz: not a raw file of the source {source}; allowed: {allowed}$"
    with pytest.raises(DataError, match=line):
        prepare.run({"data": data}, "images", "index", "excluded", "counts", "x/y.npz")
