"""A complaint while Snakemake reads the rules: one line, without a traceback."""

import sys
from collections.abc import Callable
from typing import Any

from groupconv.ground.errors import StepError


def or_refuse(function: Callable, *arguments: Any) -> Any:
    """What the function returns; its complaint, as one line and without a traceback."""
    try:
        return function(*arguments)
    except StepError as error:
        sys.exit(str(error))
