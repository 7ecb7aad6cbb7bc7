"""Images/s of real trainings: against the bare arithmetic, in bf16, and against torchvision's loop.

    python benchmarks/training.py [--torchvision DIR] [--threads N] [--pairs N] [--json FILE]

On the data that the workflow prepared (data/) and params.yaml, for every scheme, three ratios, each
taken pair by pair; the median counts:

  ratio_to_bare_step: an epoch of the training step's own loop, and as many iterations of forward,
    backward and update on one batch that lies in memory
  bf16_speedup: those iterations in bf16 and in fp32, where the CPU or GPU has bf16
  ratio_to_torchvision_reference: the whole step `train` and torchvision's own training program, for
    as many epochs of the same images (reference.py). DIR is references/classification of a clone of
    github.com/pytorch/vision, which torchvision's package does not have.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import asked
import reference
import torch
from groupconv.ground.errors import DeviceError
from groupconv.ground.provenance import machine as facts
from groupconv.network import seeds, training
from groupconv.network.device import be_deterministic, check_precision, choose_device, set_threads
from groupconv.network.loader import NOT_NORMALIZED, Part, Square, augmented, scaled
from groupconv.network.vgg import vgg
from groupconv.settings import reads

ROOT = asked.ROOT
DATA = {"manifest": str(ROOT / "data/manifest.csv"), "pixels": str(ROOT / "data/square.npy")}
ITERATIONS = 20  # of a measurement in bf16 and fp32


def in_pairs(one: Callable, other: Callable, pairs: int) -> tuple[float, float, float]:
    """Medians of both, in images/s, and of their ratio."""
    one(), other()  # warm-up
    found = []
    for i in range(pairs):  # each first in its turn: a machine slows down as it warms up
        found.append((one(), other()) if i % 2 else (other(), one())[::-1])
    mine, theirs = zip(*found, strict=True)
    ratio = statistics.median(a / b for a, b in found)
    return statistics.median(mine), statistics.median(theirs), ratio


def of_the_loop(own: dict, device: torch.device, pairs: int) -> dict[str, float]:
    """An epoch beside the bare step, and the bare step in both precisions."""
    settings, scheme = own["train"], own["scheme"]
    part = Part(DATA["manifest"], Square(DATA["pixels"], own["model"]["input_size"]), "train")
    model = vgg(**own["schemes"][scheme], classes=len(part.classes), seed=0, **own["model"])
    model.to(device, memory_format=torch.channels_last)
    optimizer = training.new_optimizer(model, settings)
    normalization = part.statistics() if own["data"]["normalize"] else NOT_NORMALIZED
    pixels, labels = next(part.batches(torch.arange(len(part)), settings["batch_size"]))
    x = augmented(scaled(pixels.to(device), normalization), seeds.generator(0, 1))
    labels = labels.to(device)
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None

    def epoch() -> float:
        began = time.perf_counter()
        training.train_one_epoch(model, optimizer, part, normalization, settings, 0, 1, scheme)
        return len(part) / (time.perf_counter() - began)

    def bare(precision: str, iterations: int) -> Callable:
        def run() -> float:
            wait()
            began = time.perf_counter()
            for _ in range(iterations):
                training.training_step(model, optimizer, x, labels, 1e-4, precision)
            wait()
            return iterations * len(x) / (time.perf_counter() - began)

        return run

    whole = bare(settings["precision"], part.batch_count(settings["batch_size"]))
    loop, step, ratio = in_pairs(epoch, whole, pairs)
    found = {"images_per_s": loop, "bare_images_per_s": step, "ratio_to_bare_step": ratio}
    try:
        check_precision("bf16", device, "train.precision")
    except DeviceError:
        return found
    both = (bare("bf16", ITERATIONS), bare("fp32", ITERATIONS))
    half, full, speedup = in_pairs(*both, pairs)
    return {**found, "bf16_images_per_s": half, "fp32_images_per_s": full, "bf16_speedup": speedup}


def main() -> None:
    """Read the command line, time, print, and write flat JSON where one asks for it."""
    parser = asked.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--torchvision", type=Path, metavar="DIR", help="references/classification")
    parser.add_threads()
    parser.add_argument("--pairs", type=asked.count, default=5)
    parser.add_argument("--schemes", nargs="+", metavar="SCHEME", help="default: all of them")
    parser.add_json()
    arguments = parser.parse_args()
    if arguments.torchvision and not (arguments.torchvision / "train.py").is_file():
        parser.error(f"--torchvision {arguments.torchvision}: no train.py in it")
    params = asked.params()
    asked.schemes(arguments.schemes or [], params)
    asked.made(*map(Path, DATA.values()))
    params["train"] |= {"threads": arguments.threads, "epochs": reference.EPOCHS}
    device = choose_device(params["train"]["device"], "train.device")
    set_threads(arguments.threads, "train.threads")
    be_deterministic(device)
    record: dict[str, object] = {"machine": facts()["cpu"], "threads": arguments.threads}
    print(f"{record['machine']}, {arguments.threads} thread(s); {arguments.pairs} pairs, medians")
    with tempfile.TemporaryDirectory() as name:
        images = reference.as_png_files(ROOT / "data", Path(name)) if arguments.torchvision else ""
        for scheme in arguments.schemes or reads.scheme_names(params):
            own = reads.params_of(params, "train", scheme=scheme, seed=0)
            found = of_the_loop(own, device, arguments.pairs)
            if images:
                whole = reference.pair(own, DATA, images, arguments.torchvision)
                mine, theirs, ratio = in_pairs(*whole, arguments.pairs)
                found |= {"train_images_per_s": mine, "torchvision_images_per_s": theirs}
                found["ratio_to_torchvision_reference"] = ratio
            record |= {f"{scheme}.{key}": value for key, value in found.items()}
            print("\n".join(f"{scheme}.{key:32}{found[key]:10.3f}" for key in found), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    asked.run(main)
