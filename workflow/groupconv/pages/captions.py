"""The figures' captions as files, for Snakemake's own report."""

import re
from collections.abc import Iterable
from pathlib import Path

from groupconv.ground import atomic
from groupconv.pages.contents import Figure, figures


def place(figure: Figure, folder: str | Path) -> Path:
    """Where write() puts the figure's caption."""
    return Path(folder) / f"{figure.name}.rst"


def write(schemes: Iterable[str], folder: str | Path) -> None:
    """Write each figure's caption as the reStructuredText file that `snakemake --report` reads.

    Raises DiskError.
    """
    for figure in figures(schemes):
        text = re.sub(r"([\\*`|_])", r"\\\1", figure.caption)  # its marks stay text
        atomic.write_text(place(figure, folder), f"{text}\n")
