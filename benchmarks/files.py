"""A folder of many JPEG files: what a plan and the step prepare take, with 1 and 2 processes.

Called by `python benchmarks/data.py --files N --side PX`. The files are noise of photographs' size
in bytes for their pixels; each has other pixels. What follows for ImageNet's 1,281,167 images is an
estimate: the time over that of an almost empty folder grows with the number.
"""

import csv
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import yaml
from copies import copy
from groupconv.data import parallel
from groupconv.data.sources.source import Character, Scan
from PIL import Image

BIN = Path(sys.executable).parent
CLASS = 1_000  # files of a class
IMAGENET = 1_281_167
MOST_DECODED, STARTED = 1_000, 50  # images that are decoded alone, and those before the clock
FEW = 4  # files of the almost empty folder's two classes, each


def _write_class(folder: Path, number: int, count: int, side: int) -> None:
    """A class's files: smooth noise with grain, 3:4, as quality 85 of a photograph is large."""
    rng = np.random.default_rng(number)
    (folder / f"n{number:08}").mkdir(parents=True)
    size = (side, side * 3 // 4)
    grain = rng.integers(-12, 12, (*size[::-1], 1))
    for i in range(count):
        coarse = rng.integers(0, 256, (side // 32 + 2, side // 24 + 2, 3), dtype=np.uint8)
        smooth = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
        pixels = np.clip(np.asarray(smooth) + np.roll(grain, i, axis=1), 0, 255).astype(np.uint8)
        path = folder / f"n{number:08}" / f"n{number:08}_{i}.JPEG"
        Image.fromarray(pixels).save(path, quality=85)


def _write(folder: Path, count: int, side: int) -> None:
    classes = max(2, count // CLASS)
    with ProcessPoolExecutor() as pool:
        for number in range(classes):
            pool.submit(_write_class, folder, number, count // classes, side)


def _project(folder: Path, images: Path) -> None:
    copy(folder)
    _set(
        folder,
        data={"source": "folder", "folder": str(images), "min_images": 3, "image_size": 224},
    )


def _set(folder: Path, **sections: dict) -> None:
    path = folder / "params.yaml"
    params = yaml.safe_load(path.read_text())
    for section, values in sections.items():
        params[section] |= values
    path.write_text(yaml.safe_dump(params, sort_keys=False))


def _snakemake(folder: Path, *arguments: str) -> tuple[float, float]:
    """Wall seconds of a command, and the largest memory of its main process, MB."""
    began = time.perf_counter()
    with open(folder / "said", "w") as said:
        run = subprocess.Popen(
            [BIN / "snakemake", *arguments], cwd=folder, stdout=said, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode:
        sys.exit((folder / "said").read_text())
    unit = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - began, used.ru_maxrss * unit / 1e6


def _timed(root: Path, count: int, side: int) -> dict[str, float]:
    """Of one folder: a first and a second plan, and prepare by 1 and 2 processes."""
    images, folder = root / f"images{count}", root / f"project{count}"
    _write(images, count, side)
    _project(folder, images)
    found, made = {}, set()
    for name in ("first", "second"):
        found[f"plan_{name}_seconds"], found[f"plan_{name}_mb"] = _snakemake(folder, "-n")
    for threads in (1, 2):
        _set(folder, prepare={"threads": threads})
        _snakemake(folder, "--cores", "2", "--force", "prepare", "--allowed-rules", "prepare")
        with open(folder / "logs" / "prepare.tsv", newline="") as file:
            row = next(csv.DictReader(file, delimiter="\t"))
        found[f"prepare_{threads}_seconds"] = float(row["s"])
        found[f"prepare_{threads}_mb"] = float(row["max_rss"]) * 2**20 / 1e6
        with open(folder / "data" / "images.npy", "rb") as file:
            made.add(hashlib.file_digest(file, "sha256").hexdigest())
    assert len(made) == 1, "other bytes by another number of processes"
    if count > 2 * FEW:
        found |= decoding(images)
    shutil.rmtree(images)
    shutil.rmtree(folder)
    return found


def decoding(folder: Path) -> dict[str, float]:
    """Images a second of decoding alone, by 1 and 2 processes that have started."""
    paths = sorted(folder.glob("*/*.JPEG"))[:MOST_DECODED]
    found = {}
    for threads, alone_s in ((1, 1), (2, 0)):
        parallel.ALONE_S = alone_s
        wanted = ((Scan("a", path.name, path, ()), [Character(path.name, "a")]) for path in paths)
        made = parallel.decoded(wanted, 224, threads)
        for _ in range(STARTED):
            next(made)
        began = time.perf_counter()
        count = sum(1 for _ in made)
        found[f"decode_{threads}_images_per_second"] = count / (time.perf_counter() - began)
    found["decode_speedup_of_2"] = (
        found["decode_2_images_per_second"] / found["decode_1_images_per_second"]
    )
    return found


def measured(count: int, side: int) -> dict[str, float]:
    """Seconds and MB with ``count`` files, and the estimates for ImageNet's number."""
    with tempfile.TemporaryDirectory() as name:
        few, many = _timed(Path(name), 2 * FEW, side), _timed(Path(name), count, side)
    result = {"files": count, "side_px": side, **many}
    result["prepare_speedup_of_2"] = (many["prepare_1_seconds"] - few["prepare_1_seconds"]) / (
        many["prepare_2_seconds"] - few["prepare_2_seconds"]
    )
    for key in (key for key in few if key.endswith("seconds") or key.startswith("plan")):
        result[f"imagenet_estimate_{key}"] = few[key] + (many[key] - few[key]) * IMAGENET / count
    return {key: round(value, 2) for key, value in result.items()}
