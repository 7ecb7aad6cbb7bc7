"""A test that waits too long leaves no process behind."""

import subprocess
import time

import psutil
import pytest
from project import Project


def test_a_program_that_is_waited_for_too_long_ends_with_its_children(tmp_path):
    command = ("sh", "-c", "sleep 1000 & echo $! > child; sleep 1000")
    with pytest.raises(subprocess.TimeoutExpired), Project(tmp_path).popen(*command) as run:
        run.communicate(timeout=1)
    assert run.returncode == -9
    child = int((tmp_path / "child").read_text())
    until = time.monotonic() + 10
    while runs(child):
        assert time.monotonic() < until
        time.sleep(0.1)


def runs(pid):
    """Whether a process does anything; what nobody has waited for yet does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
