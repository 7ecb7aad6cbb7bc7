"""What the programs of this folder are asked for: checked before anything is timed, one line each.

Bad input of a run of half an hour is to be known at its beginning, not at its end.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

# As in workflow/step.py: fp32 without TF32.
os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")

from groupconv.ground import machine
from groupconv.ground.errors import StepError
from groupconv.settings import config

ROOT = Path(__file__).parents[1]


class Parser(argparse.ArgumentParser):
    """Ends with one line where something is wrong; argparse's usage is three more."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(2, f"{Path(self.prog).name}: {message}\n")

    def add_json(self, what: str = "--json", text: str = "write the figures here too") -> None:
        """An option for a file to write."""
        self.add_argument(what, type=new_file, metavar="FILE", help=text)

    def add_threads(self) -> None:
        """--threads, of every core where none is given."""
        self.add_argument("--threads", type=threads, default=machine.cores(), help="default: all")


def count(text: str) -> int:
    """A whole number of at least 1."""
    number = int(text) if text.isascii() and text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number, at least 1")
    return number


def threads(text: str) -> int:
    """As many threads as there are cores, or fewer."""
    if not text.isdecimal() or not 1 <= int(text) <= machine.cores():
        allowed = f"1 to {machine.cores()}, the cores that this process may use"
        raise argparse.ArgumentTypeError(f"{text}: must be {allowed}")
    return int(text)


def new_file(text: str) -> Path:
    """A file that can be written: its folder is there."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text}: a folder; name a file")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text}: no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text}: may not be written")
    return path


def schemes(names: list[str], params: dict) -> list[str]:
    """The ``names``, each a scheme of params.yaml. Raises StepError."""
    for name in names:
        if name not in params["schemes"]:
            allowed = ", ".join(params["schemes"])
            raise StepError(f"--schemes {name}: no scheme of params.yaml; it has {allowed}")
    return names


def rounds_for(processes: int, rounds: int) -> None:
    """Whether each process has a round. Raises StepError."""
    if rounds < processes:
        raise StepError(f"--rounds {rounds}: each of --processes {processes} needs one")


def made(*paths: Path) -> None:
    """Whether the workflow has made these files of data/. Raises StepError."""
    for path in paths:
        if not path.is_file():
            targets = " ".join(str(one.relative_to(ROOT)) for one in paths)
            raise StepError(f"{path}: no such file; `snakemake --cores all {targets}` makes it")


def params() -> dict:
    """params.yaml; where it has a mistake, the program ends with its lines."""
    try:
        return config.load(ROOT / "params.yaml")
    except StepError as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")


def run(main: Callable[[], None]) -> None:
    """Call ``main``; what a user can mend is one line, not a traceback."""
    try:
        main()
    except StepError as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")
