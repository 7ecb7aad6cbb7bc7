"""A wrong raw file: docs/your-data.md's remedy fetches it anew, and takes none from the cache."""

import io
import random
import tarfile

import pytest
from PIL import Image
from versioned import small

RAW, FIRST = "data/raw/kkanji/kkanji.tar", "data/hashes/kkanji/kkanji.tar.sha256"


def offer(folder, count):
    """A mirror with so many images of each of three classes."""
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / "kkanji.tar", "w") as tar:
        for i in range(3 * count):
            png = io.BytesIO()
            Image.frombytes("L", (28, 28), random.Random(i).randbytes(784)).save(png, "png")
            member = tarfile.TarInfo(f"kkanji2/U+304{i % 3 + 1}/{i:016x}.png")
            member.size = png.tell()
            png.seek(0)
            tar.addfile(member, png)
    return (folder / "kkanji.tar").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["snakemake", "dvc"])
def test_a_wrong_raw_file_that_is_taken_away_is_fetched_again(tmp_path, wheel, engine):
    project = small(tmp_path / "project", wheel)
    project.edit("source: sample", "source: kkanji")
    project.edit("mirror: null", f"mirror: {tmp_path / 'mirror'}")
    project.edit("min_images: 60", "min_images: 3")
    project.commit()
    wrong = offer(tmp_path / "mirror", 4)
    run = project.snakemake("--cores", "1", "data/manifest.csv")
    assert run.returncode == 0, run.stdout
    assert "dvc.lock: recorded" in run.stdout
    right = offer(tmp_path / "mirror", 8)
    (project.folder / RAW).rename(tmp_path / "kkanji.tar")
    (project.folder / FIRST).unlink()
    note = project.folder / "data/raw/kkanji/note.txt"
    note.write_text("mine", encoding="utf-8")
    if engine == "snakemake":
        run = project.snakemake("--cores", "1", "data/manifest.csv")
    else:
        run = project.dvc("repro", "split")
    assert run.returncode == 0, run.stdout
    assert (project.folder / RAW).read_bytes() == right != wrong
    assert note.read_text(encoding="utf-8") == "mine"
