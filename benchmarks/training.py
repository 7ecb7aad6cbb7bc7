"""Images/s of real epochs against the bare arithmetic: what the loader and the loop cost.

    python benchmarks/training.py [--json FILE]

On the data that the workflow prepared (data/) and params.yaml, for baseline and E, in one process:
an epoch of the training step's own loop, and as many iterations of forward, backward and update on
one batch that lies in memory, in turn. The ratio is taken pair by pair; the median counts.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import torch
from groupconv.ground.provenance import machine
from groupconv.network import seeds, training
from groupconv.network.device import be_deterministic, choose_device, set_threads
from groupconv.network.loader import NOT_NORMALIZED, Part, Square, augmented, scaled
from groupconv.network.vgg import vgg
from groupconv.settings import config, reads

ROOT = Path(__file__).parents[1]

PAIRS = 5


def measured(params: dict, scheme: str) -> dict[str, float]:
    """Median images/s of an epoch and of the bare step, and the median of their pairs' ratio."""
    settings, data = params["train"], params["data"]
    square = Square(str(ROOT / "data" / "square.npy"), params["model"]["input_size"])
    part = Part(str(ROOT / "data" / "manifest.csv"), square, "train")
    device = choose_device(settings["device"], "train.device")
    set_threads(settings["threads"], "train.threads")
    be_deterministic(device)
    own = reads.params_of(params, "train", scheme=scheme, seed=0)
    settings, classes = own["train"], len(part.classes)
    model = vgg(**own["schemes"][scheme], classes=classes, seed=0, **own["model"])
    model.to(device, memory_format=torch.channels_last)
    optimizer = training.new_optimizer(model, settings)
    normalization = part.statistics() if data["normalize"] else NOT_NORMALIZED
    pixels, labels = next(part.batches(torch.arange(len(part)), settings["batch_size"]))
    x = augmented(scaled(pixels.to(device), normalization), seeds.generator(0, 1))
    labels = labels.to(device)
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None

    def epoch() -> float:
        began = time.perf_counter()
        training.train_one_epoch(model, optimizer, part, normalization, settings, 0, 1, scheme)
        return len(part) / (time.perf_counter() - began)

    def bare() -> float:
        wait()
        began = time.perf_counter()
        iterations = part.batch_count(settings["batch_size"])
        for _ in range(iterations):
            training.training_step(
                model, optimizer, x, labels, settings["learning_rate"], settings["precision"]
            )
        wait()
        return iterations * len(x) / (time.perf_counter() - began)

    bare()  # warm-up
    pairs = []
    for i in range(PAIRS):  # each first in its turn: a machine slows down as it warms up
        pairs.append((epoch(), bare()) if i % 2 else (bare(), epoch())[::-1])
    return {
        "epoch_images_per_s": statistics.median(e for e, _ in pairs),
        "bare_images_per_s": statistics.median(b for _, b in pairs),
        "ratio": statistics.median(e / b for e, b in pairs),
    }


def main() -> None:
    """Read the command line, time, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    params = config.load(ROOT / "params.yaml")
    record = {"machine": machine()["cpu"]}
    print(f"{machine()['cpu']}, {params['train']['threads']} thread(s); {PAIRS} pairs, medians")
    print(f"{'scheme':10}{'epoch':>12}{'bare':>12}{'ratio':>8}   (images/s)")
    for scheme in ("baseline", "E"):
        found = measured(params, scheme)
        record |= {f"{scheme}_{key}": value for key, value in found.items()}
        epoch, bare, ratio = found.values()
        print(f"{scheme:10}{epoch:12.1f}{bare:12.1f}{ratio:8.3f}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
