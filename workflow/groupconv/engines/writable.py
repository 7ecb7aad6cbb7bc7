"""Folders that a run writes into, but may not, as they are another user's or read-only.

Snakemake finds out in the middle of a run, in two tracebacks.
"""

import os
from collections.abc import Iterable

from groupconv.ground.errors import StepError

SNAKEMAKES_OWN = (".snakemake/metadata/", ".snakemake/incomplete/")  # of every job


def check(paths: Iterable[str]) -> None:
    """Raises StepError if a folder of the ``paths``, or where it is to be made, is not writable."""
    for folder in dict.fromkeys(os.path.dirname(path) for path in (*SNAKEMAKES_OWN, *paths)):
        there = folder
        while there and not os.path.isdir(there):
            there = os.path.dirname(there)
        if not os.access(there or ".", os.W_OK | os.X_OK):
            raise StepError(
                f"{there or os.getcwd()}: you may not write into this folder, and the run has to: "
                "ask its owner, or work in a clone of your own"
            )
