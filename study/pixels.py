"""The pixels of the few images that the study's pages show: study/results/pictures.npz, by id.

They are of the data set, whose licence holds for them; the others lie where the study was trained.
"""

import hashlib
from pathlib import Path

import numpy as np
from groupconv.data.manifest import read_table
from groupconv.data.packed import Images
from groupconv.ground import atomic
from groupconv.ground.errors import DataError

PICTURES = "pictures.npz"


def check(data: Path, manifest_sha256: set[str]) -> None:
    """Raise DataError if the manifest of ``data``, a run's, is not the one that was trained on."""
    manifest = data / "manifest.csv"
    if not manifest.exists():
        raise DataError(f"{manifest}: missing; a run of the study has it in its folder data/")
    if {hashlib.sha256(manifest.read_bytes()).hexdigest()} != manifest_sha256:
        raise DataError(f"{manifest}: not the one that the results were trained on")


def keep(ids: list[str], data: Path, to: Path) -> None:
    """Add the pixels of the images ``ids`` to ``to``, from a run's folder ``data``."""
    table = read_table(str(data / "manifest.csv"))
    images = Images(str(data / "images.npy"), table)
    rows = table[table["id"].isin(ids)].to_dict("records")
    kept = dict(np.load(to)) if to.exists() else {}
    kept |= {row["id"]: images[row] for row in rows}
    _write(kept, to)


def drop_others(ids: set[str], to: Path) -> None:
    """Leave the pixels of the images ``ids`` alone."""
    _write({name: of for name, of in np.load(to).items() if name in ids}, to)


def _write(kept: dict[str, np.ndarray], to: Path) -> None:
    with atomic.write(str(to), "wb") as file:
        np.savez_compressed(file, **dict(sorted(kept.items())))
