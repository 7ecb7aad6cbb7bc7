"""Step summary: all results -> summary.csv (a row per scheme), curves.csv, metrics.json (for DVC).

Every number that tables, figures and claims show is made here or before. Knows no figures.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from groupconv.ground import atomic
from groupconv.results import intervals
from groupconv.results.order import in_order

RESAMPLING_SEED = 0
CURVES = "epoch train_loss train_top1 val_loss val_top1".split()
METRICS = "test_top1 test_top5 test_loss val_top1 val_loss macs parameters latency_ms".split()


def run(
    params: dict,
    test: str,
    predictions: str,
    history: str,
    macs: str,
    latency: str,
    summary: str,
    metrics: str,
    curves: str,
) -> None:
    """Join all results. ``test``, ``predictions``, ``history`` and ``macs`` are templates with
    {scheme} and {seed}.
    """
    schemes, seeds = in_order(params["schemes"]), params["train"]["seeds"]
    timed = _read_json(latency)["schemes"]
    rng = np.random.default_rng(RESAMPLING_SEED)
    hits = {
        s: np.stack([_column(predictions, s, seed, "correct") for seed in seeds]) for s in schemes
    }
    rows = []
    for scheme in schemes:
        tests = [_read_json(test.format(scheme=scheme, seed=seed)) for seed in seeds]
        counts = _read_json(macs.format(scheme=scheme))
        top1, low, high = intervals.mean_over_seeds(hits[scheme], rng)
        change, change_low, change_high = intervals.paired_difference(
            hits[scheme], hits["baseline"], rng
        )
        row = {
            "scheme": scheme,
            "seeds": len(seeds),
            "test_images": tests[0]["images"],
            "test_top1": top1,
            "test_top1_low": low,
            "test_top1_high": high,
            "test_top1_change": change,
            "test_top1_change_low": change_low,
            "test_top1_change_high": change_high,
            "smallest_difference": intervals.smallest_difference(tests[0]["images"], top1),
            "test_top5": _mean(tests, "top5"),
            "test_loss": _mean(tests, "loss"),
            **last_epoch([pd.read_csv(history.format(scheme=scheme, seed=seed)) for seed in seeds]),
            "macs": counts["macs"],
            "parameters": counts["parameters"],
        }
        for variant, figures in timed[scheme].items():
            name = "latency" if variant == "eager" else f"latency_{variant}"
            row[f"{name}_ms"] = figures["median_ms"]
            for key in ("low_ms", "high_ms", "change", "change_low", "change_high"):
                row[f"{name}_{key}"] = figures[key]
        rows.append(row)
    table = pd.DataFrame(rows)
    for column in ("macs", "parameters"):
        place = table.columns.get_loc(column) + 1
        table.insert(place, f"{column}_change", table[column] / table[column][0] - 1)
    atomic.write_text(summary, table.to_csv(index=False, lineterminator="\n"))
    by_scheme = table.set_index("scheme")[METRICS].astype({"macs": object, "parameters": object})
    content = {scheme: row.to_dict() for scheme, row in by_scheme.iterrows()}
    atomic.write_text(metrics, json.dumps(content, indent=2) + "\n")
    epochs = pd.concat(
        pd.read_csv(history.format(scheme=scheme, seed=seed))[CURVES].assign(
            scheme=scheme, seed=seed
        )
        for scheme in schemes
        for seed in seeds
    )
    text = epochs[["scheme", "seed", *CURVES]].to_csv(index=False, lineterminator="\n")
    atomic.write_text(curves, text)


def last_epoch(histories: list[pd.DataFrame]) -> dict[str, float]:
    """Means over seeds: losses and accuracies of the last epoch; speed and time of all epochs."""
    last = pd.DataFrame([history.iloc[-1] for history in histories]).mean()
    return {
        **{key: float(last[key]) for key in ("train_loss", "val_loss", "train_top1", "val_top1")},
        "train_images_per_s": float(np.mean([h["images_per_s"].median() for h in histories])),
        "train_seconds": float(np.mean([h["seconds"].sum() for h in histories])),
    }


def _column(template: str, scheme: str, seed: int, name: str) -> np.ndarray:
    return pd.read_csv(template.format(scheme=scheme, seed=seed))[name].to_numpy()


def _mean(tests: list[dict], key: str) -> float:
    return float(np.mean([test[key] for test in tests]))


def _read_json(path: str) -> dict:
    return json.loads(Path(path).read_text(encoding="utf-8"))
