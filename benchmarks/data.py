"""From a source's file to training-ready data, and an epoch of reading against ImageFolder.

    python benchmarks/data.py [--kkanji FILE] [--copies N] [--json FILE]
    python benchmarks/data.py --files N [--side PX] [--json FILE]

Takes Kuzushiji-Kanji's tar (data/raw/kkanji/kkanji.tar, or FILE), chosen as in configs/paper.yaml;
where there is none, what params.yaml names. prepare and split run in a process of their own, whose
peak of memory counts. Then an epoch of batches of 20 at 64x64 px, shuffled, scaled and in colour:
our loader, and torchvision's ImageFolder with a DataLoader of 2 workers on the same images as PNG
files; in turn, three times; the median ratio counts. --copies also prepares N times as many images,
each a little altered. --files measures instead a folder of so many JPEG files (files.py).
"""

import csv
import io
import json
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import asked
import files
import numpy as np
import torch
from groupconv.data import archive
from groupconv.data.sources import kkanji, raw_files
from groupconv.ground.provenance import machine
from groupconv.network.loader import Part, Square, scaled
from groupconv.settings import config, reads
from groupconv.steps import square
from PIL import Image
from torchvision import datasets, transforms

ROOT = asked.ROOT

BATCH, SIDE, ROUNDS = 20, 64, 3
EXPECTED = {"images": 65_734, "images_after_cleaning": 65_724, "classes": 1_120}
STATISTICS = {"mean": [0.5] * 3, "deviation": [0.5] * 3}
PREPARE = """
import json, sys
from groupconv.ground.errors import StepError
from groupconv.steps import prepare, split
params, raw = json.loads(sys.argv[2]), sys.argv[3:]
try:
    prepare.run(params, "images.npy", "index.csv", "excluded.csv", "counts.csv", raw)
    split.run(params, "index.csv", "manifest.csv")
except StepError as error:
    sys.exit(f"data.py: {error}")
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) / 1024)
"""


def prepared(folder: Path, params: dict, raw: list[Path]) -> dict[str, float]:
    """Run prepare and split in ``folder``; seconds, and MiB at the peak."""
    part = {key: params[key] for key in ("data", "split")}
    command = [sys.executable, "-c", PREPARE, ROOT / "workflow", reads.canonical(part)]
    began = time.perf_counter()
    run = subprocess.run(
        [*command, *map(Path.absolute, raw)], cwd=folder, stdout=subprocess.PIPE, check=False
    )
    if run.returncode:
        sys.exit(run.returncode)  # it has said why
    return {"seconds": time.perf_counter() - began, "peak_mib": float(run.stdout.splitlines()[-1])}


def rows(path: Path) -> list[dict]:
    """A table's rows."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def multiplied(raw: Path, path: Path, copies: int) -> None:
    """Write the tar's images ``copies`` times, each with other pixels and another name."""
    with tarfile.open(path, "w") as tar:
        for match, content in archive.tar_members(str(raw), kkanji.MEMBER):
            pixels = np.asarray(Image.open(io.BytesIO(content)).convert("L"))
            for copy in range(copies):
                altered = pixels.copy()
                altered[0, :4] = np.frombuffer(copy.to_bytes(4), np.uint8)
                file = io.BytesIO()
                Image.fromarray(altered).save(file, "png", compress_level=1)
                member = tarfile.TarInfo(f"kkanji2/{match[1]}/{copy:04x}{match[2][4:]}.png")
                member.size = file.tell()
                file.seek(0)
                tar.addfile(member, file)


