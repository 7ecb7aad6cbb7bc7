"""What summary.csv and metrics.json say of results whose numbers are known."""

import copy
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from groupconv.network.back_ends.table import BACK_ENDS, DEFAULT
from groupconv.results import entries, intervals
from groupconv.settings import config, reads
from groupconv.steps import summary
from results_tree import SUMMARY, build

PARAMS = config.load("params.yaml")


def table(paths):
    return pd.read_csv(paths["summary"], float_precision="round_trip").set_index("scheme")


def hits(paths, scheme, seed):
    return pd.read_csv(paths["predictions"].format(scheme=scheme, seed=seed))["correct"]


@pytest.fixture(scope="module")
def one_seed(tmp_path_factory):
    return build(tmp_path_factory.mktemp("one"), PARAMS)


@pytest.fixture(scope="module")
def three_seeds(tmp_path_factory):
    params = copy.deepcopy(PARAMS)
    params["train"]["seeds"] = [0, 3, 7]
    return build(tmp_path_factory.mktemp("three"), params)


def test_one_seed_has_wilsons_interval(one_seed):
    for scheme, row in table(one_seed).iterrows():
        correct = hits(one_seed, scheme, 0)
        expected = intervals.wilson(int(correct.sum()), len(correct))
        assert (row["test_top1_low"], row["test_top1_high"]) == pytest.approx(expected)
        assert row["test_images"] == len(correct)


def test_an_entry_of_claims_yaml_may_name_each_measure(one_seed):
    found = set(pd.read_csv(one_seed["comparisons"])["measure"])
    assert found - {"best_latency"} <= set(entries.MEASURES)
    assert set(entries.MEASURES) - found <= {
        "train_eval_loss",
        "train_eval_top1",
        "training_seconds",
        *(f"latency_{name}" for name in BACK_ENDS if name not in DEFAULT),
    }


def test_a_change_is_paired_by_image_with_the_baseline(one_seed):
    rows = table(one_seed)
    ends = ("test_top1_change", "test_top1_change_low", "test_top1_change_high")
    assert (rows.loc["baseline", list(ends)] == 0).all()
    for scheme in "ABCDE":
        change, low, high = rows.loc[scheme, list(ends)]
        truth = (hits(one_seed, scheme, 0) - hits(one_seed, "baseline", 0)).mean()
        assert change == pytest.approx(truth)
        assert low <= change <= high


@pytest.mark.parametrize("names", [("NA", "b"), ("01", "1"), ("null", "NA")])
def test_a_guess_is_the_share_of_the_most_frequent_class(tmp_path, names):
    """Classes may be called NA or 01: as no text, they were lost or one."""
    paths = build(tmp_path, PARAMS)
    for scheme in PARAMS["schemes"]:
        for kind in ("predictions", "val_predictions"):
            path = paths[kind].format(scheme=scheme, seed=0)
            found = pd.read_csv(path)
            found["class"] = [names[i % 4 == 3] for i in range(len(found))]
            found.to_csv(path, index=False)
    summary.run(reads.params_of(PARAMS, "summary"), **{name: paths[name] for name in SUMMARY})
    assert table(paths)["test_guess"].tolist() == pytest.approx([0.75] * 6, abs=0.02)


def test_seeds_are_averaged(three_seeds):
    rows = table(three_seeds)
    assert (rows["seeds"] == 3).all()
    mean = np.mean([hits(three_seeds, "D", seed).mean() for seed in (0, 3, 7)])
    assert rows.loc["D", "test_top1"] == pytest.approx(mean)
    # made up: the last epoch's validation loss is 3.5 / 3 + seed / 10
    assert rows.loc["D", "val_loss"] == pytest.approx(3.5 / 3 + 1 / 3)
    assert rows.loc["D", "train_seconds"] == pytest.approx(3 * 6)  # the sum of three epochs


def test_eager_is_latency_ms_and_every_other_variant_has_its_own_columns(one_seed):
    timed = json.loads(Path(one_seed["latency"]).read_text())["schemes"]
    compared = pd.read_csv(one_seed["comparisons"])
    changes = compared[compared["reference"] == "baseline"].set_index(["measure", "scheme"])
    for scheme, row in table(one_seed).iterrows():
        for variant, prefix in (("eager", "latency"), ("folded", "latency_folded")):
            assert row[f"{prefix}_ms"] == timed[scheme][variant]["median_ms"]
            assert row[f"{prefix}_low_ms"] == timed[scheme][variant]["low_ms"]
            row_of = changes.loc[(prefix, scheme)] if scheme != "baseline" else {"high": 0.0}
            assert row[f"{prefix}_change_high"] == pytest.approx(row_of["high"] / 100)


