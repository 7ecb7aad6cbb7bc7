import contextlib
import itertools
import random
import socket
import ssl
import subprocess
import time

import pytest
from groupconv.data import transfer
from served import serving

CONTENT = random.Random(0).randbytes(3_000_000)


@pytest.fixture
def line(monkeypatch):
    """A server with one file; whoever waits for it waits briefly."""
    monkeypatch.setattr(transfer, "sleep", lambda seconds: None)
    with serving(file=CONTENT) as served:
        yield served


@pytest.fixture
def part(tmp_path):
    """Where the bytes go."""
    return tmp_path / "part"


def test_a_line_that_breaks_off_is_gone_on_with(line, part):
    line.break_after = [1_000_000, 500_000, 70_000]
    transfer.fetch(f"{line.url}/file", part)
    assert part.read_bytes() == CONTENT
    starts = [int(wanted[6:-1]) for _, wanted in line.requests if wanted]
    assert starts == sorted(starts)
    assert len(starts) == 3
    assert starts[0] > 900_000
    assert list(part.parent.iterdir()) == [part]


def test_another_day_it_goes_on_where_it_broke_off(line, part):
    broken_off(line, part)
    came = part.stat().st_size
    assert came > 900_000
    transfer.fetch(f"{line.url}/file", part)
    assert line.requests[-1] == ("/file", f"bytes={came}-")
    assert part.read_bytes() == CONTENT


MONDAY, TUESDAY = "Mon, 02 Nov 2026 10:00:00 GMT", "Tue, 03 Nov 2026 10:00:00 GMT"


def broken_off(line, part):
    """One megabyte comes, and then nothing more for today."""
    line.break_after = [1_000_000] + [0] * 20
    with pytest.raises(transfer.TransferError):
        transfer.fetch(f"{line.url}/file", part)
    line.break_after = []


@pytest.mark.parametrize("heeds_if_range", [True, False])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"tag": '"1"'}, {"tag": '"2"'}),
        ({"tag": '"1"', "modified": MONDAY}, {"tag": None, "modified": TUESDAY}),
        ({"tag": None, "modified": MONDAY}, {"modified": TUESDAY}),
        ({"tag": 'W/"1"'}, {}),
        ({"tag": None}, {}),
        ({}, {"tag": 'W/"1"', "modified": TUESDAY}),
        ({}, {"ranges": False}),
    ],
)
def test_what_may_be_another_file_is_fetched_from_its_start(
    line, part, before, after, heeds_if_range
):
    vars(line).update(before)
    broken_off(line, part)
    vars(line).update(after, heeds_if_range=heeds_if_range)
    line.files["file"] = CONTENT[::-1]
    transfer.fetch(f"{line.url}/file", part)
    assert part.read_bytes() == CONTENT[::-1]


def test_the_time_of_the_last_change_is_enough_to_go_on(line, part):
    vars(line).update(tag=None, modified=MONDAY)
    broken_off(line, part)
    came = part.stat().st_size
    transfer.fetch(f"{line.url}/file", part)
    assert line.requests[-1] == ("/file", f"bytes={came}-")
    assert part.read_bytes() == CONTENT


def test_ranges_shorter_than_asked_for_are_put_together(line, part):
    broken_off(line, part)
    line.range_bytes = 700_000
    transfer.fetch(f"{line.url}/file", part)
    assert part.read_bytes() == CONTENT
    assert [wanted is None for _, wanted in line.requests[-3:]] == [False] * 3


def test_a_range_from_another_place_is_not_taken(line, part):
    broken_off(line, part)
    came = part.stat().st_size
    line.shift = 1000
    transfer.fetch(f"{line.url}/file", part)
    assert part.read_bytes() == CONTENT
    assert line.requests[-2:] == [("/file", f"bytes={came}-"), ("/file", None)]


def test_a_whole_file_that_was_not_known_to_be_whole_is_fetched_once_more(line, part):
    broken_off(line, part)
    part.write_bytes(CONTENT)
    transfer.fetch(f"{line.url}/file", part)
    assert part.read_bytes() == CONTENT
    assert line.requests[-2:] == [("/file", "bytes=3000000-"), ("/file", None)]


def test_without_a_length_nobody_knows_whether_all_came_and_that_is_said(line, part, capfd):
    line.length = False
    transfer.fetch(f"{line.url}/file", part)
    assert part.read_bytes() == CONTENT
    assert "does not say how long the file is: it may not be whole" in capfd.readouterr().err


