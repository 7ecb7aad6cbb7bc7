"""Step summary: all results -> comparisons.csv, summary.csv, curves.csv, metrics.json (for DVC).

Every number that tables, figures and claims show is made here or before. Knows no figures.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from groupconv.data.manifest import read_table
from groupconv.ground import atomic
from groupconv.ground.progress import say
from groupconv.results import back_ends, components, headline, intervals, measures
from groupconv.results.comparability import papers_schemes
from groupconv.results.comparisons import Plan
from groupconv.results.comparisons import table as table_of
from groupconv.results.layers import grouped_layers
from groupconv.results.learnt import guess
from groupconv.results.order import in_order
from groupconv.results.trained import AS_TEXT, seeds_of

CURVES = "epoch train_loss train_top1 val_loss val_top1".split()
METRICS = "test_top1 test_top5 test_loss val_top1 val_loss macs parameters latency_ms".split()
ENDS = {"": "change", "_low": "low", "_high": "high"}


def run(
    params: dict,
    paper: str,
    manifest: str,
    predictions: str,
    val_predictions: str,
    history: str,
    macs: str,
    latency: str,
    runs: str,
    agreement: str,
    steps: str,
    summary: str,
    comparisons: str,
    metrics: str,
    curves: str,
) -> None:
    """Join all results. Both ``predictions``, ``history`` and ``macs`` are templates with {scheme}
    and {seed}. ``paper`` (claims.yaml) says which schemes are compared as a family.

    Raises DiskError.
    """
    schemes = in_order(params["schemes"])
    seeds = seeds_of(history, schemes, params["train"]["seeds"])

    def tables(template: str, **how) -> dict[str, list[pd.DataFrame]]:
        paths = {s: [template.format(scheme=s, seed=seed) for seed in seeds[s]] for s in schemes}
        return {s: [pd.read_csv(path, **how) for path in of] for s, of in paths.items()}

    timed, agreed = _read_json(latency), _read_json(agreement)
    given = measures.Results(
        test=tables(predictions, **AS_TEXT),
        val=tables(val_predictions, **AS_TEXT),
        histories=tables(history),
        counts={s: _read_json(macs.format(scheme=s)) for s in schemes},
        runs=pd.read_csv(runs),
        pages=pages_of(manifest),
        back_ends=back_ends.BackEnds(timed["back_ends"], agreements(agreed, timed)),
        steps=pd.read_csv(steps),
    )
    rows = measures.rows(given, plan(params, yaml.safe_load(Path(paper).read_text("utf-8"))))
    compared = table_of(rows)
    atomic.write_text(comparisons, compared.to_csv(index=False, lineterminator="\n"))
    table = pd.DataFrame(
        [
            {
                **accuracy(scheme, given, compared),
                "test_guess": guess(given.test[scheme][0]["class"]),
                "test_top5": _mean(given.test[scheme], "in_top5"),
                "test_loss": _mean(given.test[scheme], "loss"),
                **last_epoch(given.histories[scheme]),
                "macs": given.counts[scheme]["macs"],
                "parameters": given.counts[scheme]["parameters"],
                **times(scheme, timed["schemes"][scheme], compared),
                **best_times(scheme, given, compared),
                "latency_loaded": int(timed["load"]["loaded"]),
            }
            for scheme in schemes
        ]
    )
    for column in ("macs", "parameters"):
        place = table.columns.get_loc(column) + 1
        table.insert(place, f"{column}_change", table[column] / table[column][0] - 1)
    atomic.write_text(summary, table.to_csv(index=False, lineterminator="\n"))
    by_scheme = table.set_index("scheme")[METRICS].astype({"macs": object, "parameters": object})
    content = {scheme: row.to_dict() for scheme, row in by_scheme.iterrows()}
    atomic.write_text(metrics, json.dumps(content, indent=2) + "\n")
    epochs = pd.concat(
        history[CURVES].assign(scheme=scheme, seed=seed)
        for scheme in schemes
        for seed, history in zip(seeds[scheme], given.histories[scheme], strict=True)
    )
    text = epochs[["scheme", "seed", *CURVES]].to_csv(index=False, lineterminator="\n")
    atomic.write_text(curves, text)


def plan(params: dict, paper: dict) -> Plan:
    """Which schemes are compared, and which comparisons count together."""
    known = papers_schemes(params["schemes"], paper["schemes"])
    return Plan(
        names=in_order(params["schemes"]),
        primary=[name for name in paper["families"]["primary"] if name in known],
        secondary=[name for name in paper["families"]["secondary"] if name in known],
        layers={name: grouped_layers(params["schemes"][name]["groups"]) for name in known},
    )


def pages_of(manifest: str) -> pd.Series:
    """The page of each image, by the image's id; an image without one is a page of its own."""
    table = read_table(manifest, ["id", "origin", "page"])
    page = table["origin"].astype(str) + "/" + table["page"].astype(str)
    return page.where(table["page"].astype(str) != "", table["id"]).set_axis(table["id"])


