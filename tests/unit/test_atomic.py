import contextlib
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from groupconv import atomic
from groupconv.errors import DiskError

WORKFLOW = Path(atomic.__file__).parents[1]


def test_a_file_appears_whole_with_the_bytes_given(tmp_path):
    path = tmp_path / "new" / "a.csv"
    with atomic.write(path) as file:
        file.write("い\n")
        assert not path.exists()
    assert path.read_bytes() == "い\n".encode()
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")
    with contextlib.suppress(ZeroDivisionError), atomic.write(path) as file:
        file.write("new")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("size", [1000, 200_000])  # refused at the flush, and at the write
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, size):
    script = (
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from groupconv import atomic\n"
        f"atomic.write_text({str(tmp_path / 'a.csv')!r}, 'x' * {size})"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=WORKFLOW,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500)),
    )
    last = run.stderr.strip().splitlines()[-1]
    assert last.endswith(f"DiskError: {tmp_path / 'a.csv'}: cannot be written: File too large")
    assert list(tmp_path.iterdir()) == []


def test_too_little_room_is_said_before_the_work(tmp_path):
    atomic.check_free(tmp_path / "a", 1, "a test")
    with pytest.raises(DiskError, match=r"a: a test needs about 1,000,000,000,000 MB, its disk"):
        atomic.check_free(tmp_path / "not" / "there" / "a", 10**18, "a test")
