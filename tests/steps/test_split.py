import hashlib

import pandas as pd
import pytest
from archives import in_a_process
from groupconv.data import parts
from groupconv.ground.errors import DataError
from groupconv.steps import split
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

IDS = st.sets(st.text(), min_size=1, max_size=60)
SEEDS = st.integers(0, 2**32 - 1)


def test_every_part_is_within_one_of_its_exact_share_and_none_is_empty():
    for n in range(3, 5001):
        first, second = parts.boundaries(n)
        sizes = (first, second - first, n - second)
        assert min(sizes) >= 1, n
        assert all(abs(a - b) < 1 for a, b in zip(sizes, parts.exact_shares(n), strict=True)), n


@given(ids=IDS, seed=SEEDS)
def test_assigned_parts_have_their_shares(ids, seed):
    assigned = list(parts.assign_splits(sorted(ids), seed).values())
    sizes = [assigned.count(part) for part in parts.PARTS]
    if len(ids) >= 3:
        assert min(sizes) >= 1
        assert all(abs(a - b) < 1 for a, b in zip(sizes, parts.exact_shares(len(ids)), strict=True))


@given(ids=IDS, new=st.text(), seed=SEEDS, rng=st.randoms())
def test_the_split_depends_on_the_set_of_images_alone(ids, new, seed, rng):
    listed = sorted(ids)
    assigned = parts.assign_splits(listed, seed)
    assert assigned.keys() == ids
    assert parts.assign_splits(rng.sample(listed, len(listed)), seed) == assigned
    grown = parts.assign_splits(sorted(ids | {new}), seed)
    if len(ids) >= 3:
        assert sum(grown[i] != assigned[i] for i in ids) <= 2


@given(n=st.integers(3, 5000))
def test_one_more_image_moves_each_boundary_by_at_most_one(n):
    for before, after in zip(parts.boundaries(n), parts.boundaries(n + 1), strict=True):
        assert after - before in (0, 1)


@given(n=st.integers(60, 120), seed=SEEDS)
def test_another_seed_gives_another_order(n, seed):
    ids = [f"image{i}" for i in range(n)]
    assert parts.assign_splits(ids, seed) != parts.assign_splits(ids, seed + 1)


def test_the_same_on_every_machine():
    assigned = parts.assign_splits([f"image{i}" for i in range(25)], seed=0)
    digest = hashlib.sha256(repr(sorted(assigned.items())).encode()).hexdigest()
    assert (
        digest[:16] == "a7f6d423903f30c1"
    )  # a changed hash is another split: say so under Results


@pytest.fixture
def index(tmp_path):
    rows = [
        {
            "id": f"{c}{i:03}",
            "class": c,
            "origin": f"o{i % 7}",
            "page": "p",
            "sha256": f"{c}{i}",
            "part": "",
        }
        for c, n in (("あ", 25), ("い", 60), ("う", 3))
        for i in range(n)
    ]
    path = tmp_path / "index.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def made(index, unit, seed=0, division="published"):
    out = index.with_name("manifest.csv")
    asked = {"seed": seed, "unit": unit, "division": division}
    split.run({"split": asked}, str(index), str(out))
    return pd.read_csv(out)


def test_the_shares_of_the_classes_add_up(index):
    assert made(index, "image")["split"].value_counts()["train"] == 16 + 38 + 1


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    others=st.dictionaries(st.sampled_from("あうえおかき"), st.integers(3, 40)), rng=st.randoms()
)
def test_a_class_gives_the_same_parts_whatever_other_classes_exist(tmp_path, others, rng):
    def rows(classes):
        return [
            {
                "id": f"{c}{i}",
                "class": c,
                "origin": "o",
                "page": "p",
                "sha256": f"{c}{i}",
                "part": "",
            }
            for c, n in classes.items()
            for i in range(n)
        ]

    def parts(rows):
        pd.DataFrame(rows).to_csv(tmp_path / "index.csv", index=False)
        table = made(tmp_path / "index.csv", "image").query("`class` == 'い'")
        return dict(zip(table["id"], table["split"], strict=True))

    alone, together = rows({"い": 30}), rows({"い": 30, **others})
    rng.shuffle(together)
    assert parts(together) == parts(alone)


def test_by_page_no_page_is_in_two_parts_and_all_parts_have_pages(index):
    manifest = made(index, "page")
    assert (manifest.groupby(["origin", "page"])["split"].nunique() == 1).all()
    assert set(manifest["split"]) == set(parts.PARTS)


def test_by_page_too_few_pages_or_an_unlearnable_class_is_one_line(index):
    table = pd.read_csv(index)
    table.assign(origin="one").to_csv(index, index=False)
    with pytest.raises(DataError, match=r"split\.unit = page: 1 page; at least 3 are needed"):
        made(index, "page")
    table.assign(origin=table["class"]).to_csv(index, index=False)  # a page per class
    with pytest.raises(DataError, match=r"split\.unit = page, split\.seed = 0: 2 classes \("):
        made(index, "page")


