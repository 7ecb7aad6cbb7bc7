"""Writes the files of DVC's stage `code`: what the code of each step means."""

from pathlib import Path

from groupconv.engines import meanings
from groupconv.engines.digests import Digests
from groupconv.engines.jobs import CODE_FOLDER
from groupconv.ground import atomic, fingerprint


def write() -> None:
    """Bring results/code/ up to the code. Raises DiskError, StepError."""
    digests = Digests()
    texts = {
        Path(CODE_FOLDER, f"{step}.txt"): meanings.text(step, digests) for step in fingerprint.STEPS
    }
    for path in Path(CODE_FOLDER).glob("*"):  # of a step that is no more
        if path not in texts:
            path.unlink()
    for path, text in texts.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            atomic.write_text(path, text)
