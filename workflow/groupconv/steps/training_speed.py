"""Step training_speed: a few training steps of each scheme -> training_speed.csv, .json.

Always the paper's full model at 224x224 px with batches of 20: what a claim about training time
is about, whatever was trained. Knows no data and no accuracy.
"""

import csv
import json
import statistics

from groupconv.ground import atomic
from groupconv.ground.progress import say
from groupconv.network.architecture import FULL_MODEL
from groupconv.results.order import in_order
from groupconv.settings import resources

COLUMNS = ("scheme", "step", "seconds")


def run(params: dict, steps: str, speed: str) -> None:
    """Time ``training_speed.steps`` steps of each scheme: every one (``steps``), and the medians.

    With 0 steps both files say that nothing was timed. Raises DiskError; DeviceError if the
    device, the cores or the memory are not there.
    """
    wanted = params["training_speed"]["steps"]
    content = {
        "steps": wanted,
        "batch_size": resources.PAPERS_BATCH,
        "architecture": params["model"]["architecture"],
        **FULL_MODEL,
    }
    rows: list[tuple[str, int, float]] = []
    if wanted:
        rows, made_with = measured(params)
        content |= made_with
    with atomic.write(steps) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(rows)
    content["schemes"] = totals(rows)
    atomic.write_text(speed, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def measured(params: dict) -> tuple[list[tuple[str, int, float]], dict]:
    """The rows of COLUMNS, and machine, versions, threads and the load beside the steps."""
    # Slow to import: a run that times nothing takes a second.
    from groupconv.ground.provenance import machine, versions
    from groupconv.network.device import choose_device
    from groupconv.network.load import Others, is_loaded, load_before
    from groupconv.network.speed import timed_steps

    key = resources.memory_key("training_speed", params)
    needed_mb, schemes = resources.training_speed_mb(params), params["schemes"]
    resources.check_memory(needed_mb, "training_speed: the full models of all schemes", key)
    load = load_before("training_speed")
    others, device = Others(), choose_device(params["train"]["device"], "train.device").type
    rows = timed_steps(
        params["model"]["architecture"],
        {name: schemes[name] for name in in_order(schemes)},
        sizes=FULL_MODEL,
        batch_size=resources.PAPERS_BATCH,
        steps=params["training_speed"]["steps"],
        precision=params["train"]["precision"],
        device=params["train"]["device"],
        threads=params["train"]["threads"],
    )
    during = {"others": others.share(), "cores_given": others.given()}
    loaded = is_loaded(load, [during], device)
    if loaded:
        say("training_speed: other programs used the machine meanwhile; the result is marked")
    made_with = {
        "precision": params["train"]["precision"],
        "device": params["train"]["device"],
        "threads": params["train"]["threads"],
        "load": {**load, **during, "loaded": loaded},
        "machine": machine(),
        "versions": versions("torch", "numpy"),
    }
    return rows, made_with


def totals(rows: list[tuple[str, int, float]]) -> dict[str, dict[str, float]]:
    """{scheme: median, least and most seconds of a step}, baseline's first."""
    of_scheme: dict[str, list[float]] = {}
    for scheme, _, seconds in rows:
        of_scheme.setdefault(scheme, []).append(seconds)
    return {
        scheme: {
            "median_s": statistics.median(of_scheme[scheme]),
            "min_s": min(of_scheme[scheme]),
            "max_s": max(of_scheme[scheme]),
        }
        for scheme in in_order(of_scheme)
    }
