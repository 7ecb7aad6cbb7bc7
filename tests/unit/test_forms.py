"""Sources that lie on a disk in several forms: which is taken, and that each holds the same."""

import gzip
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from archives import BOOK, zip_of
from groupconv.data import hashes, sources, tree
from groupconv.data.archive import DamagedError
from groupconv.data.sources import SOURCES, char_shape, k49
from groupconv.ground.errors import DataError

NPZ = [f"kmnist-{part}-{kind}.npz" for part in ("train", "test") for kind in ("imgs", "labels")]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def data(source, books=None):
    return {"source": source, "books": books}


def names(source, books=None):
    return [file.name for file in sources.raw_files(data(source, books))]


def lie(source, *there):
    for name in there:
        path = Path("data/raw", source, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def read(source, *raw):
    return list(SOURCES[source].read([str(path) for path in raw], None))


def test_what_lies_there_is_taken_and_said_else_what_is_fetched():
    packed = names("kmnist")
    assert packed[0] == "train-images-idx3-ubyte.gz"
    assert sources.instead(data("kmnist")) == ""
    lie("kmnist", NPZ[0])  # the three others are fetched
    assert names("kmnist") == NPZ
    assert sources.estimate(data("kmnist")) == ("data/raw/kmnist: 3 files to fetch, about 3.0 MB")
    lie("kmnist", *(name.removesuffix(".gz") for name in packed))  # all of a set
    assert names("kmnist") == [name.removesuffix(".gz") for name in packed]
    assert sources.instead(data("kmnist")) == (
        "data/raw/kmnist: train-images-idx3-ubyte and 3 more found there; taken instead of "
        "train-images-idx3-ubyte.gz and 3 more"
    )
    assert sources.estimate(data("kmnist")) == ""
    lie("kmnist", *packed)
    assert names("kmnist") == packed
    for name in (*packed, *NPZ):  # whatever lies there by then
        assert sources.raw_file(data("kmnist"), f"data/raw/kmnist/{name}").name == name


def test_books_that_are_chosen_are_taken_of_each_form_that_has_them_apart():
    two = ["umgy00000", 100241706]
    assert names("char-shape", two) == ["100241706.zip", "umgy00000.zip"]
    lie("char-shape", "full.zip")
    assert names("char-shape") == ["full.zip"]
    assert names("char-shape", two) == ["100241706.zip", "umgy00000.zip"]
    for book in ("umgy00000", "100241706"):
        Path("data/raw/char-shape", book).mkdir()
    assert names("char-shape", two) == ["100241706", "umgy00000"]


def test_no_size_is_made_up():
    assert sources.estimate(data("char-shape")) == (
        "data/raw/char-shape: 44 files to fetch, 8 to 434 MB each"
    )
    assert sources.estimate(data("kkanji")) == (
        "data/raw/kkanji: kkanji.tar to fetch, about 310.0 MB"
    )
    assert sources.estimate(data("kmnist")) == "data/raw/kmnist: 4 files to fetch, about 21.2 MB"
    assert sources.estimate({"source": "folder", "books": None}) == ""
    for source in SOURCES.values():
        for file in source.files:
            assert not file.about().startswith("about 0")


def test_kmnist_is_the_same_in_all_forms():
    rng, parts = np.random.default_rng(0), (("train", "train", 30), ("t10k", "test", 12))
    forms = {"gz": [], "idx": [], "npz": [], "npz, packed": []}
    for idx, npz, n in parts:
        images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        labels = rng.integers(0, 10, n, dtype=np.uint8)
        for kind, array, code in (("imgs", images, 3), ("labels", labels, 1)):
            shape = struct.pack(f">{array.ndim + 1}I", 0x800 + code, *array.shape)
            name = f"{idx}-{'images' if code == 3 else 'labels'}-idx{code}-ubyte"
            Path(name).write_bytes(shape + array.tobytes())
            Path(f"{name}.gz").write_bytes(gzip.compress(shape + array.tobytes()))
            Path("packed").mkdir(exist_ok=True)
            np.savez(f"kmnist-{npz}-{kind}.npz", array)
            np.savez_compressed(f"packed/kmnist-{npz}-{kind}.npz", array)
            forms["gz"].append(f"{name}.gz")
            forms["idx"].append(name)
            forms["npz"].append(f"kmnist-{npz}-{kind}.npz")
            forms["npz, packed"].append(f"packed/kmnist-{npz}-{kind}.npz")
    first, *others = (read("kmnist", *files) for files in forms.values())
    assert len(first) == 42
    assert others == [first] * 3


def test_k49_has_its_classes_by_code_point():
    labels = np.arange(49, dtype=np.uint8)
    images = np.random.default_rng(0).integers(0, 256, (49, 28, 28), dtype=np.uint8)
    raw = [file.name for file in SOURCES["k49"].files]
    for name in raw:
        np.savez_compressed(name, images if "imgs" in name else labels)
    scans = read("k49", *raw)
    assert [scan.content for scan in scans] == [image.tobytes() for image in images] * 2
    points = [int(scan.characters[0].label[2:], 16) for scan in scans[:49]]
    assert points == [*sorted(set(points) - {0x309D}), 0x309D]  # the iteration mark is the last
    assert len(k49.CLASSES) == 49
    np.savez_compressed(raw[1], labels + 1)
    with pytest.raises(DataError, match=r"k49-train-labels\.npz: label 49; allowed: 0 to 48$"):
        read("k49", *raw)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, 28, 28), np.float32),
        np.zeros((3, 28, 28), np.int8),
        np.zeros((3, 784), np.uint8),
        np.zeros((28, 28, 3), np.uint8),
        np.asfortranarray(np.zeros((3, 28, 28), np.uint8)),
        np.array([{}]),
        np.zeros((), np.uint8),
    ],
)
def test_an_array_of_another_kind_is_one_line(array):
    for name in NPZ:
        np.savez(name, array)
    with pytest.raises(DamagedError, match=r"imgs\.npz: not an array of n x 28 x 28 uint8, as"):
        read("kmnist", *NPZ)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\1\0\xff\xff" + b"(" * 65535, b"{" * 200])
def test_an_array_that_is_none_is_one_line(content):
    for name in NPZ:
        Path(name).write_bytes(zip_of([("arr_0.npy", content)]))
    with pytest.raises(DamagedError, match=r"^kmnist-train-imgs\.npz: ") as caught:
        read("kmnist", *NPZ)
    assert len(str(caught.value).splitlines()) == 1
    Path(NPZ[0]).write_bytes(zip_of([("arr_1.npy", content)]))
    with pytest.raises(DamagedError, match=r"^kmnist-train-imgs\.npz: no arr_0\.npy in it$"):
        read("kmnist", *NPZ)


def character(book, i):
    return BOOK.format(i).replace("umgy00000", book), f"{book} {i}".encode()


def test_char_shape_is_the_same_in_all_forms():
    books = ("100241706", "umgy00000")
    members = {book: [character(book, i) for i in range(3)] for book in books}
    for book in books:
        Path(f"{book}.zip").write_bytes(zip_of(members[book]))
        with zipfile.ZipFile(f"{book}.zip") as packed:
            packed.extractall()
    for folder in ("", "full/"):
        both = [(folder + name, content) for book in books for name, content in members[book]]
        Path("full.zip").write_bytes(zip_of([*both, (f"{folder}100241706/images/1.jpg", b"page")]))
        assert read("char-shape", "full.zip") == read("char-shape", *(f"{b}.zip" for b in books))
    assert read("char-shape", *books) == read("char-shape", "full.zip")
    assert len(read("char-shape", "full.zip")) == 6


def test_a_full_zip_of_another_kind_says_what_to_do():
    Path("full.zip").write_bytes(zip_of([("all/umgy00000.zip", b"PK")]))
    with pytest.raises(DataError, match=r"^full\.zip: zip files in it: unpack them beside it, and"):
        read("char-shape", "full.zip")
    Path("full.zip").write_bytes(zip_of([("readme.txt", b"")]))
    with pytest.raises(DataError, match="expected: umgy00000/characters/"):
        read("char-shape", "full.zip")
    name, content = character("umgy00000", 1)
    Path("full.zip").write_bytes(zip_of([(f"a/b/c/{name}", content)]))
    assert len(read("char-shape", "full.zip")) == 1


def test_an_unpacked_book_without_characters_is_one_line():
    Path("umgy00000/images").mkdir(parents=True)
    with pytest.raises(DamagedError, match=r"^umgy00000: no character; expected: umgy00000/char"):
        read("char-shape", "umgy00000")


def test_what_is_read_of_a_folder_is_what_is_hashed():
    name = Path(BOOK.format(1))
    name.parent.mkdir(parents=True)
    name.write_bytes(b"one")
    before = tree.sha256("umgy00000")
    for hidden in (".DS_Store", "characters/.hidden/U+3042.jpg"):
        path = Path("umgy00000", hidden)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    assert tree.sha256("umgy00000") == before
    assert len(read("char-shape", "umgy00000")) == 1
    name.write_bytes(b"two")
    assert tree.sha256("umgy00000") != before
    name.write_bytes(b"one")
    Path(BOOK.format(2)).write_bytes(b"more")
    assert tree.sha256("umgy00000") != before
    name.rename(Path(BOOK.format(3)))
    Path(BOOK.format(2)).unlink()
    assert tree.sha256("umgy00000") != before


@pytest.mark.parametrize(
    "link", ["umgy00000", "umgy00000/characters", "umgy00000/characters/U+3042"]
)
def test_a_link_to_a_folder_is_not_read_unseen(link):
    elsewhere = Path("elsewhere") / Path(BOOK.format(1)).relative_to(link)
    elsewhere.parent.mkdir(parents=True)
    elsewhere.write_bytes(b"one")
    Path(link).parent.mkdir(parents=True, exist_ok=True)
    Path(link).symlink_to(Path("elsewhere").absolute())
    for walk in (tree.sha256, lambda path: read("char-shape", path)):
        with pytest.raises(DataError, match=rf"^{link.replace('+', '.')}: a link: put the folder"):
            walk("umgy00000")


def test_an_unpacked_folder_is_held_to_its_first_hash():
    path = Path("data/raw/char-shape", BOOK.format(1))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"one")
    folder, raw = Path("data/raw/char-shape/umgy00000"), char_shape.SOURCE.others[1][-1]
    assert raw.name == "umgy00000"
    hashes.hold(hashes.verify(folder, raw, "char-shape"), raw, "char-shape")
    hashes.verify(folder, raw, "char-shape")
    path.write_bytes(b"two")
    with pytest.raises(
        DamagedError, match=r"umgy00000: sha256 \w+, data/hashes/char-shape/\S+ has"
    ):
        hashes.verify(folder, raw, "char-shape")
