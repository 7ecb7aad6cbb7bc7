"""Ctrl-C and SIGTERM: the first ends things in order, a second one at once."""

import os
import signal
import time
from collections.abc import Callable

NUMBERS = (signal.SIGINT, signal.SIGTERM)
STATUS = 130  # exit status, as shells have it for Ctrl-C
LINE = "error: interrupted"  # a step's last line
ONE_S = 1.0  # the terminal and the engine may both say it: within this time it counts once

_began: list[float] = []  # when the first signal came


def happened() -> bool:
    """Whether this process was interrupted."""
    return bool(_began)


def hold(
    first: Callable[[], None] = lambda: None,
    at_once: Callable[[], None] = lambda: None,
    numbers: tuple[int, ...] = NUMBERS,
):
    """From here on a signal of ``numbers`` calls ``first`` and raises KeyboardInterrupt.

    It raises in the main thread. A second one calls ``at_once``, and the process ends without
    another word.
    """

    def handle(number, frame):
        if _began and time.monotonic() - _began[0] < ONE_S:
            return
        if _began:
            at_once()
            os._exit(STATUS)
        _began.append(time.monotonic())
        first()
        raise KeyboardInterrupt

    for number in numbers:
        if signal.getsignal(number) != signal.SIG_IGN:  # as of a job in the background, or nohup
            signal.signal(number, handle)
