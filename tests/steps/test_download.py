"""A raw file from its addresses, a mirror or a folder: whole and verified, or not at all."""

import dataclasses
import gzip
import hashlib
import subprocess
from pathlib import Path

import pytest
from archives import tar_of
from groupconv.data import hashes
from groupconv.data.sources import SOURCES
from groupconv.ground.errors import DataError, DiskError
from groupconv.steps import download
from served import serving


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Hashes of first files are not left in this checkout."""
    monkeypatch.chdir(tmp_path)


def test_what_nothing_fetches_is_one_line():
    params = {"data": {"source": "kuzushiji-recognition", "books": None}}
    file = "data/raw/kuzushiji-recognition/train.csv"
    with pytest.raises(DataError, match=rf"^{file}: nothing fetches it; put there kaggle comp"):
        download.run(params, file)


KKANJI = {"data": {"source": "kkanji", "books": None}}
TAR = "data/raw/kkanji/kkanji.tar"
FIRST, OTHER = (tar_of([(name, bytes(2_000_000))]) for name in ("first", "other"))


def came(path):
    """Which of the two it is: millions of bytes are no help in a failure's text."""
    return {FIRST: "first", OTHER: "other"}.get(Path(path).read_bytes())


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.fixture
def known(monkeypatch):
    """A function that gives the source kkanji other addresses, or another hash."""

    def change(**changes):
        raw = dataclasses.replace(SOURCES["kkanji"].files[0], **changes)
        monkeypatch.setattr(download, "raw_file", lambda data, file: raw)
        return raw

    monkeypatch.setattr(download.transfer, "sleep", lambda seconds: None)
    return change


@pytest.fixture
def served(known):
    """A server that has the file `kkanji.tar`, and an own address that nothing listens at."""
    known(urls=("http://127.0.0.1:9/kkanji.tar",))
    with serving(**{"kkanji.tar": FIRST}) as running:
        yield running


@pytest.mark.parametrize("kind", ["http", "file", "path", "home"])
def test_a_mirror_is_an_address_or_a_folder(served, tmp_path, monkeypatch, kind):
    folder = tmp_path / "a mirror"
    folder.mkdir()
    (folder / "kkanji.tar").write_bytes(FIRST)
    monkeypatch.setenv("HOME", str(tmp_path))
    mirrors = {"http": served.url, "file": folder.as_uri(), "path": str(folder)}
    download.run(KKANJI, TAR, {**mirrors, "home": "~/a mirror"}[kind])
    assert came(TAR) == "first"


def test_the_hash_of_the_first_file_is_held_from_then_on(served, tmp_path):
    download.run(KKANJI, TAR, served.url)
    raw, first = SOURCES["kkanji"].files[0], "data/hashes/kkanji/kkanji.tar.sha256"
    assert not (tmp_path / first).exists()  # before it was read to its end
    hashes.hold(hashes.verify(Path(TAR), raw, "kkanji", ""), raw, "kkanji")
    check = ["sha256sum", "-c", str(tmp_path / first)]
    assert subprocess.run(check, cwd=tmp_path / "data/raw/kkanji", check=False).returncode == 0
    served.files["kkanji.tar"] = OTHER
    (tmp_path / TAR).unlink()
    held = rf"sha256 \w+, {first} has \w+ .*if the first one was wrong, delete {first};"
    with pytest.raises(DataError, match=held):
        download.run(KKANJI, TAR, served.url)
    assert files(tmp_path) == [first]
    hashes.hold("another", raw, "kkanji")
    assert subprocess.run(check, cwd=tmp_path, check=False).returncode == 1
    assert "another" not in (tmp_path / first).read_text()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("kkanji.tar", b"<html>please log in</html>"),
        ("kkanji.tar", FIRST[:100]),
        ("kkanji.tar", FIRST[:1_000_000]),
        ("mine.tgz", gzip.compress(FIRST)[:-1000]),
        ("mine.tar.gz", FIRST[1:]),
        ("mine.zip", b"PK\3\4 and no end"),
    ],
    ids=["page", "beginning", "half", "half, packed", "shifted", "half a zip"],
)
def test_a_file_of_another_kind_is_not_the_first_and_another_address_is_tried(
    known, tmp_path, name, content
):
    with serving(portal=content) as portal:
        known(name=name, urls=(f"{portal.url}/portal", str(tmp_path / "none")))
        with pytest.raises(DataError, match=r"/portal: (not a|breaks off).*none: No such file"):
            download.run(KKANJI, f"data/raw/kkanji/{name}")
    assert files(tmp_path) == []