def as_png_files(folder: Path) -> Path:
    """The packed images as ImageFolder wants them; also a manifest with all of them in one part."""
    packed, table = np.load(folder / "images.npy", mmap_mode="r"), rows(folder / "index.csv")
    for i, row in enumerate(table):
        offset, *shape = (int(row[key]) for key in ("offset", "height", "width", "channels"))
        image = packed[offset : offset + np.prod(shape)].reshape(shape)
        path = folder / "png" / row["class"] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0] if shape[2] == 1 else image).save(path)
    with open(folder / "all.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*table[0], "split"])
        writer.writeheader()
        writer.writerows({**row, "split": "train"} for row in table)
    return folder / "png"


def epochs(folder: Path) -> tuple[float, float, float]:
    """Median seconds of our epoch and ImageFolder's, and the median of their pairs' ratio."""
    images = datasets.ImageFolder(
        as_png_files(folder),
        transforms.Compose(
            [
                transforms.Resize((SIDE, SIDE)),
                transforms.ToTensor(),
                transforms.Normalize(*STATISTICS.values()),
            ]
        ),
    )
    theirs = torch.utils.data.DataLoader(images, BATCH, shuffle=True, num_workers=2)
    own = {"data": {"fit": "stretch", "stretch_contrast": False}, "model": {"input_size": SIDE}}
    packed, index, pixels = (str(folder / n) for n in ("images.npy", "index.csv", "square.npy"))
    square.run(own, packed, index, pixels)
    part = Part(str(folder / "all.csv"), Square(pixels, SIDE), "train")
    assert len(part) == len(images)

    def ours():
        for pixels, labels in part.batches(torch.randperm(len(part)), BATCH):
            yield scaled(pixels, STATISTICS), labels

    def seconds(batches) -> float:
        began, count = time.perf_counter(), 0
        for pixels, labels in batches:
            assert pixels.shape[1:] == (3, SIDE, SIDE)
            count += len(labels)
        assert count == len(part)
        return time.perf_counter() - began

    pairs = [(seconds(ours()), seconds(theirs)) for _ in range(ROUNDS)]
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    return mine, other, statistics.median(b / a for a, b in pairs)


def main() -> None:
    """Measure, print a table, and write the numbers as flat JSON where one asks for it."""
    parser = asked.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--kkanji", type=Path, help="Kuzushiji-Kanji's tar file")
    parser.add_argument(
        "--copies", type=asked.count, help="also prepare so many times as many images"
    )
    parser.add_argument("--files", type=asked.count, help="instead, a folder of so many JPEG files")
    parser.add_argument("--side", type=asked.count, default=256, help="longer side of these, px")
    parser.add_json()
    arguments = parser.parse_args()
    if arguments.files:
        show("folder", files.measured(arguments.files, arguments.side), arguments.json)
        return
    tar = arguments.kkanji or ROOT / "data" / "raw" / "kkanji" / "kkanji.tar"
    if arguments.kkanji and not tar.is_file():
        parser.error(f"--kkanji {tar}: no such file")
    from_kkanji = tar.is_file()
    if arguments.copies and not from_kkanji:
        parser.error("--copies needs Kuzushiji-Kanji's tar: give --kkanji FILE")
    params = config.load(ROOT / ("configs/paper.yaml" if from_kkanji else "params.yaml"))
    params["data"]["image_size"] = SIDE
    params["data"]["folder"] = str(ROOT / params["data"]["folder"])
    source = params["data"]["source"]
    raw = [ROOT / "data" / "raw" / source / file.name for file in raw_files(params["data"])]
    if from_kkanji:
        raw = [tar]
    missing = [str(path) for path in raw if not path.is_file()]
    if missing:
        parser.error(f"{missing[0]}: no such file; `snakemake --cores all raw` fetches it")

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = prepared(folder, params, raw)
        kept, excluded = rows(folder / "index.csv"), rows(folder / "excluded.csv")
        result = {
            "images": len(kept) + len(excluded),
            "images_after_cleaning": len(kept),
            "classes": len({row["class"] for row in kept + excluded}),
            "prepare_seconds": round(made["seconds"], 2),
            "prepare_peak_mib": round(made["peak_mib"], 1),
        }
        if from_kkanji:  # what the rule must give, of the whole file or of its 1,120 classes alone
            found = {key: result[key] for key in EXPECTED}
            assert found == EXPECTED, f"{found}, expected {EXPECTED}"
        mine, other, ratio = epochs(folder)
        result |= {
            "epoch_seconds": round(mine, 2),
            "epoch_seconds_imagefolder": round(other, 2),
            "epoch_speedup_over_imagefolder": round(ratio, 2),
        }
    if arguments.copies:
        with tempfile.TemporaryDirectory() as name:
            many = Path(name) / "kkanji.tar"
            multiplied(raw[0], many, arguments.copies)
            params["data"]["images_per_class"] *= arguments.copies
            made = prepared(Path(name), params, [many])
            result |= {
                "images_of_copies": result["images"] * arguments.copies,
                "prepare_seconds_of_copies": round(made["seconds"], 2),
                "prepare_peak_mib_of_copies": round(made["peak_mib"], 1),
            }
    show(source, result, arguments.json)


def show(source: str, result: dict[str, float], path: Path | None) -> None:
    """Print the numbers with the machine, and write them where one asks for it."""
    here = machine()
    print(f"{source}; {here['cpu']}, {here['cores']} cores, {here['ram_gib']} GiB")
    for key, value in result.items():
        print(f"{key:42} {value:>14,}")
    if path:
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    asked.run(main)
