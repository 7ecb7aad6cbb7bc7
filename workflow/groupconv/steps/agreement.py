"""Step agreement: this run's networks on each back end below fp32 -> agreement.json.

How often does a back end give real test images the class that eager gives them? It is made where
latency.back_ends has one below fp32. The networks are this run's trained ones, as small as they
are; their convolutions are those of the full model, which is timed. Knows no clock.
"""

import json

from groupconv.ground import atomic
from groupconv.ground.progress import many, say
from groupconv.ground.provenance import machine, versions
from groupconv.network.agreement import CALIBRATION, IMAGES, LEAST, agreement
from groupconv.network.back_ends.table import BACK_ENDS, FP32, sorted_out
from groupconv.network.device import choose_device, set_threads
from groupconv.network.restored import parts_of, restored
from groupconv.results import intervals
from groupconv.results.order import in_order


def run(params: dict, manifest: str, pixels: str, checkpoint: str, agreement_json: str) -> None:
    """Ask every scheme's network of the first seed; ``checkpoint`` has {scheme} and {seed} in it.

    Raises DataError if a checkpoint was trained on other images than ``pixels``.
    """
    settings, seed = params["latency"], params["train"]["seeds"][0]
    device = choose_device(settings["device"], "latency.device")
    set_threads(settings["threads"], "latency.threads")
    below = [name for name in settings["back_ends"] if BACK_ENDS[name].precision != FP32]
    names, skipped = sorted_out(below, device.type)
    found: dict[str, dict] = {}
    for scheme in in_order(params["schemes"]):
        trained = restored(checkpoint.replace("{scheme}", scheme).replace("{seed}", str(seed)))
        test, val = parts_of(trained, manifest, pixels, "test", "val")
        images = trained.images(test, IMAGES)
        of = agreement(trained, names, images, trained.images(val, CALIBRATION), device)
        found[scheme] = {
            "checkpoint": trained.path,
            "epoch": trained.epoch,
            "network": trained.sizes,
            "back_ends": {name: judged(row) for name, row in of.items()},
        }
        worst = min(of, key=lambda name: of[name]["agree"], default=None)
        said = f", {worst} {of[worst]['agree'] / of[worst]['images']:.1%} at least" if worst else ""
        say(f"agreement {scheme}: {many(len(images), 'test image')}{said}")
    content = {
        "what": "images of the test part, evenly over it, that get the class that eager gives them",
        "calibration": f"int8 activations: at most {CALIBRATION} images of the val part",
        "least": LEAST,
        "pixels_sha256": trained.pixels_sha256,
        "back_ends": {name: BACK_ENDS[name].precision for name in names},
        "skipped": skipped,
        "schemes": found,
        "device": device.type,
        "threads": settings["threads"],
        "machine": machine(),
        "versions": versions("torch", *sorted({p for n in names for p in BACK_ENDS[n].packages})),
    }
    atomic.write_text(agreement_json, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def judged(row: dict) -> dict:
    """With the share, its 95% interval (Wilson's), and whether it is exact enough."""
    low, high = intervals.wilson(row["agree"], row["images"])
    share = row["agree"] / row["images"]
    return {**row, "top1_agreement": share, "low": low, "high": high, "enough": share >= LEAST}
