"""A small results tree with made-up numbers, for the steps that only present."""

import csv
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from groupconv.data.kept import Kept
from groupconv.pages.inputs import FigureInputs
from groupconv.settings import reads
from groupconv.steps import agreement, summary

SUMMARY = (
    "paper manifest predictions val_predictions history macs latency runs agreement steps "
    "summary comparisons metrics curves"
).split()
PER = 5  # times eight images of a class
CLASSES = ("あ", "い", "𛀁", "ん")  # the third, a hentaigana, is in no font here


MACHINE = {"cpu": "x", "gpu": None, "cores": 2, "ram_gib": 8.0, "governor": "performance"}
MACHINE |= {"python": "3", "system": "y"}


def inputs(**given):
    """What a drawing function gets; None is what it does not look at."""
    names = "params papers summary comparisons histories predictions runs layers latency manifest"
    return FigureInputs(**{**dict.fromkeys(names.split()), "images": Kept(), **given})


def comparison(measure, scheme, change, **more):
    """A row of comparisons.csv: the scheme's change from the baseline, 2 either way."""
    exact = measure in ("macs", "parameters")
    half = 0 if exact else 2
    row = {
        "measure": measure,
        "scheme": scheme,
        "reference": "baseline",
        "change": change,
        "unit": "points" if "top1" in measure else "percent",
        "low": change - half,
        "high": change + half,
        "simultaneous_low": change - 1.5 * half,
        "simultaneous_high": change + 1.5 * half,
        "p_holm": 0.04,
        "smallest_difference": 0 if exact else 2.8,
        "kind": "exact" if exact else "this network, other images",
        "seeds": 0 if exact else 1,
        "images": 0 if exact else 40,
        "note": "",
    }
    return {**row, **more}


