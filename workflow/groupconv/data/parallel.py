"""Decodes images in several processes, and yields them in the order of the source.

A worker gets a job, some scans, only when it waits for one, so that neither side of a pipe ever
waits for the other. The results of a job wait until all earlier jobs are through: any number of
processes gives the same rows, pixels, errors and warnings in the same order.
"""

import contextlib
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait

from groupconv.data.decode import Decoded, decode
from groupconv.data.held import AHEAD, MOST_HELD
from groupconv.data.sources.source import Character, Scan
from groupconv.ground import fingerprint
from groupconv.ground.errors import DeviceError, StepError

ALONE_S = 1.0  # decoded here before workers start: many a set is through by then
JOB_S = 0.05  # of work that a worker is given at a time
MOST_BYTES = 2**22  # of images that are sent at a time; one more may be larger
STOPPED = (-signal.SIGINT, -signal.SIGTERM)

Wanted = tuple[Scan, list[Character]]


def decoded(wanted: Iterable[Wanted], image_size: int, threads: int) -> Iterator[Decoded]:
    """Yield what ``decode`` yields for each scan, in their order; ``threads`` processes at once.

    Raises DataError, DeviceError.
    """
    began, wanted = time.monotonic(), iter(wanted)
    for count, one in enumerate(wanted):
        spent = time.monotonic() - began
        if threads > 1 and spent >= ALONE_S:
            most = int(min(MOST_HELD, max(1, JOB_S * count / spent))) if spent else 1
            with _Workers(image_size, threads) as workers:
                yield from workers.in_order(_jobs(chain([one], wanted), most))
            return
        yield from decode(*one, image_size)


def _jobs(wanted: Iterable[Wanted], most: int) -> Iterator[list[Wanted]]:
    """The scans, at most ``most`` at a time."""
    job, size = [], 0
    try:
        for scan, characters in wanted:
            job.append((scan, characters))
            size += len(scan.content) if isinstance(scan.content, bytes) else 0
            if len(job) == most or size > MOST_BYTES:
                yield job
                job, size = [], 0
    except StepError:  # of the source: what it gave before comes first
        if job:
            yield job
        raise
    if job:
        yield job


class _Workers:
    """Processes that decode. They end with the block, or when this process ends."""

    def __init__(self, image_size: int, threads: int):
        self.threads = threads
        # A copy of this process would share what libraries have set up.
        context = multiprocessing.get_context("spawn")
        self.processes: dict[Connection, multiprocessing.Process] = {}
        # The terminal says Ctrl-C to all processes; this one ends the others. Python's own helper
        # lets the signal through again as it starts, so it is first.
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            for _ in range(threads):
                mine, theirs = context.Pipe()
                given = (theirs, image_size, fingerprint.held())
                process = context.Process(target=_work, args=given, daemon=True)
                process.start()
                theirs.close()
                self.processes[mine] = process
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pipe, process in self.processes.items():
            process.kill()
            process.join()
            pipe.close()

    def in_order(self, jobs: Iterator[list[Wanted]]) -> Iterator[Decoded]:
        """Yield the results of the jobs. Raises DataError, DeviceError."""
        idle, working = list(self.processes), {}
        begun: deque[deque] = deque()  # the results of each job that still wait
        while True:
            while idle and len(begun) < AHEAD * self.threads:
                try:
                    job = next(jobs, None)
                except StepError as error:
                    begun.append(deque([error]))
                    break
                if job is None:
                    break
                pipe = idle.pop()
                self._send(pipe, job)
                working[pipe] = deque()
                begun.append(working[pipe])
            if not begun:
                return
            first = begun[0]
            while first:
                if (found := first.popleft()) is None:
                    begun.popleft()
                    break
                if isinstance(found, BaseException):
                    raise found
                yield found
            else:
                for pipe in wait(
                    [p for p, held in working.items() if held is first or len(held) < MOST_HELD]
                ):
                    found = self._received(pipe)
                    working[pipe].append(found)
                    if found is None:
                        idle.append(pipe)
                    if found is None or isinstance(found, BaseException):
                        del working[pipe]

    def _send(self, pipe: Connection, job: list[Wanted]) -> None:
        try:
            pipe.send(job)
        except OSError as error:
            raise self._ended(pipe) from error

    def _received(self, pipe: Connection) -> Decoded | BaseException | None:
        try:
            return pipe.recv()
        except (EOFError, OSError) as error:
            raise self._ended(pipe) from error

    def _ended(self, pipe: Connection) -> Exception:
        """The error for a worker that ended."""
        process = self.processes[pipe]
        process.join()
        if process.exitcode in STOPPED:
            return StepError("interrupted")
        if process.exitcode > 0:
            return RuntimeError("a process that decodes failed; its traceback stands above")
        return DeviceError(
            f"params.yaml: prepare.threads = {self.threads}: a process that decodes was killed "
            f"(signal {-process.exitcode}), as the system does where memory runs out: make "
            "prepare.threads smaller, or run less beside it"
        )


def _work(pipe: Connection, image_size: int, held: fingerprint.Held | None) -> None:
    """Decode jobs in a new process, until the other end of the pipe is closed.

    It imported the code anew: before its first job it looks whether that is still ``held``.
    """
    with contextlib.suppress(EOFError, OSError):
        while True:
            for one in pipe.recv():
                try:
                    if held:
                        held.check()
                        held = None
                    for found in decode(*one, image_size):
                        pipe.send(found)
                except (StepError, MemoryError) as error:
                    pipe.send(error)
                    break
            else:
                pipe.send(None)
