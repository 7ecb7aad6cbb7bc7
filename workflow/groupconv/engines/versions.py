"""Which Snakemakes, and Pythons, run this workflow. Imports nothing that an old one lacks."""

import os
import re
import sys

LEAST, BELOW = (9, 17), (10, 0)  # 9.16 takes no function as a rule's priority
ALLOWED = "9.17 or newer, below 10"
PYTHON = (3, 11)


def check(snakemake: str, python: tuple = sys.version_info[:2]) -> None:
    """Exit with one line if one of them is out of range."""
    if said := complaint(snakemake, python):
        print(said, file=sys.stderr, flush=True)
        os._exit(1)  # of sys.exit Snakemake 7 prints a traceback


def complaint(snakemake: str, python: tuple) -> str:
    """What is out of range; "" if nothing is."""
    if not LEAST <= tuple(map(int, re.findall(r"\d+", snakemake)[:2])) < BELOW:
        return (
            f"snakemake {snakemake}: this workflow takes {ALLOWED}: activate its environment, "
            "`source .venv/bin/activate` (made by envs/setup.sh)"
        )
    if python < PYTHON:
        found = ".".join(map(str, python))
        return f"python {found}: this workflow takes 3.11 or newer: `bash envs/setup.sh`"
    return ""
