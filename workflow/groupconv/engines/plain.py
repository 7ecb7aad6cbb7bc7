"""What is on the screen while a run goes on, as plain lines: progress, and what the steps print.

The steps' own lines come through a pipe, as two writers would tear a line that stays. All of it
goes to stderr, where Snakemake's own words go.
"""

import os
import sys
import threading
import time
from collections.abc import Callable

from groupconv.engines import fold
from groupconv.engines.workload import Workload
from groupconv.ground import interrupted
from groupconv.ground.progress import duration, ending

SAY_S = 60  # between two plain lines that say how far the run is


class Relay(threading.Thread):
    """Takes what this process and its children write to stdout, line by line."""

    def __init__(self, take: Callable[[str], None]):
        super().__init__(daemon=True)
        sys.stdout.flush()
        self.take, self.stdout = take, os.dup(1)
        read, write = os.pipe()
        os.dup2(write, 1)
        os.close(write)
        self.source = os.fdopen(read, encoding="utf-8", errors="replace")
        self.start()

    def run(self) -> None:
        """Until nobody can write any more. A screen that is gone stops no step."""
        for line in self.source:
            try:
                self.take(line.rstrip("\n"))
            except (OSError, ValueError):
                continue

    def stop(self) -> None:
        """Have stdout as it was; what is on its way is taken first."""
        sys.stdout.flush()
        os.dup2(self.stdout, 1)
        self.join(timeout=1)  # a step that was left behind may still hold the pipe


class Plain:
    """Lines that stay as they are: in a file, a pipe, or on a terminal that only takes lines."""

    def __init__(self, workload: Workload):
        self.workload, self.lock = workload, threading.RLock()
        self.said = time.monotonic()
        self.relay: Relay | None = None

    def start(self) -> None:
        """The first job is about to begin."""
        self.relay = Relay(self.take)

    def begin(self, step: str, label: str) -> None:
        """Snakemake starts a job."""
        with self.lock:
            self.workload.begin(step, label, time.monotonic())

    def end(self, label: str) -> None:
        """A job has come to its end."""
        with self.lock:
            job = self.workload.running.get(label)
            self.workload.end(label, time.monotonic())
            if job:
                took = duration(time.monotonic() - job.began)
                self._print(f"{label}: made in {took}{self._far(after='; ')}")

    def fail(self, label: str) -> None:
        """A job failed. Why is said last, when what still runs has come to its end."""
        with self.lock:
            self.workload.end(label, time.monotonic(), failed=True)
            others = ", ".join(self.workload.running)
        if not interrupted.happened():
            self._print(f"{label}: failed" + (f"; still running: {others}" if others else ""))

    def take(self, line: str) -> None:
        """A line of a step."""
        with self.lock:
            self.workload.take(line)
            self._print(line)
            if time.monotonic() - self.said > SAY_S and (far := self._far()):
                self._print(far)

    def stop(self) -> None:
        """The run is at its end, good or bad."""
        if self.relay:
            self.relay.stop()
            self.relay = None

    def _far(self, after: str = "") -> str:
        now = time.monotonic()
        percent, left = self.workload.percent(now), self.workload.left(now)
        if percent is None:
            return ""
        self.said = now
        return f"{after}{percent}% of the run, {ending(left)}" if left else ""

    def hide(self) -> None:
        """Take away what is drawn, if anything is."""

    @staticmethod
    def _print(line: str) -> None:
        sys.stderr.write(f"{fold.lines(line, fold.width(sys.stderr))}\n")
        sys.stderr.flush()
