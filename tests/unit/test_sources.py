import gzip
import io
import itertools
import os
import re
import struct
import tarfile
import unicodedata
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torchvision
from groupconv.data import decode
from groupconv.data.sources import SOURCES, folder
from groupconv.ground.errors import DataError


def test_every_source_of_kuzushiji_says_that_it_is_japanese():
    said = {name: source.language for name, source in SOURCES.items()}
    assert {name for name in said if not said[name]} == {"cifar100", "folder"}
    assert set(said.values()) == {"ja", ""}


def test_the_sample_is_all_that_the_wheel_holds_with_its_boxes(wheel):
    expected = {}
    with zipfile.ZipFile(wheel) as archive:
        for table in archive.namelist():
            if "/data/small/" in table and table.endswith("_coordinate.csv"):
                header, *lines = archive.read(table).decode("utf-8-sig").splitlines()
                assert header == "Unicode,Image,X,Y,Block ID,Char ID,Width,Height"
                for label, page, x, y, block, name, *size in (line.split(",") for line in lines):
                    box = tuple(map(int, (x, y, *size)))
                    expected[f"{table.split('/')[-2]}/{page}/{block}{name}"] = (label, box)
    scans = list(SOURCES["sample"].read([str(wheel)], None))
    read = {c.id: (c.label, c.box) for scan in scans for c in scan.characters}
    assert read == expected
    assert (len(scans), len(read)) == (15, 2631)
    counts = Counter(label for label, _ in read.values())
    assert (len(counts), sum(n >= 25 for n in counts.values())) == (559, 27)
    assert sum(n >= 10 for n in counts.values()) == 53


def made(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"content")
    return list(folder.read([], str(root)))


def test_files_at_any_depth_belong_to_their_top_folder_hidden_and_loose_ones_to_none(tmp_path):
    scans = made(
        tmp_path,
        *("a/0.png", "a/sub/1.png", "a/.hidden/2.png", "a/.DS_Store", "a/._0.png", "loose.png"),
        *("a/@eaDir/0.png/SYNO.jpg", "a/#recycle/3.png", "a/Thumbs.db", "b/0.png"),
    )
    paths = [tmp_path / name for name in ("a/0.png", "a/sub/1.png", "b/0.png")]
    assert list(folder.files(str(tmp_path))) == [scan.content for scan in scans] == paths
    assert [(scan.origin, scan.characters[0].id) for scan in scans] == [
        ("a", "a/0.png"),
        ("a", "a/sub/1.png"),
        ("b", "b/0.png"),
    ]


def test_a_part_is_said_and_stands_at_each_image(tmp_path):
    names = [f"{part}/n0{i}/{part}{i}.JPEG" for part in ("train", "val") for i in (1, 2)]
    scans = made(tmp_path, *names, "devkit/data/meta.mat", ".git/x/y")
    assert [(c.id, c.label) for scan in scans for c in scan.characters] == [
        (name, name.split("/")[1]) for name in names
    ]
    assert [scan.part for scan in scans] == ["train", "train", "val", "val"]
    line = "2 classes (n01, n02); parts: train, val; not read: devkit"
    assert folder.taken(str(tmp_path), 2) == f"{tmp_path}: {line}"


def test_ids_are_composed_and_the_file_is_still_found(tmp_path):
    (scan, _) = made(tmp_path, "か\u3099/か\u3099.png", "き/0.png")
    assert (scan.origin, scan.characters[0].id) == ("が", "が/が.png")
    assert scan.content.read_bytes() == b"content"


def test_a_file_that_is_no_picture_for_its_size_is_one_line_or_no_image(tmp_path):
    made(tmp_path, "a/1.png", "b/0.png")
    for name in ("0.png", "0.txt"):
        with open(tmp_path / "a" / name, "wb") as file:
            file.truncate(2**40)
    with pytest.raises(DataError, match=r"a/0\.png: 1,099,511,627,776 bytes; allowed: 2,200,000"):
        list(folder.read([], str(tmp_path)))
    (tmp_path / "a" / "0.png").unlink()
    assert len(list(folder.read([], str(tmp_path)))) == 3


@pytest.mark.parametrize("where", ["a", "a/sub"])
def test_a_folder_that_cannot_be_listed_is_not_an_empty_one(tmp_path, monkeypatch, where):
    made(tmp_path, "a/0.png", "a/sub/0.png", "b/0.png")
    listing = os.scandir

    def refuse(path):
        if str(path) == str(tmp_path / where):
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(
        DataError, match=rf"^{tmp_path / where}: cannot be read: Permission denied$"
    ):
        list(folder.read([], str(tmp_path)))


def test_one_image_ends_the_check_and_reading_lists_one_class_at_a_time(tmp_path, monkeypatch):
    made(tmp_path, *(f"{label}/{i}.png" for label in "abc" for i in (1, 0)))
    looked_at, is_file = [], Path.is_file
    monkeypatch.setattr(Path, "is_file", lambda p: looked_at.append(p) or is_file(p))
    folder.check(str(tmp_path))
    assert len(looked_at) == 1
    looked_at.clear()
    found = folder.files(str(tmp_path))
    assert [next(found).name, len(looked_at)] == ["0.png", 2]