def accuracy(scheme: str, given: measures.Results, compared: pd.DataFrame) -> dict:
    """Test accuracy of one scheme and its change, each with an interval."""
    hits = measures.scores({scheme: given.test[scheme]}, "correct")
    pages = measures.page_numbers(given.test, given.pages)
    top1 = float(hits[scheme].mean())
    low, high = level(measures.scores(given.test, "correct"), scheme, pages)
    found = {
        "scheme": scheme,
        "seeds": len(hits[scheme]),
        "test_images": hits[scheme].shape[1],
        "test_top1": top1,
        "test_top1_low": low,
        "test_top1_high": high,
    }
    row = change_of(compared, "test_top1", scheme)
    for end, column in ENDS.items():
        found[f"test_top1_change{end}"] = row[column] / 100
    return {**found, "smallest_difference": row["smallest_difference"] / 100}


def level(scores: components.Scores, scheme: str, pages: np.ndarray) -> tuple[float, float]:
    """95% interval of a scheme's accuracy: over seeds and pages, Wilson's where both are single."""
    hits = scores[scheme]
    if len(hits) == 1 and len(np.unique(pages)) == len(pages):
        return intervals.wilson(int(hits.sum()), hits.size)
    parts = components.of_scores(scores, pages, least=1.0)
    weights = np.array([float(name == scheme) for name in parts.names])
    return intervals.of_share(float(hits.mean()), *parts.contrast(weights))


def times(scheme: str, timed: dict, compared: pd.DataFrame) -> dict:
    """Each back end's latency and its change, with intervals over processes."""
    found = {}
    for variant, figures in timed.items():
        name = "latency" if variant == "eager" else f"latency_{variant}"
        found[f"{name}_ms"] = figures["median_ms"]
        for end in ("low_ms", "high_ms", "p10_ms", "p90_ms", "p99_ms"):
            found[f"{name}_{end}"] = figures[end]
        row = change_of(compared, name, scheme)
        for end, column in ENDS.items():
            found[f"{name}_change{end}"] = row[column] / 100
    return found


def best_times(scheme: str, given: measures.Results, compared: pd.DataFrame) -> dict:
    """On its fastest back end that is exact enough: its time, and the change from the baseline's
    on its fastest of the same precision, ``best_reference_back_end``.
    """
    ms = headline.medians(given.runs)
    mine, rival = given.back_ends.pair(ms, scheme)
    row = change_of(compared, "best_latency", scheme)
    return {
        "best_latency_ms": ms[scheme, mine],
        "best_back_end": mine,
        "best_precision": given.back_ends.precisions[mine],
        "best_reference_ms": ms["baseline", rival],
        "best_reference_back_end": rival,
        **{f"best_latency_change{end}": row[column] / 100 for end, column in ENDS.items()},
    }


def agreements(agreed: dict, timed: dict) -> dict[back_ends.Cell, back_ends.Agreement]:
    """Agreement with eager of each scheme on each back end that agreement.json has.

    None if it is of another processor than latency.json, ``timed``, whose kernels may be others.
    """
    mine, theirs = (of_processor(record) for record in (agreed, timed))
    if agreed["schemes"] and mine != theirs:
        say(
            f"summary: agreement.json is of {mine}, latency.json of {theirs}: no back end below "
            "fp32 counts; make both on one machine"
        )
        return {}
    return {
        (scheme, name): back_ends.Agreement(row["agree"], row["images"])
        for scheme, of in agreed["schemes"].items()
        for name, row in of["back_ends"].items()
    }


def of_processor(record: dict) -> str:
    """The CPU or GPU that a record is of; "" where nothing was measured."""
    if "device" not in record:
        return ""
    return record["machine"]["cpu" if record["device"] == "cpu" else "gpu"]


def change_of(compared: pd.DataFrame, measure: str, scheme: str) -> dict[str, float]:
    """The row of a scheme's change against baseline; zeros for the baseline itself."""
    if scheme == "baseline":
        return {**dict.fromkeys(ENDS.values(), 0.0), "smallest_difference": np.nan}
    of = (compared["measure"] == measure) & (compared["scheme"] == scheme)
    return compared[of & (compared["reference"] == "baseline")].iloc[0].to_dict()


def last_epoch(histories: list[pd.DataFrame]) -> dict[str, float]:
    """Means over seeds: losses and accuracies of the last epoch; speed and time of all epochs."""
    last = pd.DataFrame([history.iloc[-1] for history in histories]).mean()
    return {
        **{key: float(last[key]) for key in ("train_loss", "val_loss", "train_top1", "val_top1")},
        **{key: float(last.get(key, np.nan)) for key in ("train_eval_loss", "train_eval_top1")},
        "train_images_per_s": float(np.mean([h["images_per_s"].median() for h in histories])),
        "train_seconds": float(np.mean([h["seconds"].sum() for h in histories])),
    }


def _mean(tables: list[pd.DataFrame], key: str) -> float:
    return float(np.mean([table[key].mean() for table in tables]))


def _read_json(path: str) -> dict:
    return json.loads(Path(path).read_text(encoding="utf-8"))
