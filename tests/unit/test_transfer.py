import random

import pytest
from groupconv import transfer
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
    line.break_after = [1_000_000] + [0] * 20
    with pytest.raises(transfer.TransferError, match=r"broke off, [\d,]+ bytes came"):
        transfer.fetch(f"{line.url}/file", part)
    came = part.stat().st_size
    assert came > 900_000
    line.break_after = []
    transfer.fetch(f"{line.url}/file", part)
    assert line.requests[-1] == ("/file", f"bytes={came}-")
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("name", "value"),
    [("tag", '"2"'), ("tag", None), ("tag", 'W/"1"'), ("ranges", False)],
)
def test_what_may_be_another_file_is_fetched_from_its_start(line, part, name, value):
    line.break_after = [1_000_000] + [0] * 20
    with pytest.raises(transfer.TransferError):
        transfer.fetch(f"{line.url}/file", part)
    setattr(line, name, value)
    line.break_after = []
    line.files["file"] = CONTENT[::-1]
    transfer.fetch(f"{line.url}/file", part)
    assert part.read_bytes() == CONTENT[::-1]


def test_half_a_file_of_another_address_is_not_gone_on_with(line, part):
    line.files["other"] = CONTENT[::-1]
    line.break_after = [1_000_000] + [0] * 20
    with pytest.raises(transfer.TransferError):
        transfer.fetch(f"{line.url}/other", part)
    line.break_after = []
    transfer.fetch(f"{line.url}/file", part)
    assert part.read_bytes() == CONTENT


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


def test_progress_has_speed_and_time_left(line, part, monkeypatch, capfd):
    monkeypatch.setattr(transfer, "SAY_S", 0)
    transfer.fetch(f"{line.url}/file", part)
    assert "download: 3 of 3 MB, " in (said := capfd.readouterr().err)
    assert " MB/s, 0 s left" in said