def test_chunks_that_break_off_are_not_the_whole(line, part, capfd):
    line.chunked = True
    line.break_after = [1_000_000]
    transfer.fetch(f"{line.url}/file", part)
    assert part.read_bytes() == CONTENT
    assert len(line.requests) == 2
    assert "may not be whole" not in capfd.readouterr().err


def test_what_is_sent_as_gzip_is_kept_as_it_lies_there(line, part):
    line.headers["Content-Encoding"] = "gzip"
    transfer.fetch(f"{line.url}/file", part)
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("status", "tries", "reason"),
    [(404, 1, "HTTP 404 Not Found"), (503, 5, "HTTP 503"), (416, 1, "HTTP 416")],
)
def test_what_will_not_come_is_asked_for_once_what_may_come_five_times(
    line, part, status, tries, reason
):
    line.status = status
    with pytest.raises(transfer.TransferError, match=reason):
        transfer.fetch(f"{line.url}/file", part)
    assert len(line.requests) == tries


def test_a_silent_server_does_not_hold_one_for_long(line, part, monkeypatch):
    monkeypatch.setattr(transfer, "READ_S", 0.2)
    line.silent_s = 1
    with pytest.raises(transfer.TransferError, match="no answer in time"):
        transfer.fetch(f"{line.url}/file", part)


def test_nothing_listens_there(part):
    with pytest.raises(transfer.TransferError, match="no connection"):
        transfer.fetch("http://127.0.0.1:9/file", part)


def test_a_page_to_log_in_leaves_what_has_come(line, part):
    broken_off(line, part)
    came = part.read_bytes()
    vars(line).update(ranges=False, tag='"2"', headers={"Content-Type": "text/html; charset=utf-8"})
    line.files["file"] = b"<html>please log in</html>"
    with pytest.raises(transfer.TransferError, match="a web page came"):
        transfer.fetch(f"{line.url}/file", part)
    assert part.read_bytes() == came
    vars(line).update(ranges=True, tag='"1"', headers={})
    line.files["file"] = CONTENT
    transfer.fetch(f"{line.url}/file", part)
    assert line.requests[-1] == ("/file", f"bytes={len(came)}-")
    assert part.read_bytes() == CONTENT


def test_a_certificate_that_nobody_signed_is_said(part, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost".split()
    subprocess.run(
        [*command, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with (
        serving(context, file=CONTENT) as served,
        pytest.raises(
            transfer.TransferError, match=r"^\[SSL: CERTIFICATE_VERIFY_FAILED\] .*self-signed cert"
        ) as caught,
    ):
        transfer.fetch(f"{served.url.replace('http:', 'https:')}/file", part)
    assert len(str(caught.value).splitlines()) == 1


def test_a_proxy_that_does_not_answer_is_said(line, part, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "")
    with pytest.raises(transfer.TransferError, match=r"^Unable to connect to proxy: .*refused"):
        transfer.fetch("http://example.invalid/file", part)


def test_a_host_that_takes_no_connection_does_not_hold_one_for_long(part, monkeypatch):
    monkeypatch.setattr(transfer, "CONNECT_S", 0.3)
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):  # none is accepted: further ones get no answer
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        began = time.monotonic()
        with pytest.raises(transfer.TransferError, match="no answer in time"):
            transfer.fetch(f"http://127.0.0.1:{full.getsockname()[1]}/file", part)
        assert time.monotonic() - began < 10


def test_progress_has_speed_and_time_left_also_of_a_file_that_is_gone_on_with(
    line, part, monkeypatch, capfd
):
    monkeypatch.setattr(transfer, "SAY_S", 0)
    seconds = itertools.count()
    monkeypatch.setattr(transfer, "monotonic", lambda: next(seconds))  # 65,536 bytes in each
    transfer.fetch(f"{line.url}/file", part)
    first, *_, last = [said for said in capfd.readouterr().err.splitlines() if "left" in said]
    assert first == "download: 66 kB of 3.0 MB, 66 kB/s, 45 s left"
    assert last == "download: 3.0 MB of 3.0 MB, 65 kB/s, 0 s left"
    monkeypatch.setattr(transfer, "sleep", lambda seconds: capfd.readouterr())
    line.break_after = [1_500_000]
    transfer.fetch(f"{line.url}/file", part)
    came = int(line.requests[-1][1][6:-1])
    left = round((len(CONTENT) - came - 65_536) / 65_536)
    there, said, *_ = capfd.readouterr().err.splitlines()
    assert there == "download: 3.0 MB, 1.5 MB are there"
    assert said.endswith(f" of 3.0 MB, 66 kB/s, {left} s left")
