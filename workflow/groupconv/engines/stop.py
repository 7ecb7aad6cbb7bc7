"""A run that is interrupted: its steps end, and the screen says what the next run goes on with."""

import contextlib
import signal
import sys
from collections.abc import Callable, Iterable

import psutil

from groupconv.engines import records, trainings
from groupconv.engines.digests import Digests
from groupconv.engines.jobs import Job
from groupconv.engines.records import Receipts
from groupconv.engines.refusal import refuse
from groupconv.ground import interrupted

LINE = "interrupted; run it again"
BEFORE = "interrupted before the first job"
AFTER = "interrupted after the last job; run it again: dvc.lock has no record of this run yet"


def hold_alone(said: str) -> None:
    """While no step works, Ctrl-C and SIGTERM end the run with this line, as a refusal does."""

    def handle(number, frame):
        refuse(said)

    for number in interrupted.NUMBERS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handle)


def hold(on_cluster: bool, hide: Callable[[], None] = lambda: None) -> None:
    """Ctrl-C and SIGTERM end the steps, too; a second one kills them and says so in one line.

    By itself Snakemake waits, after SIGTERM, for steps that may take days. It is left so
    ``on_cluster``, where they live without this process; Ctrl-C cancels their jobs there. ``hide``
    takes what is drawn off the screen.
    """
    numbers = (signal.SIGINT,) if on_cluster else interrupted.NUMBERS

    def first() -> None:
        hide()
        _signal(signal.SIGTERM)

    interrupted.hold(first, _at_once, numbers)


def _signal(number: int) -> None:
    """To every step that works here: the processes that have no process below them."""
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if not process.children():
                    process.send_signal(number)


def _at_once() -> None:
    _signal(signal.SIGKILL)
    sys.stderr.write(f"\n{LINE}\n")
    sys.stderr.flush()


def said(running: Iterable[Job]) -> str:
    """`interrupted; run it again: train E seed 0 goes on after epoch 2/5`, of what was running."""
    receipts, digests = Receipts(), Digests()
    found = [
        f"{one.label} goes on after epoch {epoch}"
        for one in running
        if one.step == "train"
        and (epoch := trainings.epoch(one, records.causes(one, digests), receipts))
    ]
    return "\n  ".join([f"{LINE}: {found[0]}", *found[1:]]) if found else LINE
