"""What suits this terminal while a run goes on: a line that stays (staying.py), or plain lines."""

import importlib.util
import logging
import os
import sys
from collections.abc import Iterable

from groupconv.engines.plain import Plain
from groupconv.engines.workload import Workload


def redraws() -> bool:
    """Whether stderr can draw a line again. A bare Snakemake has no rich, which does it."""
    plain = os.getenv("NO_COLOR") or os.getenv("TERM", "dumb") in ("dumb", "unknown")
    return sys.stderr.isatty() and not plain and importlib.util.find_spec("rich") is not None


def screen(workload: Workload, handlers: Iterable[logging.StreamHandler]) -> Plain:
    """What suits this terminal, or file. ``handlers``: of others, which write to stderr too."""
    if not redraws():
        return Plain(workload)
    from groupconv.engines.staying import Staying

    return Staying(workload, handlers)