@pytest.mark.parametrize(
    "header", [(0x802, 1, 28, 28), (0x803, 1, 27, 28), (0x803, 1, 28, 29), (0x803, 1, 784, 1)]
)
def test_an_idx_file_of_another_kind_or_size_is_one_line(tmp_path, header):
    images, labels = tmp_path / "images.gz", tmp_path / "labels.gz"
    images.write_bytes(gzip.compress(struct.pack(">4I", *header) + bytes(1000)))
    labels.write_bytes(gzip.compress(struct.pack(">2I", 0x801, 1) + bytes(1)))
    with pytest.raises(DataError, match=r"images\.gz: not an idx file of the expected layout"):
        list(SOURCES["kmnist"].read([str(images), str(labels)] * 2, None))


def test_a_character_of_a_book_is_named_by_its_book_and_has_its_page(tmp_path):
    content, scans = b"jpeg", []
    for book in ("100241706", "brsk-00000"):  # the second: any name of letters, digits and -
        path = tmp_path / f"{book}.zip"
        name = f"U+3042_{book}_00005-2_1_X0010_Y0020"
        with zipfile.ZipFile(path, "w") as made:
            made.writestr(f"{book}/characters/U+3042/{name}.jpg", content)
            made.writestr(f"{book}/images/{name}.jpg", content)
            made.writestr(f"other/characters/U+3042/{name}.jpg", content)
            made.writestr(f"{book}/characters/U+3044/{name}.jpg", content)
        (scan,) = SOURCES["char-shape"].read([str(path)], None)
        scans.append((scan.origin, scan.page, scan.characters[0].id, scan.characters[0].label))
    assert scans == [
        (book, f"{book}_00005-2_1", f"{book}/U+3042_{book}_00005-2_1_X0010_Y0020", "U+3042")
        for book in ("100241706", "brsk-00000")
    ]


def test_every_source_is_one_definition_with_all_that_a_reader_needs_to_know():
    assert list(SOURCES) == [
        "char-shape",
        "cifar100",
        "folder",
        "k49",
        "kkanji",
        "kmnist",
        "kuzushiji-recognition",
        "sample",
    ]
    assert len(SOURCES["char-shape"].files) == 44
    for name, source in SOURCES.items():
        assert source.name == name
        assert source.licence
        assert source.citation
        for file in itertools.chain(source.files, *source.others):
            assert re.fullmatch(r"None|sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}", str(file.checksum))
            assert bool(file.urls or file.requirement) != bool(file.by_hand)


# torchvision's names of the classes, by Hepburn, and Unicode's.
KANA = {name: name.upper() for name in "o ki su na ha ma ya re wo".split()} | {"tsu": "TU"}


def test_kmnist_is_what_torchvision_reads(tmp_path):
    rng, raw = np.random.default_rng(0), tmp_path / "KMNIST" / "raw"
    raw.mkdir(parents=True)
    files = []
    for part, n in (("train", 30), ("t10k", 12)):
        images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        labels = rng.integers(0, 10, n, dtype=np.uint8)
        contents = {
            f"{part}-images-idx3-ubyte": struct.pack(">4I", 0x803, n, 28, 28) + images.tobytes(),
            f"{part}-labels-idx1-ubyte": struct.pack(">2I", 0x801, n) + labels.tobytes(),
        }
        for name, content in contents.items():
            (raw / name).write_bytes(content)
            (raw / f"{name}.gz").write_bytes(gzip.compress(content))
            files.append(str(raw / f"{name}.gz"))
    scans = list(SOURCES["kmnist"].read(files, None))
    for part, train in (("train", True), ("t10k", False)):
        theirs = torchvision.datasets.KMNIST(tmp_path, train=train)
        mine = [scan for scan in scans if scan.origin == part]
        assert len(mine) == len(theirs)
        for scan, (image, label) in zip(mine, theirs, strict=True):
            assert scan.content == image.tobytes()
            kana = unicodedata.lookup(f"HIRAGANA LETTER {KANA[theirs.classes[label]]}")
            assert scan.characters[0].label == f"U+{ord(kana):04X}"


def test_cifar_pixels_are_rgb_rows(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    record, test = bytes([3, 99]) + image.transpose(2, 0, 1).tobytes(), bytes([1, 2]) + bytes(3072)
    path = tmp_path / "cifar-100-binary.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, content in (
            ("train.bin", record),
            ("test.bin", test + test),
            ("fine_label_names.txt", "\n".join(f"class{i}" for i in range(100)).encode()),
        ):
            member = tarfile.TarInfo(f"cifar-100-binary/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    scan, *others = SOURCES["cifar100"].read([str(path)], None)
    assert [(other.page, other.characters[0].label) for other in others] == [
        ("test/00000", "class2"),
        ("test/00001", "class2"),
    ]
    assert scan.characters[0].label == "class99"
    assert np.array_equal(np.asarray(decode.as_image(scan)), image)


def test_files_of_one_name_in_two_folders_are_two_pages(tmp_path):
    """They counted as one, whose images vary as a whole: intervals were of folds, not of images."""
    for fold in ("fold1", "fold2"):
        for label in "ab":
            (tmp_path / fold / label).mkdir(parents=True)
            (tmp_path / fold / label / "0001.png").write_bytes(b"x")
    scans = list(folder.read([], str(tmp_path)))
    assert len({(scan.origin, scan.page) for scan in scans}) == len(scans) == 4