def write_csv(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def build(root, params):
    """Write everything that claims, tables, figures and report read, but for their own outputs.

    Returns the paths by the names that the steps' run() give them.
    """
    shutil.copytree(_built(json.dumps(params)).name, root, dirs_exist_ok=True)
    return paths_in(root)


@cache
def _built(params):
    """The folder of a tree, made once in this process: summary's intervals take a second."""
    folder = tempfile.TemporaryDirectory()
    _make(Path(folder.name), json.loads(params))
    return folder


def _make(root, params):
    rng = np.random.default_rng(0)
    schemes = reads.scheme_names(params)
    parts = (("train",) * 5 + ("val", "test", "test")) * PER
    for k, scheme in enumerate(schemes):
        for seed in params["train"]["seeds"]:
            folder = root / scheme / f"seed{seed}"
            for name, part in (("predictions", "test"), ("val_predictions", "val")):
                ids = [f"{c}{i}" for c in CLASSES for i in range(8 * PER) if parts[i] == part]
                hits = rng.random(len(ids)) < 0.6 - 0.02 * k
                write_csv(
                    folder / f"{name}.csv",
                    [
                        {
                            "id": i,
                            "class": i[0],
                            "predicted": i[0] if h else CLASSES[CLASSES.index(i[0]) - 1],
                            "correct": int(h),
                            "in_top5": 1,
                            "loss": 1 + 0.1 * k + (not h),
                        }
                        for i, h in zip(ids, hits, strict=True)
                    ],
                )
            (folder / "test.json").write_text(json.dumps({"machine": MACHINE}))
            write_csv(
                folder / "history.csv",
                [
                    {
                        "epoch": e,
                        "train_loss": 3 / e,
                        "train_top1": 0.2 * e,
                        "val_loss": 3.5 / e + seed / 10,
                        "val_top1": 0.15 * e,
                        "learning_rate": 0.1,
                        "seconds": 10 - k,
                        "images_per_s": 50 + k,
                    }
                    for e in (1, 2, 3)
                ],
            )
        counts = {"macs": 11_000_000_000 // (k + 1), "parameters": 133_000_000 - k}
        counts |= {"linear_macs": 120_000_000, "classifier_width": 4096, "classes": 1120}
        (root / scheme / "macs.json").write_text(json.dumps(counts))
    timed = {
        s: {
            v: {
                "median_ms": 200 / (k + 1),
                "low_ms": 190 / (k + 1),
                "high_ms": 210 / (k + 1),
                **{f"p{q}_ms": (200 + q) / (k + 1) for q in (10, 90, 99)},
                "change": 1 / (k + 1) - 1,
                "change_low": 1 / (k + 1) - 1.01,
                "change_high": 1 / (k + 1) - 0.99,
            }
            for v in ("eager", "folded")
        }
        for k, s in enumerate(schemes)
    }
    latency = {
        "input": "one image",
        "device": "cpu",
        "threads": 1,
        "rounds": 30,
        "load": {"loaded": False, "others_before": 0.01, "others_during": [0.02, 0.03]},
        "warmup_runs": 3,
        "warmup": {"most_runs": 7, "stable_within": 0.1, "runs": 3, "not_stable": []},
        "back_ends": {"eager": "fp32", "folded": "fp32"},
        "ceilings": {"flop_per_s": 8e10, "bytes_per_s": 1.5e10},
        "skipped": {},
        "machine": MACHINE,
        "versions": {"torch": "2"},
        "schemes": timed,
    }
    (root / "latency.json").write_text(json.dumps(latency))
    asked = reads.params_of(params, "agreement"), "", "", "", "", str(root / "agreement.json")
    agreement.run(*asked)  # all back ends are of fp32
    write_csv(
        root / "latency.csv",
        [
            {
                "process": process,
                "round": number,
                "scheme": s,
                "variant": v,
                "latency_ms": timed[s][v]["median_ms"] * rng.uniform(0.98, 1.02),
            }
            for process in (1, 2)
            for number in (2 * process - 1, 2 * process)
            for s in schemes
            for v in timed[s]
        ],
    )
    write_csv(root / "layers.csv", layer_rows(params["schemes"], timed))
    write_csv(
        root / "training_speed.csv",
        [
            {"scheme": s, "step": step, "seconds": 9 / (k + 1) * rng.uniform(0.98, 1.02)}
            for k, s in enumerate(schemes)
            for step in (1, 2, 3)
        ],
    )
    (root / "training_speed.json").write_text(json.dumps({"load": {"loaded": False}}))
    pixels, rows = [], []
    for name in CLASSES:
        for i in range(8 * PER):
            rows.append(
                {
                    "id": f"{name}{i}",
                    "class": name,
                    "code_point": f"U+{ord(name):04X}",
                    "offset": 300 * len(rows),
                    "height": 10,
                    "width": 10,
                    "channels": 3,
                    "split": parts[i],
                    "origin": "book",
                    "page": f"{name}{i}",
                }
            )
            pixels.append(rng.integers(0, 256, 300, dtype=np.uint8))
    write_csv(root / "manifest.csv", rows)
    write_csv(
        root / "counts.csv",
        [{"class": name, "code_point": "", "source": 9, "blank": 1, "kept": 8} for name in CLASSES],
    )
    np.save(root / "images.npy", np.concatenate(pixels))
    paths = paths_in(root)
    summary.run(reads.params_of(params, "summary"), **{name: paths[name] for name in SUMMARY})


def layer_rows(schemes, timed):
    """Of each scheme on each back end: conv-1, a grouped layer, and ReLU."""
    blank = dict.fromkeys(("stage", "groups", "macs", "bytes_moved", "floor_ms", "bound"), "")
    found = []
    for k, scheme in enumerate(schemes):
        for variant in timed[scheme]:
            parts = {
                "features.0": {"stage": 1, "groups": 1, "macs": 10**9, "floor_ms": 20},
                "features.3": {"stage": 2, "groups": 2**k, "macs": 10**10 // 2**k, "floor_ms": 9},
                "features.4": {},
            }
            for module, own in parts.items():
                more = {"bytes_moved": 10**7, "bound": "arithmetic"} if own.get("macs") else {}
                row = {"scheme": scheme, "variant": variant, "module": module, **blank, "runs": 4}
                found.append({**row, "ms": 25, "p10_ms": 24, "p90_ms": 27, **own, **more})
    return found


def paths_in(root):
    paths = {
        name: str(root / file)
        for name, file in {
            "predictions": "{scheme}/seed{seed}/predictions.csv",
            "val_predictions": "{scheme}/seed{seed}/val_predictions.csv",
            "history": "{scheme}/seed{seed}/history.csv",
            "tests": "{scheme}/seed{seed}/test.json",
            "macs": "{scheme}/macs.json",
            "latency": "latency.json",
            "runs": "latency.csv",
            "layers": "layers.csv",
            "agreement": "agreement.json",
            "steps": "training_speed.csv",
            "training_speed": "training_speed.json",
            "summary": "summary.csv",
            "comparisons": "comparisons.csv",
            "metrics": "metrics.json",
            "curves": "curves.csv",
            "manifest": "manifest.csv",
            "images": "images.npy",
            "counts": "counts.csv",
            "claims": "claims.json",
            "figures": "figures",
            "tables": "tables",
            "report": "report.html",
        }.items()
    }
    return paths | {"paper": "workflow/paper/claims.yaml"}
