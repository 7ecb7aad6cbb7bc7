"""A checkpoint: weights, the epoch, and what they were trained with. Knows no training."""

import pickle
import zipfile
import zlib
from pathlib import Path

import torch

from groupconv.ground import atomic
from groupconv.ground.errors import DataError

NEEDED = {
    "weights",
    "epoch",
    "params",
    "classes",
    "normalization",
    "pixels_sha256",
}  # of a checkpoint
FAILURES = (  # to read one, as zipfile, torch and pickle name them
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
    pickle.UnpicklingError,
)


def load(checkpoint: str) -> dict:
    """Read a checkpoint, as data only (nothing in it is run). Raises DataError."""
    try:
        # torch reads on where a checksum is wrong: altered weights would pass for good ones.
        with zipfile.ZipFile(checkpoint) as archive:
            damaged = archive.testzip()
        if damaged:
            raise ValueError(f"checksum of {damaged}")
        saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
        if not isinstance(saved, dict) or not saved.keys() >= NEEDED:
            raise ValueError(f"it has not all of {', '.join(sorted(NEEDED))}")
    except FAILURES as error:
        reason = getattr(error, "strerror", None) or str(error).split("\n")[0]
        raise DataError(f"{checkpoint}: not a checkpoint that can be read: {reason}") from error
    return saved


def snapshot(model, epoch: int, made_with: dict) -> dict:
    """What a checkpoint holds: weights on the CPU, the epoch, and what made them."""
    weights = {key: value.detach().cpu().clone() for key, value in model.state_dict().items()}
    return {"weights": weights, "epoch": epoch, **made_with}


def save(content: dict, path: str | Path) -> None:
    """Write what torch.load(weights_only=True) reads, whole or not at all. Raises DiskError."""
    with atomic.write(path, "wb") as file:
        try:
            torch.save(content, file)
        except RuntimeError as error:
            # torch closes its archive all the same, and complains of that: "unexpected pos 704".
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise
