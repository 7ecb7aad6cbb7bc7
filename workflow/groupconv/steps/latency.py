"""Step latency: all schemes, interleaved, in several processes -> latency.csv, .json, layers.csv.

Always the paper's full model on one input. Each process is new and times its share of the rounds;
the step notes what other programs did meanwhile. Knows no accuracy.
"""

import csv
import json

import numpy as np
import pandas as pd

from groupconv.ground import atomic
from groupconv.ground.progress import many, say
from groupconv.ground.provenance import machine, program_version, versions
from groupconv.network import counts
from groupconv.network.apart import in_processes
from groupconv.network.architecture import FULL_MODEL
from groupconv.network.back_ends.prepared import runs_here
from groupconv.network.back_ends.table import BACK_ENDS, compiler
from groupconv.network.device import choose_device, set_threads
from groupconv.network.load import is_loaded, load_before
from groupconv.network.timing import MOST_MORE, STABLE, is_stable, measured
from groupconv.results import processes, roofline
from groupconv.results.order import in_order
from groupconv.settings import resources

PERCENTILES = (10, 90, 99)  # MLPerf Inference's single stream reports the 90th
COLUMNS = ("process", "round", "position", "scheme", "variant", "latency_ms")


def run(params: dict, runs: str, latency: str, layers: str) -> None:
    """Time one input through every scheme and back end: every run, and the medians.

    ``layers``: how long each module takes by itself; no row where latency.layer_rounds is 0.

    A back end that this machine cannot run is named, with the reason, and left out.
    Raises DeviceError if the device, the cores or the memory are not there; StepError if a
    back end of fp32 does not compute what eager does, or a process ends without a result.
    """
    settings = params["latency"]
    schemes = {scheme: params["schemes"][scheme] for scheme in in_order(params["schemes"])}
    device = choose_device(settings["device"], "latency.device")
    set_threads(settings["threads"], "latency.threads")
    names, skipped = runs_here(settings["back_ends"], device)
    for name, reason in skipped.items():
        say(f"latency: {name} is skipped: {reason}")
    settings = settings | {"back_ends": names}
    params = params | {"schemes": schemes, "latency": settings}
    what = f"latency: timing the full models of {many(len(schemes), 'scheme')}"
    key = resources.memory_key("latency", params)
    resources.check_memory(resources.latency_mb(params), what, key)
    load = load_before("latency")
    found = in_processes(measured, params, settings["processes"], device.index)
    rows = [(number, *row) for number, of in enumerate(found, start=1) for row in of["rows"]]
    with atomic.write(runs) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(rows)
    most, table = by_layer(params, found)
    text = table.to_csv(index=False, lineterminator="\n", float_format="%.6g")
    atomic.write_text(layers, text)
    load["others_during"] = [of["others"] for of in found]
    load["cores_given"] = [of["cores_given"] for of in found]
    load["loaded"] = is_loaded(load, found, device.type)
    if load["loaded"]:
        say("latency: other programs used the machine meanwhile; the result is marked")
    content = {
        "input": "one image, 3x224x224 float32",
        "architecture": params["model"]["architecture"],
        **FULL_MODEL,
        "device": device.type,
        "threads": settings["threads"],
        "warmup_runs": settings["warmup_runs"],
        "warmup": warmup(settings["warmup_runs"], [of["warmups"] for of in found]),
        "rounds": settings["rounds"],
        "layer_rounds": settings["layer_rounds"],
        "processes": settings["processes"],
        "back_ends": {name: BACK_ENDS[name].precision for name in names},
        "skipped": skipped,
        "ceilings": most,  # fp32: the best that any process measured, or a layer reached
        "load": load,
        "machine": machine(),
        "versions": versions_for(names),
        "schemes": totals(pd.DataFrame(rows, columns=COLUMNS), found[0]["differences"]),
    }
    atomic.write_text(latency, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def by_layer(params: dict, found: list[dict]) -> tuple[dict | None, pd.DataFrame]:
    """(the machine's ceilings, the rows of layers.csv); None where no layer was timed."""
    every = [of for of in found if "modules" in of]  # a process may have no such round
    rows = [row for of in every for row in of["modules"]]
    architecture = params["model"]["architecture"]
    layers = {
        scheme: counts.layers(architecture, **{**FULL_MODEL, **entry})
        for scheme, entry in params["schemes"].items()
    }
    times = pd.DataFrame(rows, columns=["scheme", "variant", "module", "ms"])
    most = roofline.highest([of["ceilings"] for of in every], times, layers) if every else None
    return most, roofline.table(times, layers, most)


def warmup(least: int, processes: list[dict[tuple, list[float]]]) -> dict:
    """The rule, the most runs that it took, and which models it left before two runs agreed."""
    every = [(key, ms) for of in processes for key, ms in of.items()]
    return {
        "most_runs": least + MOST_MORE,
        "stable_within": STABLE,
        "runs": max(len(ms) - 1 for _, ms in every),  # but for the first, which was compared
        "not_stable": sorted({" ".join(key) for key, ms in every if not is_stable(ms)}),
    }


def versions_for(names: list[str]) -> dict[str, str]:
    """Versions of what these back ends run on; of a compiler its name, too."""
    packages = {package for name in names for package in BACK_ENDS[name].packages}
    found = versions("torch", "numpy", *sorted(packages))
    if any(BACK_ENDS[name].compiles for name in names) and (program := compiler()):
        found["compiler"] = program_version(program)
    return found


def totals(runs: pd.DataFrame, differences: dict[str, dict[str, float]]) -> dict:
    """{scheme: {variant: the median, and its interval over processes}}, baseline's first."""
    result: dict[str, dict] = {}
    for variant in processes.variants(runs):
        by_process = processes.medians(runs, variant)
        for scheme in differences:
            of = (runs["scheme"] == scheme) & (runs["variant"] == variant)
            ms = runs[of]["latency_ms"]
            low, high = processes.interval(by_process[scheme])
            result.setdefault(scheme, {})[variant] = {
                "median_ms": float(ms.median()),
                "low_ms": low,
                "high_ms": high,
                "quartile1_ms": float(np.quantile(ms, 0.25)),
                "quartile3_ms": float(np.quantile(ms, 0.75)),
                **{f"p{q}_ms": float(np.quantile(ms, q / 100)) for q in PERCENTILES},
                "runs": len(ms),
                "difference_from_eager": differences[scheme][variant],
            }
    return result