def test_a_back_end_added_to_the_record_is_a_column_without_a_change_here(tmp_path):
    paths = build(tmp_path, PARAMS)
    record = json.loads(Path(paths["latency"]).read_text())
    for variants in record["schemes"].values():
        variants["onnx"] = {**variants["folded"], "median_ms": 7.0}
    Path(paths["latency"]).write_text(json.dumps(record))
    runs = pd.read_csv(paths["runs"])
    more = runs[runs["variant"] == "folded"].assign(variant="onnx")
    pd.concat([runs, more]).to_csv(paths["runs"], index=False)
    summary.run(reads.params_of(PARAMS, "summary"), **{name: paths[name] for name in SUMMARY})
    assert (table(paths)["latency_onnx_ms"] == 7.0).all()


def with_bf16(tmp_path, shares, cpu=None, images=1000):
    """A run with a back end in bf16, twice as fast as folded; ``shares``: agreement by scheme."""
    paths = build(tmp_path, PARAMS)
    record = json.loads(Path(paths["latency"]).read_text())
    record["back_ends"]["folded_bf16"] = "bf16"
    for of in record["schemes"].values():
        of["folded_bf16"] = {**of["folded"], "median_ms": of["folded"]["median_ms"] / 2}
    Path(paths["latency"]).write_text(json.dumps(record))
    runs = pd.read_csv(paths["runs"])
    more = runs[runs["variant"] == "folded"].assign(variant="folded_bf16")
    more["latency_ms"] /= 2
    pd.concat([runs, more]).to_csv(paths["runs"], index=False)
    agreed = json.loads(Path(paths["agreement"]).read_text())
    for scheme, share in shares.items():
        row = {"agree": round(share * images), "images": images}
        agreed["schemes"][scheme] = {"back_ends": {"folded_bf16": row}}
    agreed |= {"device": "cpu", "machine": {"cpu": cpu or record["machine"]["cpu"]}}
    Path(paths["agreement"]).write_text(json.dumps(agreed))
    summary.run(reads.params_of(PARAMS, "summary"), **{name: paths[name] for name in SUMMARY})
    changes = pd.read_csv(paths["comparisons"])
    return table(paths), changes[changes["measure"] == "best_latency"].set_index("scheme")


def test_best_is_compared_with_best_of_the_same_precision(one_seed, tmp_path):
    rows, of_fp32 = table(one_seed), {"eager", "folded"}
    assert set(rows["best_back_end"]) | set(rows["best_reference_back_end"]) <= of_fp32
    exact = dict.fromkeys(PARAMS["schemes"], 0.995)
    best, changes = with_bf16(tmp_path, exact | {"D": 0.98})
    assert best["best_back_end"].drop("D").unique() == ["folded_bf16"]
    assert best.loc["D", "best_back_end"] in of_fp32  # 98% are not enough
    assert best.loc["D", "best_reference_back_end"] in of_fp32
    assert best.loc["E", "best_reference_back_end"] == "folded_bf16"
    assert best.loc["E", "best_latency_ms"] == pytest.approx(
        rows.loc["E", "latency_folded_ms"] / 2, rel=0.02
    )
    assert best.loc["E", "best_latency_change"] == pytest.approx(changes.loc["E", "change"] / 100)
    assert set(changes["reference"]) == {"baseline"}
    assert best.loc["baseline", "best_latency_change"] == 0


def test_where_the_baseline_is_not_exact_enough_no_scheme_is_compared_below_fp32(tmp_path):
    best, _ = with_bf16(tmp_path, dict.fromkeys(PARAMS["schemes"], 1.0) | {"baseline": 0.9})
    assert "folded_bf16" not in {*best["best_back_end"], *best["best_reference_back_end"]}


def test_few_test_images_say_nothing_of_a_back_end_below_fp32(tmp_path):
    best, _ = with_bf16(tmp_path, dict.fromkeys(PARAMS["schemes"], 1.0), images=15)
    assert "folded_bf16" not in {*best["best_back_end"], *best["best_reference_back_end"]}


def test_agreement_on_another_processor_counts_for_nothing_and_is_said(tmp_path, capfd):
    exact = dict.fromkeys(PARAMS["schemes"], 1.0)
    best, _ = with_bf16(tmp_path, exact, cpu="another")
    assert "folded_bf16" not in {*best["best_back_end"], *best["best_reference_back_end"]}
    assert "agreement.json is of another, latency.json of x: no back end below fp32 counts" in (
        " ".join(capfd.readouterr().err.split())
    )


def test_the_same_results_give_the_same_bytes(one_seed):
    before = [
        Path(one_seed[name]).read_bytes()
        for name in ("summary", "comparisons", "metrics", "curves")
    ]
    summary.run(reads.params_of(PARAMS, "summary"), **{name: one_seed[name] for name in SUMMARY})
    assert [
        Path(one_seed[name]).read_bytes()
        for name in ("summary", "comparisons", "metrics", "curves")
    ] == before