@pytest.mark.parametrize("text", ["", "\n", "no hash", "abc  kkanji.tar\n", None])
def test_a_hash_that_is_none_is_one_line_and_costs_nothing_that_came(served, tmp_path, text):
    served.break_after = [900_000] + [0] * 5
    with pytest.raises(DataError, match="broke off"):
        download.run(KKANJI, TAR, served.url)
    came, first = files(tmp_path), tmp_path / "data/hashes/kkanji/kkanji.tar.sha256"
    first.parent.mkdir(parents=True)
    first.mkdir() if text is None else first.write_text(text)
    with pytest.raises(
        DataError, match=r"^data/hashes/\S+\.sha256: (begins with no|cannot be read)"
    ):
        download.run(KKANJI, TAR, served.url)
    assert [name for name in files(tmp_path) if "hashes" not in name] == came


def test_a_file_in_the_place_of_a_folder_is_one_line(served, tmp_path):
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / ".partial").write_text("")
    with pytest.raises(DiskError, match=r"partial/kkanji/kkanji.tar: cannot be made: Not a dir"):
        download.run(KKANJI, TAR)


def test_a_folder_in_the_place_of_a_file_is_one_line(tmp_path):
    (tmp_path / TAR).mkdir(parents=True)
    with pytest.raises(DataError, match=rf"^{TAR}: cannot be read: Is a directory$"):
        hashes.verify(Path(TAR), SOURCES["kkanji"].files[0], "kkanji", "")


@pytest.mark.parametrize("of", ["a server that says no length", "a folder"])
def test_half_a_tar_is_not_taken_and_the_next_address_is_asked(served, known, tmp_path, of):
    known(urls=(f"{served.url}/kkanji.tar",))
    if of == "a folder":
        (tmp_path / "kkanji.tar").write_bytes(FIRST[:1_000_000])
        download.run(KKANJI, TAR, str(tmp_path))
    else:
        with serving(**{"kkanji.tar": FIRST}) as bad:
            bad.length, bad.break_after = False, [1_000_000]
            download.run(KKANJI, TAR, bad.url)
    assert came(TAR) == "first"


def test_a_published_hash_is_held_and_another_address_is_tried(served, tmp_path, known):
    known(checksum=f"md5:{hashlib.md5(FIRST).hexdigest()}", urls=(f"{served.url}/kkanji.tar",))
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "kkanji.tar").write_bytes(OTHER)
    download.run(KKANJI, TAR, str(tmp_path / "mirror"))
    assert came(TAR) == "first"


def test_addresses_are_tried_in_their_order_and_each_goes_on_with_its_own_bytes(known, tmp_path):
    with serving(**{"kkanji.tar": FIRST}) as one, serving(**{"kkanji.tar": OTHER}) as two:
        known(urls=(f"{one.url}/kkanji.tar", f"{two.url}/kkanji.tar"))
        for line in (one, two):
            line.break_after = [900_000] + [0] * 5
        with pytest.raises(DataError, match=r"broke off.*broke off"):
            download.run(KKANJI, TAR)
        assert not (tmp_path / TAR).exists()
        one.status = 404
        two.break_after = [300_000] + [0] * 5
        with pytest.raises(DataError, match=r"404.*broke off"):
            download.run(KKANJI, TAR)
        of_one, of_two = (line.requests[-1][1] for line in (one, two))
        assert of_one != of_two
        one.status = 0
        download.run(KKANJI, TAR)
        assert came(TAR) == "first"
        assert one.requests[-1][1] == of_one
        assert two.requests[-1][1] == of_two
    assert files(tmp_path) == [TAR]


