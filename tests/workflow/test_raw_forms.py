"""Sources as they lie on a disk already: both engines take them, and see when they change."""

import zipfile

import numpy as np
import pandas as pd

BOOK = "umgy00000"


def choose(project, source, books="null"):
    project.edit("source: sample", f"source: {source}")
    project.edit("books: null", f"books: {books}")
    project.edit("min_images: 60", "min_images: 3")
    project.edit("classes: 3 ", "classes: null ")


def test_arrays_are_taken_instead_of_what_would_be_fetched(project):
    choose(project, "kmnist")
    raw = project.folder / "data" / "raw" / "kmnist"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for part, n in (("train", 30), ("test", 20)):
        images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        np.savez_compressed(raw / f"kmnist-{part}-imgs.npz", images)
        np.savez_compressed(raw / f"kmnist-{part}-labels.npz", np.arange(n, dtype=np.uint8) % 5)
    run = project.snakemake("--cores", "1", "data/manifest.csv")
    assert run.returncode == 0, run.stdout
    assert len(pd.read_csv(project.folder / "data" / "manifest.csv")) == 50
    assert not (raw / "train-images-idx3-ubyte.gz").exists()
    assert "Nothing to be done" in project.snakemake("--cores", "1", "data/manifest.csv").stdout


def test_an_unpacked_book_is_taken_and_a_change_in_it_is_seen(project, wheel):
    choose(project, "char-shape", f"[{BOOK}]")
    folder = project.folder / "data" / "raw" / "char-shape" / BOOK / "characters"
    with zipfile.ZipFile(wheel) as archive:
        pages = [name for name in archive.namelist() if name.endswith(".jpg")]
        for i in range(12):
            label = f"U+304{i % 4:X}"
            path = folder / label / f"{label}_{BOOK}_00001_1_X{i:04}_Y0001.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(pages[i]))
    run = project.snakemake("--cores", "1", "data/manifest.csv")
    assert run.returncode == 0, run.stdout
    assert len(pd.read_csv(project.folder / "data" / "manifest.csv")) == 12
    assert "Nothing to be done" in project.snakemake("--cores", "1", "data/manifest.csv").stdout
    path.write_bytes(b"another")
    run = project.snakemake("--cores", "1", "data/manifest.csv")
    assert run.returncode == 1
    assert f"data/raw/char-shape/{BOOK}: sha256" in run.stdout
