"""Kaggle's kuzushiji-recognition: pages and a table of boxes, in every form."""

import io
from pathlib import Path

import pytest
from archives import zip_of
from groupconv.data.sources import SOURCES
from groupconv.ground.errors import DataError
from PIL import Image


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def read(*raw):
    return list(SOURCES["kuzushiji-recognition"].read([str(path) for path in raw], None))


PAGES = ("100241706_00004_2", "umgy003-001", "hnsd007-drawing")
LABELS = ("U+306F 10 20 30 40 U+304C 1 2 3 4", "U+3042 5 6 7 8", "")
TABLE = "image_id,labels\n" + "".join(f"{p},{t}\n" for p, t in zip(PAGES, LABELS, strict=True))


def page(i):
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (i, i, i)).save(file, "jpeg")
    return file.getvalue()


def competition(table=TABLE, pages=PAGES):
    """The files of Kaggle's competition, in each of their forms."""
    images = [(f"{name}.jpg", page(i)) for i, name in enumerate(pages)]
    Path("train.csv").write_text(table, encoding="utf-8")
    Path("train_images.zip").write_bytes(zip_of(images))
    Path("train_images").mkdir(exist_ok=True)
    for name, content in images:
        Path("train_images", name).write_bytes(content)
    members = [(f"train_images/{name}", content) for name, content in images]
    members += [("train.csv", table), ("test_images/test_0a.jpg", page(9))]
    Path("kuzushiji-recognition.zip").write_bytes(zip_of(members))
    source = SOURCES["kuzushiji-recognition"]
    return [[file.name for file in files] for files in (source.files, *source.others)]


def test_kaggles_pages_are_the_same_in_all_forms():
    first, *others = (read(*raw) for raw in competition())
    assert others == [first] * 2
    assert [(s.origin, s.page) for s in first] == [
        ("100241706", "100241706_00004_2"),
        ("umgy003", "umgy003-001"),
    ]
    assert first[0].content == page(0)
    assert [(c.id, c.label, c.box) for c in first[0].characters] == [
        ("100241706_00004_2/0000", "U+306F", (10, 20, 30, 40)),
        ("100241706_00004_2/0001", "U+304C", (1, 2, 3, 4)),
    ]


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("", "no boxes"),
        ("image_id,labels\nx,\n", "no boxes"),
        ("image,labels\nx,U+3042 1 2 3 4\n", "not the table that is expected"),
        ("image_id,labels\nx\n", "no boxes"),
        ("image_id,labels\nx,U+3042 1 2 3\n", "'x': labels that are not five and five"),
        ("image_id,labels\nx,U+3042 1 2 3 four\n", "not the table that is expected"),
        ("image_id,labels\nx," + "U+3042 1 2 3 4 " * 20_000, "not the table that is expected"),
    ],
)
def test_a_table_of_another_kind_is_one_line(table, line):
    for raw in competition(table):
        with pytest.raises(DataError, match=rf"^{raw[0]}: {line}") as caught:
            read(*raw)
        assert len(str(caught.value).splitlines()) == 1


def test_a_page_that_is_not_there_is_missed():
    for raw in competition(pages=PAGES[1:]):
        with pytest.raises(
            DataError, match=r"no page 100241706_00004_2\.jpg, of 1 that train\.csv"
        ):
            read(*raw)
