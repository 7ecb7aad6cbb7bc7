"""The saved states of trainings, by their files' names. Knows no torch."""

from pathlib import Path


def of(folder: str | Path, key: str = "*") -> list[Path]:
    """The states in a folder, newest first; ``key``: those of one training alone."""
    return sorted(Path(folder).glob(f".resume-{key}-*.pt"), reverse=True)


def name(key: str, epoch: int, content: str) -> str:
    """The file of the state after ``epoch``, with a hash of its ``content``."""
    return f".resume-{key}-{epoch:06d}-{content}.pt"


def clear(folder: str | Path) -> None:
    """Remove every state of a folder, those of a training that another has overtaken too."""
    for path in of(folder):
        path.unlink(missing_ok=True)
