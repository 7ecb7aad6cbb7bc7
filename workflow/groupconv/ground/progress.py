"""Progress that can be read on a terminal, in a log, and with several steps at once."""

import sys


def say(line: str) -> None:
    """Print one whole line to the terminal (stdout) and to the step's log (stderr)."""
    for stream in (sys.stdout, sys.stderr):
        stream.write(f"{line}\n")  # in one go: print writes the end of the line by itself
        stream.flush()
