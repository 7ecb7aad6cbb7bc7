"""A complaint while Snakemake reads the rules: one line, without a traceback."""

import sys
from collections.abc import Callable
from typing import Any, NoReturn

from groupconv.ground.errors import StepError

_refused: list[str] = []


def refuse(said: str) -> NoReturn:
    """End with this line."""
    _refused.append(said)
    sys.exit(said)


def or_refuse(function: Callable, *arguments: Any) -> Any:
    """Call the function; exit with its complaint as one line, without a traceback."""
    try:
        return function(*arguments)
    except StepError as error:
        refuse(str(error))


def unless_refused(function: Callable) -> Callable:
    """The function, for Python's end: not called after a refusal, which stays the last line.

    There sys.exit would print a traceback; a refusal of the function's own is its line alone.
    """

    def at_end() -> None:
        if _refused:
            return
        try:
            function()
        except SystemExit as error:
            print(error, file=sys.stderr)

    return at_end
