"""A function called in new processes, one after another. Knows no torch and no files.

Each imports the code anew: before its work and after it, it looks whether that is still the code of
the process that started it.
"""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection

from groupconv.ground import fingerprint
from groupconv.ground.errors import StepError


def in_processes(worker: Callable[[dict, int], dict], params: dict, processes: int) -> list[dict]:
    """What ``worker(params, number)`` returns in each of several new processes, one after another.

    Raises StepError: the worker's own, or that a process ended without a result, or that the code
    was edited meanwhile.
    """
    context = multiprocessing.get_context("spawn")  # a copy would share what torch has set up
    found = []
    for number in range(1, processes + 1):
        mine, theirs = context.Pipe(duplex=False)
        given = (worker, params, number, fingerprint.held(), theirs)
        process = context.Process(target=_work, args=given, daemon=True)
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
