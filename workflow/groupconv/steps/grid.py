"""Step grid: one scheme -> a row for each rate and initialisation that it was trained with.

Chooses nothing (the step sweep does), and knows no test part. Every training that came to its end
leaves a small hidden file beside the table, and one that was interrupted its saved states: asked
for again, the step makes what is missing.
"""

import csv
import hashlib
import json
from pathlib import Path

from groupconv.ground import atomic, fingerprint
from groupconv.ground.errors import DivergedError
from groupconv.ground.progress import say
from groupconv.ground.provenance import versions
from groupconv.network import resume, states
from groupconv.network.device import be_deterministic, check_precision, choose_device, set_threads
from groupconv.network.loader import NOT_NORMALIZED, Part, Square
from groupconv.network.training import HISTORY, fit
from groupconv.network.vgg import vgg
from groupconv.results.sweeping import beyond
from groupconv.settings import resources

OF_HISTORY = [name for name in HISTORY if name != "learning_rate"]
COLUMNS = ["scheme", "initialization", "learning_rate", "seed", "diverged", *OF_HISTORY]


def run(params: dict, manifest: str, pixels: str, table: str) -> None:
    """Train one scheme with each setting of ``sweep``, and beyond the best rate at an end.

    The table has the last epoch of each training. Raises DataError, DeviceError, DiskError.
    """
    settings, sweep, data = params["train"], params["sweep"], params["data"]
    scheme = params["schemes"][params["scheme"]]
    device = choose_device(settings["device"], "train.device")
    set_threads(settings["threads"], "train.threads")
    check_precision(settings["precision"], device, "train.precision")
    be_deterministic(device)
    needed_mb = resources.training_mb(params["model"], scheme, settings["batch_size"])
    key = resources.memory_key("grid", params)
    resources.check_memory(needed_mb, f"grid {params['scheme']}", key)
    square = Square(pixels, params["model"]["input_size"])
    train, val = (Part(manifest, square, part) for part in ("train", "val"))
    statistics = train.statistics() if data["normalize"] else NOT_NORMALIZED
    decides = {
        "params": {name: part for name, part in params.items() if name != "sweep"},
        "pixels_sha256": square.sha256(),
        "manifest_sha256": hashlib.sha256(Path(manifest).read_bytes()).hexdigest(),
        "normalization": statistics,
        "versions": versions("torch", "numpy"),
        "code": fingerprint.digest("grid"),
        "device": device.type,
    }
    folder, rows = Path(table).with_suffix(""), []

    def top1(initialization: str, rate: float) -> float | None:
        """Validation top-1, the mean over seeds; None if one of them diverged."""
        found = []
        for seed in settings["seeds"]:
            label = f"grid {params['scheme']} {initialization} {rate:g} seed {seed}"
            setting = {"initialization": initialization, "learning_rate": rate, "seed": seed}
            with resume.Resume(folder, {**decides, **setting}, label) as saved:
                done = folder / f".done-{saved.key}.json"
                if not done.exists():
                    model = vgg(
                        **scheme,
                        classes=len(train.classes),
                        seed=seed,
                        **(params["model"] | {"initialization": initialization}),
                    )
                    own = settings | {"learning_rate": rate}
                    how = {"seed": seed, "label": label, "made_with": {}, "saved": saved}
                    row = last_epoch(model.to(device), train, val, statistics, own, **how)
                    atomic.write_text(done, json.dumps(row))
                    for state in states.of(folder, saved.key):
                        state.unlink()
                row = json.loads(done.read_text(encoding="utf-8"))
            rows.append({"scheme": params["scheme"], **setting, **row})
            found.append(row.get("val_top1"))
        return None if None in found else sum(found) / len(found)

    for initialization in sweep["initializations"]:
        tried = {rate: top1(initialization, rate) for rate in sorted(sweep["learning_rates"])}
        for _ in range(sweep["extensions"]):
            if (rate := beyond(tried)) is None:
                break
            say(f"grid {params['scheme']} {initialization}: the best is at an end; now {rate:g}")
            tried[rate] = top1(initialization, rate)
    with atomic.write(table) as file:
        written = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        written.writeheader()
        written.writerows(rows)


def last_epoch(model, train: Part, val: Part, statistics: dict, settings: dict, **how) -> dict:
    """The history's last row; only {"diverged": 1} of a training that diverged."""
    try:
        history, _ = fit(model, train, val, statistics, settings, **how)
    except DivergedError as error:
        say(f"{how['label']}: {error}")
        return {"diverged": 1}
    return {"diverged": 0, **{name: history[-1][name] for name in OF_HISTORY}}
