"""A function called in new processes, one after another. Knows no torch and no files.

Each imports the code anew: before its work and after it, it looks whether that is still the code of
the process that started it.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from groupconv.ground import fingerprint
from groupconv.ground.errors import StepError

VISIBLE = "CUDA_VISIBLE_DEVICES"


def in_processes(
    worker: Callable[[dict, int], dict], params: dict, processes: int, gpu: int | None = None
) -> list[dict]:
    """What ``worker(params, number)`` returns in each of several new processes, one after another.

    ``gpu``: this process's own, by torch's number. The others see it alone: each would take one
    that is free, and so never this one, whose name the record has. Raises StepError: the worker's
    own, or that a process ended without a result, or that the code was edited meanwhile.
    """
    context = multiprocessing.get_context("spawn")  # a copy would share what torch has set up
    found = []
    for number in range(1, processes + 1):
        mine, theirs = context.Pipe(duplex=False)
        given = (worker, params, number, fingerprint.held(), theirs)
        process = context.Process(target=_work, args=given, daemon=True)
        with _seeing(gpu):
            process.start()
        theirs.close()
        try:
            result = mine.recv()
        except EOFError:
            process.join()
            raise StepError(
                f"latency: process {number} of {processes} ended without a result (exit status "
                f"{process.exitcode}): killed, or out of memory?"
            ) from None
        process.join()
        if isinstance(result, Exception):
            raise result
        found.append(result)
    return found


@contextmanager
def _seeing(gpu: int | None) -> Iterator[None]:
    """A process that is started now sees this GPU alone."""
    if gpu is None:
        yield
        return
    before = os.environ.get(VISIBLE)
    os.environ[VISIBLE] = before.split(",")[gpu] if before else str(gpu)
    try:
        yield
    finally:
        del os.environ[VISIBLE]
        if before:
            os.environ[VISIBLE] = before


def _work(
    worker: Callable,
    params: dict,
    number: int,
    held: fingerprint.Held | None,
    pipe: Connection,
) -> None:
    """In the new process: send what the worker returns, or the error that it raises."""
    check = held.check if held else lambda: None
    try:
        check()
        result = worker(params, number)
        check()  # some modules were imported only now
        pipe.send(result)
    except StepError as error:
        pipe.send(error)
    finally:
        pipe.close()