def test_a_folder_that_breaks_half_way_leaves_what_came_from_elsewhere(
    served, tmp_path, monkeypatch
):
    served.break_after = [900_000] + [0] * 5
    with pytest.raises(DataError, match="broke off"):
        download.run(KKANJI, TAR, served.url)

    (tmp_path / "a folder").mkdir()
    (tmp_path / "a folder" / "kkanji.tar").write_bytes(OTHER)

    def half(chunks, file, have, total):
        file.write(next(chunks)[:1_000_000])
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(download.transfer, "copy", half)
        with pytest.raises(DataError, match="Input/output error"):
            download.run(KKANJI, TAR, "a folder")
    download.run(KKANJI, TAR, served.url)
    assert served.requests[-1][1].startswith("bytes=")
    assert came(TAR) == "first"


@pytest.mark.parametrize("mirror", ["http://[bad", "file://[bad", "http://", "a\0b", "~nobody/x"])
def test_a_mirror_that_is_no_address_is_one_line(served, mirror):
    with pytest.raises(DataError, match="not fetched: ") as caught:
        download.run(KKANJI, TAR, mirror)
    assert len(str(caught.value).splitlines()) == 1


def test_what_has_come_needs_no_room_again(served, monkeypatch):
    asked = []
    monkeypatch.setattr(download.atomic, "check_free", lambda path, size, what: asked.append(size))
    served.break_after = [900_000] + [0] * 5
    with pytest.raises(DataError):
        download.run(KKANJI, TAR, served.url)
    download.run(KKANJI, TAR, served.url)
    came = int(served.requests[-1][1][6:-1])
    stated = [size for size in asked if size > 10**8]  # before the server has said it
    assert stated == [310_000_000, 310_000_000 - came]
    assert (asked[1], asked[-1]) == (len(FIRST), len(FIRST) - came)


def test_when_nothing_answers_all_that_was_tried_is_named_and_what_to_do(served, tmp_path):
    with pytest.raises(DataError) as caught:
        download.run(KKANJI, TAR, f"{served.url}/gone")
    assert str(caught.value) == (
        f"{TAR}: not fetched: {served.url}/gone/kkanji.tar: HTTP 404 Not Found; "
        "http://127.0.0.1:9/kkanji.tar: no connection; put the file there by hand, or name a "
        "folder or an address that has it as download.mirror in params.yaml"
    )
    assert files(tmp_path) == []


def test_the_size_is_what_the_server_says_before_the_first_byte_is_kept(
    served, known, tmp_path, capsys
):
    raw = known(size_bytes=None, urls=(f"{served.url}/kkanji.tar",))
    download.run(KKANJI, TAR)
    said = capsys.readouterr().out
    assert f"kkanji.tar, {raw.size}\ndownload: 2.0 MB\n" in said
    assert "about" not in said
    Path(TAR).unlink()
    served.length, served.headers = False, {"Content-Length": str(10**18)}
    with pytest.raises(DiskError, match=r"the download needs about 1,000,000,000.0 GB, its disk"):
        download.run(KKANJI, TAR)


def test_a_small_file_is_no_nothing(known, served, capsys):
    known(size_bytes=5_000, urls=(f"{served.url}/kkanji.tar",))
    download.run(KKANJI, TAR)
    assert "kkanji.tar, about 5 kB\n" in capsys.readouterr().out


def test_another_file_on_a_mirror_is_not_to_be_touched(served, known, tmp_path):
    known(checksum="md5:0", urls=())
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "kkanji.tar").write_bytes(FIRST)
    with pytest.raises(DataError, match=r"mirror/kkanji\.tar: md5 \w+, expected 0 ") as caught:
        download.run(KKANJI, TAR, "mirror")
    assert not any(word in str(caught.value) for word in ("delete", "move "))
    assert "or name a folder or an address that has it as download.mirror" in str(caught.value)
