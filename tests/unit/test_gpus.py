"""Which GPU a step takes, as far as that can be tried without one."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

from groupconv.network import gpus

WORKFLOW = Path(__file__).parents[2] / "workflow"
HOLD = """
import sys
sys.path.insert(0, sys.argv[1])
from groupconv.network import gpus
print(gpus.free_gpu(3), flush=True)
sys.stdin.read()
"""


def test_steps_side_by_side_take_a_gpu_each(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    held = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(WORKFLOW)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    try:
        numbers = [int(step.stdout.readline()) for step in held]
        assert sorted(numbers) == [0, 1, 2]
        held[1].kill()
        held[1].wait()
        again = subprocess.run(
            [sys.executable, "-c", HOLD, str(WORKFLOW)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
        assert int(again.stdout) == numbers[1]
    finally:
        for step in held:
            step.kill()
            step.communicate()
    assert gpus.free_gpu(1) == 0


def test_where_no_file_can_be_locked_the_gpus_are_shared(monkeypatch, tmp_path):
    def refuse(*_):
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(fcntl, "flock", refuse)
    assert gpus.free_gpu(3) == os.getpid() % 3
