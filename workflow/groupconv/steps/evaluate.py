"""Step evaluate: checkpoint, test and val part -> a table of predictions for each, test.json.

A claim of the paper rests on the validation part, and its interval needs each image of that part.
Knows no training part and no optimiser.
"""

import json

import pandas as pd
import torch
import torch.nn.functional as F

from groupconv.ground import atomic
from groupconv.ground.errors import DataError
from groupconv.ground.provenance import machine
from groupconv.network.checkpoint import load
from groupconv.network.device import be_deterministic, choose_device, set_threads
from groupconv.network.loader import Part, Square
from groupconv.network.predict import predict
from groupconv.network.vgg import vgg
from groupconv.results import intervals


def run(
    params: dict,
    manifest: str,
    pixels: str,
    last: str,
    best_val: str,
    predictions: str,
    val_predictions: str,
    test: str,
) -> None:
    """Predict every image of the test and of the val part with one of the two checkpoints.

    ``test`` gets the totals of both, those of the val part as `val_...`.
    Raises DataError, DeviceError, DiskError.
    """
    device = choose_device(params["train"]["device"], "train.device")
    set_threads(params["train"]["threads"], "train.threads")
    be_deterministic(device)
    checkpoint = {"last": last, "best_val": best_val}[params["evaluate"]["checkpoint"]]
    saved = load(checkpoint)
    square = Square(pixels, saved["params"]["model"]["input_size"])
    if saved["pixels_sha256"] != square.sha256():
        raise DataError(f"{checkpoint}: trained on other pixels than {pixels} has")
    model = network(saved).to(device, memory_format=torch.channels_last)
    found = {}
    for name, path in (("test", predictions), ("val", val_predictions)):
        part = Part(manifest, square, name)
        if part.classes != saved["classes"]:
            raise DataError(f"{checkpoint}: trained on other classes than {manifest} has")
        found[name] = scored(predict(model, part, saved["normalization"]), part)
        atomic.write_text(path, found[name].to_csv(index=False, lineterminator="\n"))
    classes = len(saved["classes"])
    content = {
        "scheme": params["scheme"],
        "seed": params["seed"],
        "checkpoint": params["evaluate"]["checkpoint"],
        "epoch": saved["epoch"],
        "classes": classes,
        "chance": 1 / classes,
        **totals(found["test"]),
        **{f"val_{key}": value for key, value in totals(found["val"]).items()},
        "device": device.type,
        "machine": machine(),
    }
    atomic.write_text(test, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def network(saved: dict) -> torch.nn.Module:
    """The network of a checkpoint, with its weights, on the CPU."""
    trained = saved["params"]
    classes = len(saved["classes"])
    scheme = trained["schemes"][trained["scheme"]]
    model = vgg(**scheme, classes=classes, seed=0, **trained["model"])
    model.load_state_dict(saved["weights"])
    return model


def scored(logits: torch.Tensor, part: Part) -> pd.DataFrame:
    """One row per image: id, class, predicted, correct, in_top5 (0 or 1), loss (nats)."""
    top5 = logits.topk(min(5, logits.shape[1])).indices
    predicted = logits.argmax(1)
    return pd.DataFrame(
        {
            "id": part.ids,
            "class": [part.classes[i] for i in part.labels],
            "predicted": [part.classes[i] for i in predicted],
            "correct": (predicted == part.labels).int(),
            "in_top5": (top5 == part.labels[:, None]).any(1).int(),
            "loss": F.cross_entropy(logits.double(), part.labels, reduction="none"),
        }
    )


def totals(table: pd.DataFrame) -> dict:
    """Loss, top-1 and top-5 in [0, 1] with 95% Wilson intervals."""
    n, hits, hits5 = len(table), int(table["correct"].sum()), int(table["in_top5"].sum())
    (low, high), (low5, high5) = intervals.wilson(hits, n), intervals.wilson(hits5, n)
    return {
        "images": n,
        "loss": float(table["loss"].mean()),
        "top1": hits / n,
        "top1_low": low,
        "top1_high": high,
        "top5": hits5 / n,
        "top5_low": low5,
        "top5_high": high5,
    }
