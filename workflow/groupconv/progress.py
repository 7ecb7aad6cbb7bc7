"""Progress that can be read on a terminal, in a log, and with several steps at once."""

import sys


def say(line: str) -> None:
    """Print one whole line to the terminal (stdout) and to the step's log (stderr)."""
    print(line, flush=True)
    print(line, file=sys.stderr, flush=True)
