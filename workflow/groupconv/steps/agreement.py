"""Step agreement: this run's networks on each back end below fp32 -> agreement.json.

How often does a back end give real test images the class that eager gives them? The networks are
this run's trained ones, as small as they are; their convolutions are those of the full model,
which is timed. Knows no clock.
"""

import json

from groupconv.ground import atomic
from groupconv.ground.progress import many, say
from groupconv.network.back_ends.table import BACK_ENDS
from groupconv.results.back_ends import LEAST, LEAST_IMAGES, Agreement
from groupconv.results.order import in_order


def run(
    params: dict, manifest: str, pixels: str, last: str, best_val: str, agreement_json: str
) -> None:
    """Ask every scheme's network of the first seed, of the checkpoint that evaluate reads, too.

    ``last`` and ``best_val`` have {scheme} and {seed} in them.

    Where latency.back_ends has none below fp32, the file says that no network was asked.
    Raises DataError if a checkpoint is another scheme's, or was trained on other images than
    ``pixels``; DeviceError if the device or the cores are not there.
    """
    below = [name for name in params["latency"]["back_ends"] if not BACK_ENDS[name].is_exact]
    content = {
        "what": "images of the test part, evenly over it, that get the class that eager gives them",
        "least": LEAST,
        "least_images": LEAST_IMAGES,
        "back_ends": {},
        "skipped": {},
        "schemes": {},
    }
    if below:
        checkpoint = {"last": last, "best_val": best_val}[params["evaluate"]["checkpoint"]]
        content |= measured(params, below, manifest, pixels, checkpoint)
    atomic.write_text(agreement_json, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def measured(
    params: dict, below: list[str], manifest: str, pixels: str, checkpoint: str
) -> dict[str, object]:
    """What the networks gave on each of the back ends ``below`` fp32, and what they ran on."""
    # Slow to import: a run without such a back end takes a second.
    from groupconv.ground.provenance import machine, versions
    from groupconv.network.agreement import CALIBRATION, IMAGES, agreement
    from groupconv.network.back_ends.prepared import runs_here
    from groupconv.network.device import choose_device, set_threads
    from groupconv.network.restored import check_scheme, parts_of, restored
    from groupconv.results.intervals import wilson

    settings, seed = params["latency"], params["train"]["seeds"][0]
    device = choose_device(settings["device"], "latency.device")
    set_threads(settings["threads"], "latency.threads")
    names, skipped = runs_here(below, device)
    found: dict[str, dict] = {}
    for scheme in in_order(params["schemes"]):
        trained = restored(checkpoint.replace("{scheme}", scheme).replace("{seed}", str(seed)))
        check_scheme(trained, scheme, params["schemes"][scheme])
        test, val = parts_of(trained, manifest, pixels, "test", "val")
        images = trained.images(test, IMAGES)
        of = agreement(trained, names, images, trained.images(val, CALIBRATION), device)
        found[scheme] = {
            "checkpoint": trained.path,
            "epoch": trained.epoch,
            "network": trained.sizes,
            "back_ends": {
                name: judged(row, wilson(row["agree"], row["images"])) for name, row in of.items()
            },
        }
        worst = min(of, key=lambda name: of[name]["agree"], default=None)
        said = f", {worst} {of[worst]['agree'] / of[worst]['images']:.1%} at least" if worst else ""
        if worst and len(images) < LEAST_IMAGES:
            said += f"; of less than {LEAST_IMAGES} images no back end below fp32 counts"
        say(f"agreement {scheme}: {many(len(images), 'test image')}{said}")
    return {
        "calibration": f"int8 activations: at most {CALIBRATION} images of the val part",
        "pixels_sha256": trained.pixels_sha256,
        "back_ends": {name: BACK_ENDS[name].precision for name in names},
        "skipped": skipped,
        "schemes": found,
        "device": device.type,
        "threads": settings["threads"],
        "machine": machine(),
        "versions": versions("torch", *sorted({p for n in names for p in BACK_ENDS[n].packages})),
    }


def judged(row: dict, interval: tuple[float, float]) -> dict:
    """With the share, its 95% ``interval`` (Wilson's), whether it is exact enough, or why not."""
    found = Agreement(row["agree"], row["images"])
    low, high = interval
    share, why = found.share, found.why_not()
    return {**row, "top1_agreement": share, "low": low, "high": high, "enough": not why} | (
        {"why_not": why} if why else {}
    )
