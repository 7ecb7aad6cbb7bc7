import re
import zipfile
from collections import Counter

from groupconv.sources import SOURCES, folder


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


def test_files_at_any_depth_belong_to_their_top_folder_hidden_and_loose_ones_to_none(tmp_path):
    for name in ("a/sub/0.png", "a/.hidden/1.png", "a/.DS_Store", "loose.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"content")
    assert folder.files(str(tmp_path)) == [tmp_path / "a" / "sub" / "0.png"]
    (scan,) = folder.read([], str(tmp_path))
    assert (scan.origin, scan.content, scan.characters[0].id) == ("a", b"content", "a/sub/0.png")


def test_imagenets_layout_is_taken_and_its_parts_are_not_kept(tmp_path):
    for name in ("train/n01440764/0.JPEG", "val/n01440764/0.JPEG", "val/n02088364/1.JPEG"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"content")
    characters = [scan.characters[0] for scan in folder.read([], str(tmp_path))]
    assert [(c.id, c.label) for c in characters] == [
        ("train/n01440764/0.JPEG", "n01440764"),
        ("val/n01440764/0.JPEG", "n01440764"),
        ("val/n02088364/1.JPEG", "n02088364"),
    ]


def test_every_source_is_one_definition_with_all_that_a_reader_needs_to_know():
    assert list(SOURCES) == ["char-shape", "cifar100", "folder", "kkanji", "kmnist", "sample"]
    assert len(SOURCES["char-shape"].files) == 44
    for name, source in SOURCES.items():
        assert source.name == name
        assert source.licence
        assert source.citation
        for file in source.files:
            assert re.fullmatch(r"None|sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}", str(file.checksum))
            assert file.urls or file.requirement
