"""On a terminal: one line that stays, below what is printed; finished steps are a line each."""

import logging
import sys
import time
from collections.abc import Iterable

from rich.console import Console
from rich.live import Live
from rich.text import Text

from groupconv.engines.plain import Plain
from groupconv.engines.workload import Running, Workload
from groupconv.ground.progress import duration, ending

LINES = 3  # at most, of what stays
LONG_S = 5  # a job's time is shown from then on, where it says nothing itself


class Staying(Plain):
    """A line that stays below what is printed; a step's line is printed if it is news."""

    def __init__(self, workload: Workload, handlers: Iterable[logging.StreamHandler]):
        """``handlers``: of others, which write to stderr too."""
        super().__init__(workload)
        self.handlers = list(handlers)
        self.console = Console(stderr=True, highlight=False)
        self.live = Live(
            get_renderable=self.line,
            console=self.console,
            refresh_per_second=2,
            transient=True,
            redirect_stdout=False,  # it goes through the relay
        )

    def start(self) -> None:
        """The first job is about to begin."""
        super().start()
        self.live.start()
        self.console.show_cursor(True)  # else it is hidden for good when this process is killed
        self._to(sys.stderr)

    def _to(self, stream) -> None:
        for handler in self.handlers:
            handler.setStream(stream)

    def end(self, label: str) -> None:
        """A job has come to its end: a line for its step, if it was the last one."""
        with self.lock:
            made = self.workload.end(label, time.monotonic())
        if made:
            jobs = f"{made.jobs} jobs, " if made.jobs > 1 else ""
            cached = made.cached if made.cached < made.jobs else "all"
            cached = f", {cached} from DVC's cache" if made.cached else ""
            self._print(f"{made.step}: {jobs}made in {duration(made.seconds)}{cached}")

    def take(self, line: str) -> None:
        """A line of a step."""
        with self.lock:
            known = self.workload.take(line)
        if not known:
            self._print(line)

    def stop(self) -> None:
        """Leave the terminal as it was."""
        super().stop()
        self.hide()

    def hide(self) -> None:
        """Take the line away."""
        self.live.stop()
        self._to(sys.stderr)

    def line(self) -> Text:
        """How much is done, how long the rest takes, and what runs now."""
        with self.lock:
            now = time.monotonic()
            percent, left = self.workload.percent(now), self.workload.left(now)
            running = [self._job(*one, now) for one in self.workload.running.items()]
        if not running:
            return Text("")
        text = "" if percent is None else f"{percent}%, {ending(left)}: "
        room = LINES * self.console.width - 20
        shown = []
        for job in running:
            if len(text) + sum(len(one) + 2 for one in [*shown, job]) > room:
                shown.append(f"and {len(running) - len(shown)} more")
                break
            shown.append(job)
        return Text(text + ", ".join(shown))

    @staticmethod
    def _job(label: str, job: Running, now: float) -> str:
        long = duration(now - job.began) if now - job.began > LONG_S else ""
        return f"{label} {job.status or long}".rstrip()

    def _print(self, line: str) -> None:
        self.console.print(Text(line))
