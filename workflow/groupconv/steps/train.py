"""Step train: train and val parts, fitted -> checkpoints and history.csv. Knows no test part.

network/training.py has the loop. An interrupted training goes on from its last epoch.
"""

import csv
import hashlib
import os
from pathlib import Path

from groupconv.ground import atomic, fingerprint
from groupconv.ground.provenance import versions
from groupconv.network import resume
from groupconv.network.checkpoint import save, snapshot
from groupconv.network.device import be_deterministic, check_precision, choose_device, set_threads
from groupconv.network.loader import NOT_NORMALIZED, Part, Square
from groupconv.network.training import HISTORY, fit
from groupconv.network.vgg import vgg
from groupconv.settings import resources


def run(
    params: dict, manifest: str, pixels: str, checkpoint: str, best_val: str, history: str
) -> None:
    """Train one scheme from one seed; write the last and the best epoch's weights.

    The best epoch has the highest validation accuracy, the first of several. Raises DataError,
    DeviceError, DiskError; StepError if the loss is not finite.
    """
    settings, data = params["train"], params["data"]
    name = f"{params['scheme']} seed {params['seed']}"
    device = choose_device(settings["device"], "train.device")
    set_threads(settings["threads"], "train.threads")
    check_precision(settings["precision"], device, "train.precision")
    be_deterministic(device)
    scheme = params["schemes"][params["scheme"]]
    needed_mb = resources.training_mb(params["model"], scheme, settings["batch_size"])
    resources.check_memory(needed_mb, f"train {name}", resources.memory_key("train", params))
    square = Square(pixels, params["model"]["input_size"])
    train, val = (Part(manifest, square, part) for part in ("train", "val"))
    statistics = train.statistics() if data["normalize"] else NOT_NORMALIZED
    model = vgg(**scheme, classes=len(train.classes), seed=params["seed"], **params["model"])
    parameters = sum(p.numel() for p in model.parameters())
    # Two checkpoints, and saved states with weights, momentum and the best epoch's weights.
    files = 2 + 3 * (resume.KEPT + 1)
    atomic.check_free(checkpoint, files * resources.checkpoint_bytes(parameters), "a training")
    made_with = {
        "params": params,
        "classes": train.classes,
        "normalization": statistics,
        "pixels_sha256": square.sha256(),
        "manifest_sha256": hashlib.sha256(Path(manifest).read_bytes()).hexdigest(),
        "versions": versions("torch", "numpy"),
    }

    decides = {**made_with, "code": fingerprint.digest("train"), "device": device.type}
    with resume.Resume(Path(checkpoint).parent, decides, f"train {name}") as saved:
        # It may have lost its files: Snakemake removes what is there before it starts a job.
        if saved.finished_by_another and all(map(os.path.exists, (checkpoint, best_val, history))):
            return
        rows, best = fit(
            model.to(device),
            train,
            val,
            statistics,
            settings,
            seed=params["seed"],
            label=f"train {name}",
            made_with=made_with,
            saved=saved,
        )
        save(best, best_val)
        save(snapshot(model, settings["epochs"], made_with), checkpoint)
        with atomic.write(history) as file:
            table = csv.DictWriter(file, HISTORY, lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
