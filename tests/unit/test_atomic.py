import contextlib
import os
import pwd
import resource
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from groupconv.ground import atomic
from groupconv.ground.errors import DiskError

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


def test_what_is_no_file_stays_what_it_is(tmp_path):
    """Root could rename a file over /dev/null, which then was a file for every program."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(DiskError, match="pipe: cannot be written: it is there, and no file"):
        atomic.write_text(pipe, "text")
    (tmp_path / "whole").write_text("text")
    with pytest.raises(DiskError, match="and no file"):
        atomic.move(tmp_path / "whole", pipe)
    assert pipe.is_fifo()
    assert sorted(tmp_path.iterdir()) == [pipe, tmp_path / "whole"]


def test_what_a_killed_process_left_is_removed_and_what_a_live_one_writes_is_not(tmp_path):
    here, gone = socket.gethostname(), subprocess.Popen(["true"])
    gone.wait()
    live = [tmp_path / f".a.csv.{here}.{os.getppid()}.part", tmp_path / ".a.csv.elsewhere.1.part"]
    other = tmp_path / f".b.csv.{here}.{gone.pid}.part"
    dead = [tmp_path / f".a.csv.{host}.{gone.pid}.part" for host in (here, "elsewhere")]
    for path in (*live, other, *dead):
        path.write_text("half")
    os.utime(dead[1], (0, 0))
    atomic.write_text(tmp_path / "a.csv", "x")
    assert sorted(tmp_path.iterdir()) == sorted([*live, other, tmp_path / "a.csv"])
    with atomic.scratch(tmp_path / "b.csv") as folder:
        assert not other.exists()
        os.rename(folder, dead[0])
    (dead[0] / "file").write_text("x")
    with atomic.scratch(tmp_path / "a.csv") as folder:
        assert sorted(tmp_path.iterdir()) == sorted([*live, folder, tmp_path / "a.csv"])
    assert sorted(tmp_path.iterdir()) == sorted([*live, tmp_path / "a.csv"])


def test_a_file_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(os, "fsync", lambda _: done.append((tmp_path / "a").exists()))
    (tmp_path / "part").write_text("x")
    atomic.move(tmp_path / "part", tmp_path / "a")
    assert done == [False]
    assert (tmp_path / "a").read_text() == "x"
    (tmp_path / "folder").mkdir()
    with pytest.raises(DiskError, match="folder: cannot be written: Is a directory"):
        atomic.move(tmp_path / "a", tmp_path / "folder")


@pytest.mark.parametrize("size", [1000, 200_000])  # refused at the flush, and at the write
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, size):
    script = (
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from groupconv.ground import atomic\n"
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
    with pytest.raises(DiskError, match=r"a: a test needs about 1,000,000,000.0 GB, its disk"):
        atomic.check_free(tmp_path / "not" / "there" / "a", 10**18, "a test")


@pytest.fixture
def anothers():
    """A folder that this process may not write into: another user's, where there is one."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(pwd.getpwnam("nobody").pw_uid)
        yield Path(folder), "; {} is root's" if root else ""
        if root:
            os.seteuid(0)


def test_a_folder_of_another_user_is_one_line_with_its_path_and_owner(anothers):
    folder, owner = anothers
    for path in (folder / "a.csv", folder / "new" / "a.csv"):
        with pytest.raises(DiskError) as caught:
            atomic.write_text(path, "x")
        said = f"{path}: cannot be written: Permission denied{owner.format(folder)}"
        assert str(caught.value) == said
    with pytest.raises(DiskError, match=r"a.csv: cannot be"), atomic.scratch(path):
        pass


def test_a_file_in_the_way_of_a_folder_is_one_line(tmp_path):
    (tmp_path / "results").write_text("")
    with pytest.raises(DiskError, match=r"results/a: cannot be written: (Not a dir|File exists)"):
        atomic.write_text(tmp_path / "results" / "a", "x")
