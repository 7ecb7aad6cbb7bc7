"""The screen of a run on a real pseudo terminal, and in a pipe."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest
from project import ROOT

PROGRAM = """
import os, subprocess, sys, time
from groupconv.engines import live
from groupconv.engines.costs import Planned
from groupconv.engines.workload import Workload

plan = [Planned("train", f"train {name} seed 0", 4.0, 0.1, 0.5) for name in "AB"]
screen = live.screen(Workload(plan, time.monotonic(), lambda: 960), [])
screen.start()
for name in "AB":
    screen.begin("train", f"train {name} seed 0")
lines = ["train A seed 0: epoch 3/4, 9.0 images/s", "train A seed 0: " + "news " * 30]
subprocess.run([sys.executable, "-c", f"print({lines[0]!r}); print({lines[1]!r})"], check=True)
time.sleep(0.7)
if sys.argv[1:] == ["killed"]:
    os.kill(os.getpid(), 9)
for name in "AB":
    screen.end(f"train {name} seed 0")
screen.stop()
print("afterwards")
"""
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(columns, *arguments, term="xterm", **environment):
    """All that the program writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    known = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR")}
    known |= {"TERM": term, "PYTHONPATH": str(ROOT / "workflow"), **environment}
    run = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments], stdout=theirs, stderr=theirs, env=known
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            some = os.read(ours, 2**16)
        except OSError:  # its other end is closed
            some = b""
        if not some:
            break
        written += some
    os.close(ours)
    run.wait()
    return written.decode()


def shown(written):
    """Lines as they were drawn, those of a line that stays each time anew."""
    return [line.rstrip() for line in re.split(r"[\r\n]+", ESCAPE.sub("", written))]


@pytest.mark.parametrize("columns", [80, 200])
def test_one_line_stays_news_is_whole_and_a_finished_step_is_one_line(columns):
    written = on_terminal(columns)
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")  # the cursor
    lines = shown(written)
    staying = [line for line in lines if re.match(r"\d+%, ", line)]
    assert re.match(
        r"\d+%, \d+ (s|min) left.*: train A seed 0 epoch 3/4, train B seed 0", staying[-1]
    )
    assert max(map(len, lines)) <= columns
    assert " ".join(lines).count("news") == 30
    assert not [line for line in lines if "images/s" in line]
    assert [line for line in lines if line.startswith("train: 2 jobs, made in ")]
    assert lines[-2:] == ["afterwards", ""]


def test_the_cursor_is_there_after_a_run_that_was_killed():
    written = on_terminal(80, "killed")
    assert "\x1b[?25l" in written
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")


@pytest.mark.parametrize("plain", [{"term": "dumb"}, {"NO_COLOR": "1"}])
def test_a_terminal_that_draws_nothing_twice_has_plain_lines(plain):
    written = on_terminal(80, **plain)
    assert "\x1b" not in written
    lines = shown(written)
    assert max(map(len, lines)) <= 80
    assert "train A seed 0: epoch 3/4, 9.0 images/s" in lines
    made = r"train A seed 0: made in [01] s; \d+% of the run, .* left.*"
    assert [line for line in lines if re.fullmatch(made, line)]


def test_a_file_has_every_line_whole_and_all_in_stderr_until_the_end():
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment
    )
    assert run.stdout == "afterwards\n"
    assert "train A seed 0: " + "news " * 30 in run.stderr.splitlines()


def test_a_step_goes_on_when_the_run_that_shows_it_is_gone():
    program = "from groupconv.ground.progress import say; say('one'); say('two'); say('three')"
    command = f'{sys.executable} -c "{program}" 2> /dev/stderr | true; echo ${{PIPESTATUS[0]}}'
    run = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "0\n"
    assert run.stderr == "one\ntwo\nthree\n"
