"""A source's own division, from its files to the manifest, the screen, the table and the page."""

import struct
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from groupconv.data import division
from groupconv.data.manifest import read_table
from groupconv.pages import tables, words
from groupconv.pages.inputs import TableInputs
from groupconv.settings import config, reads
from groupconv.steps import prepare, report, split

PARAMS = config.load("params.yaml")


def idx(path, array):
    header = struct.pack(f">I{array.ndim}I", 0x800 + array.ndim, *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())
    return str(path)


@pytest.fixture
def kmnist(tmp_path, monkeypatch):
    """KMNIST's four files in its form, unpacked: ten classes, 12 and 3 images of each."""
    monkeypatch.chdir(tmp_path)
    rng, raw = np.random.default_rng(0), []
    folder = tmp_path / "data" / "raw" / "kmnist"
    folder.mkdir(parents=True)
    for part, n in (("train", 120), ("t10k", 30)):
        pixels = rng.integers(0, 256, (n, 28, 28))
        raw.append(idx(folder / f"{part}-images-idx3-ubyte", pixels))
        raw.append(idx(folder / f"{part}-labels-idx1-ubyte", np.arange(n) % 10))
    return raw


def manifest(to, raw, division, **data):
    """The manifest of a source's files, after prepare and split."""
    given = reads.params_of(PARAMS, "prepare")["data"]
    given |= {"min_images": 3, "images_per_class": None, **data}
    out = {n: str(to / f"{n}.csv") for n in ("index", "excluded", "counts")}
    prepare.run({"data": given}, images=str(to / "images.npy"), raw=raw, **out)
    asked = {"seed": 0, "unit": "image", "division": division}
    split.run({"split": asked}, out["index"], str(to / "manifest.csv"))
    return read_table(str(to / "manifest.csv"))


def test_kmnists_test_part_is_test_or_is_said_to_be_mixed_in(tmp_path, kmnist, capfd):
    table = manifest(tmp_path, kmnist, "published", source="kmnist")
    assert Counter(table["split"]) == {"train": 100, "val": 20, "test": 30}
    assert set(table[table["split"] == "test"]["id"].str[:5]) == {"t10k/"}
    said = "the published test part (30 images) is test; val is taken from the published training"
    assert said in capfd.readouterr().err
    table = manifest(tmp_path, kmnist, "pooled", source="kmnist")
    assert Counter(table["split"]) == {"train": 100, "val": 20, "test": 30}
    assert set(table[table["part"] == "test"]["split"]) > {"train"}
    assert "pooled: the published test part (30 images) was mixed into" in capfd.readouterr().err


def test_a_few_images_of_each_class_are_of_both_parts(tmp_path, kmnist):
    table = manifest(tmp_path, kmnist, "published", source="kmnist", images_per_class=5)
    for _, rows in table.groupby("class"):
        assert Counter(rows["part"]) == {"train": 4, "test": 1}


def test_a_folder_with_parts_keeps_them_and_one_without_is_as_before(tmp_path, pictures):
    folder = tmp_path / "in"
    pictures(folder / "train", a=10, b=10)
    pictures(folder / "test", c=4, d=4)
    for old, new in (("c", "a"), ("d", "b")):
        (folder / "test" / old).rename(folder / "test" / new)
    asked = {"source": "folder", "folder": str(folder)}
    table = manifest(tmp_path, [], "published", **asked)
    assert ((table["part"] == "test") == (table["split"] == "test")).all()
    assert Counter(table["split"]) == {"train": 16, "val": 4, "test": 8}
    table = manifest(tmp_path, [], "published", **asked | {"folder": str(folder / "train")})
    assert "part" not in table
    assert Counter(table["split"]) == {"train": 12, "val": 4, "test": 4}


def test_of_copies_in_two_parts_the_published_test_image_stays(tmp_path, pictures):
    folder = tmp_path / "in"
    pictures(folder / "train", a=6, b=6)
    pictures(folder / "validation", a=2, b=3)  # the very images; "validation" is the later name
    table = manifest(tmp_path, [], "published", source="folder", folder=str(folder))
    assert Counter(table["split"]) == {"train": 5, "val": 2, "test": 5}
    assert set(table[table["split"] == "test"]["part"]) == {"val"}


def test_the_table_and_the_page_say_where_each_published_part_went(tmp_path):
    table = pd.DataFrame(
        {
            "class": ["a", "b"] * 5,
            "part": ["train"] * 6 + ["test"] * 4,
            "split": ["train"] * 5 + ["val"] + ["test"] * 4,
        }
    )
    counts = pd.DataFrame({"class": ["a", "b"], "code_point": "", "source": 5, "kept": 5})
    unused = dict.fromkeys(("params", "summary", "answers"))
    numbers, printed = tables.data(TableInputs(**unused, manifest=table, counts=counts))
    assert list(printed["published test"]) == ["", "4", "0", "0", "4"]
    numbers.to_csv(tmp_path / "data.csv", index=False)
    found = report.divided(tmp_path / "data.csv")
    said = division.says(found, "published")
    assert said.startswith("the published test part (4 images) is test; val is taken")
    assert report.held_out(found, "published") == {"test"}
    assert report.held_out(found, "pooled") == set()
    numbers.drop(columns=["published_train", "published_test"]).to_csv(tmp_path / "data.csv")
    assert report.divided(tmp_path / "data.csv") == {}
    assert report.held_out({}, "published") == set()


@pytest.mark.parametrize(
    ("held_out", "said"),
    [
        (set(), "Then 16:4:5 of the images go into train, val and test, within each class, image"),
        ({"test"}, "The test part is the source's own; 16:4 of the others go into train and val, "),
        ({"val", "test"}, "px at most. Train, val and test are the source's own."),
    ],
)
def test_the_page_says_how_the_images_were_divided(held_out, said):
    found = words.selection(PARAMS["data"], PARAMS["split"], held_out)
    assert said in found
    assert ("16:4:5" in found) == (not held_out)


@pytest.mark.parametrize(
    ("published", "kept"),
    [
        ("", {}),
        ("train", {}),
        ("val test", {}),
        ("train test", {"test": "test"}),
        ("train val", {"val": "test"}),
        ("train val test", {"val": "val", "test": "test"}),
    ],
)
def test_which_parts_stay(published, kept):
    assert division.kept(set(published.split())) == kept
