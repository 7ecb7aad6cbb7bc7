"""Progress that can be read on a terminal, in a log, and with several steps at once."""

import os
import shutil
import sys
import textwrap
from datetime import datetime, timedelta


def say(line: str) -> None:
    """Print one whole line to the terminal (stdout) and to the step's log (stderr).

    Once, where both are one file: a step typed by hand, a log of both.
    """
    if not one_file():
        sys.stderr.write(f"{line}\n")  # in one go: print writes the end of the line by itself
        sys.stderr.flush()
    show(wrapped(line, shutil.get_terminal_size().columns) if sys.stdout.isatty() else line)


def show(text: str) -> None:
    """Print to stdout alone, as long as somebody reads it."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:  # who read it was killed, or wanted no more: no reason to end a step
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def wrapped(line: str, columns: int) -> str:
    """The line folded between words at so many characters, what follows indented; 0: as it is."""
    if len(line) <= columns or not columns:
        return line
    first = len(line) - len(line.lstrip())
    indent = " " * (first + 2)
    return textwrap.fill(
        line,
        columns,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def one_file() -> bool:
    """Whether stdout and stderr are one terminal, file or pipe."""
    try:
        return os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno())
    except (OSError, ValueError):
        return False


def amount(size_bytes: float) -> str:
    """So many bytes as one reads them: 5 kB, 18.2 MB, 7.4 GB."""
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if size_bytes >= size:
            return f"{size_bytes / size:,.1f} {unit}"
    return f"{size_bytes / 1e3:,.0f} kB" if size_bytes >= 1000 else many(size_bytes, "byte")


def many(count: float, noun: str) -> str:
    """So many of a thing: 1 image, 2,631 images, 3 classes."""
    ending = "es" if noun.endswith("s") else "s"
    return f"{count:,.0f} {noun}{ending if count != 1 else ''}"


def ending(seconds: float) -> str:
    """When what takes so much longer ends: 2 h 14 min left, at about 16:40 (or 02:10 on Sat 5 Dec).

    The hour and the day are this machine's.
    """
    if seconds < 100:
        return f"{duration(seconds)} left"
    now = datetime.now()
    end = now + timedelta(seconds=seconds)
    day = "" if end.date() == now.date() else f" on {end:%a} {end.day} {end:%b}"
    return f"{duration(seconds)} left, at about {end:%H:%M}{day}"


def duration(seconds: float) -> str:
    """So long as one reads it: 40 s, 12 min, 1 h 48 min."""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{minutes // 60} h {minutes % 60} min" if minutes > 99 else f"{minutes} min"