SPLIT = """
from groupconv.steps import split
asked = {"seed": 0, "unit": "image", "division": "published"}
split.run({"split": asked}, "index.csv", "manifest.csv")
"""


def test_memory_does_not_grow_with_the_images(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    peaks = []
    for images in (1_000, 50_000):
        with open("index.csv", "w", encoding="utf-8") as file:
            file.write("id,class,origin,page,sha256,part\n")
            for i in range(images):
                file.write(f"U+3042/{i:016x},{i % 100},origin,{i:016x},{i:064x},\n")
        said, peak = in_a_process(code=SPLIT)
        assert "train" in said[0]
        peaks.append(peak)
    assert peaks[1] - peaks[0] < 8


def test_equal_pixels_in_two_rows_are_refused(index):
    pd.read_csv(index).assign(sha256="same").to_csv(index, index=False)
    with pytest.raises(DataError, match="the same pixels"):
        made(index, "image")


def divided(path, sizes):
    """An index of classes with so many images of each published part: {class: {part: n}}."""
    rows = [
        {"id": f"{part}/{c}{i:03}", "class": c, "origin": c, "page": f"{i}", "part": part}
        for c, parts_of in sizes.items()
        for part, n in parts_of.items()
        for i in range(n)
    ]
    table = pd.DataFrame(rows).assign(sha256=lambda t: t["id"])
    table.to_csv(path, index=False, lineterminator="\n")
    return path


PUBLISHED = st.dictionaries(
    st.sampled_from("あいうえ"),
    st.fixed_dictionaries({"train": st.integers(2, 40), "test": st.integers(1, 20)}),
    min_size=2,
)
QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)


@QUIET
@given(sizes=PUBLISHED, seed=SEEDS, unit=st.sampled_from(["image", "page"]))
def test_a_published_test_part_is_test_and_val_is_a_fifth_of_training(tmp_path, sizes, seed, unit):
    if unit == "page":
        sizes = {c: {**of, "train": 40} for c, of in sizes.items()}
    table = made(divided(tmp_path / "index.csv", sizes), unit, seed)
    assert ((table["part"] == "test") == (table["split"] == "test")).all()
    for label, of in sizes.items() if unit == "image" else ():
        found = table[table["class"] == label]["split"].value_counts()
        (first,) = parts.boundaries(of["train"], ("train", "val"))
        assert (found["train"], found["val"]) == (first, of["train"] - first)
        assert abs(found["val"] - of["train"] / 5) < 1


@QUIET
@given(sizes=PUBLISHED, seed=SEEDS)
def test_pooled_is_the_manifest_of_a_source_without_parts(tmp_path, sizes, seed):
    index = divided(tmp_path / "index.csv", sizes)
    pooled = made(index, "image", seed, "pooled").drop(columns="part")
    table = pd.read_csv(index).assign(part="")
    table.to_csv(index, index=False, lineterminator="\n")
    for division in ("published", "pooled"):  # either is the rule of before, and its bytes
        made(index, "image", seed, division)
        expected = table.drop(columns="part")
        of = {}
        for _, rows in expected.groupby("class"):
            of |= parts.assign_splits(rows["id"].tolist(), seed)
        expected = expected.assign(split=expected["id"].map(of))
        text = expected.to_csv(index=False, lineterminator="\n")
        assert index.with_name("manifest.csv").read_text() == text
        assert pooled.to_csv(index=False, lineterminator="\n") == text


def test_a_published_val_part_is_val_beside_a_test_part_and_else_the_test_part(tmp_path, capsys):
    of = {"train": 10, "val": 4, "test": 3}
    index = divided(tmp_path / "index.csv", {"a": of, "b": of})
    table = made(index, "image")
    assert (table["part"] == table["split"]).all()
    of.pop("test")
    table = made(divided(index, {"a": of, "b": of}), "image")
    assert table["split"].value_counts().to_dict() == {"train": 16, "val": 4, "test": 8}
    assert set(table[table["part"] == "val"]["split"]) == {"test"}
    said = capsys.readouterr().err
    assert (
        "the published val part (8 images) is test, as no other is held out; val is taken" in said
    )
    made(index, "image", division="pooled")
    assert (
        "pooled: the published val part (8 images) was mixed into train ("
        in capsys.readouterr().err
    )


def test_a_class_without_training_images_is_one_line_and_one_without_tests_is_said(
    tmp_path, capsys
):
    whole = {"train": 5, "test": 5}
    made(divided(tmp_path / "index.csv", {"a": whole, "b": {"train": 5}}), "image")
    assert "the published test part has no image of 1 class (b)" in capsys.readouterr().err
    index = divided(tmp_path / "index.csv", {"a": whole, "b": {"test": 5}})
    with pytest.raises(DataError, match=r"published: 1 class \(b\) without a training image"):
        made(index, "image")
    index = divided(tmp_path / "index.csv", {c: {"train": 1, "test": 2} for c in "ab"})
    with pytest.raises(DataError, match=r"the part val would be empty.*pooled"):
        made(index, "image")
