"""What must hold of every finished run: the tests' own, or `pytest tests/results --results=DIR`."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
import torch
from groupconv.data.parts import boundaries
from groupconv.pages import contents
from groupconv.settings import reads
from project import params_of


@pytest.fixture(scope="session")
def run(request):
    """The folder of a finished run."""
    return request.config.getoption("--results") or request.getfixturevalue("finished")[0].folder


@pytest.fixture(scope="session")
def params(run):
    return params_of(run)


@pytest.fixture(scope="session")
def manifest(run):
    return pd.read_csv(run / "data" / "manifest.csv", keep_default_na=False, dtype={"class": str})


@pytest.fixture(scope="session")
def trainings(run, params):
    return {
        (scheme, seed): run / "results" / "schemes" / scheme / f"seed{seed}"
        for scheme in reads.scheme_names(params)
        for seed in params["train"]["seeds"]
    }


def test_no_image_by_content_is_in_two_parts_and_every_hash_is_true(run, manifest):
    packed = np.load(run / "data" / "images.npy", mmap_mode="r")
    seen = set()
    for row in manifest.itertuples():
        shape = (row.height, row.width, row.channels)
        pixels = packed[row.offset : row.offset + int(np.prod(shape))]
        assert hashlib.sha256(repr(shape).encode() + pixels.tobytes()).hexdigest() == row.sha256
        seen.add((row.sha256, row.split))
    assert len(seen) == manifest["sha256"].nunique() == len(manifest)


def test_every_class_is_in_all_parts_with_its_share(manifest, params):
    if params["split"]["unit"] == "page":
        pytest.skip("whole pages are not shared out by class")
    if "part" in manifest and params["split"]["division"] == "published":
        pytest.skip("the source's own test part stays one")
    for _, rows in manifest.groupby("class"):
        train_end, val_end = boundaries(len(rows))
        counts = rows["split"].value_counts()
        assert counts["train"] == train_end
        assert counts["val"] == val_end - train_end


def test_every_curve_is_whole_and_finite(trainings, params):
    for folder in trainings.values():
        history = pd.read_csv(folder / "history.csv")
        assert history["epoch"].tolist() == list(range(1, params["train"]["epochs"] + 1))
        if not params["train"]["evaluate_training_part"]:
            in_eval_mode = [name for name in history if name.startswith("train_eval_")]
            assert history[in_eval_mode].isna().all(axis=None)
            history = history.drop(columns=in_eval_mode)
        assert np.isfinite(history.to_numpy()).all()
        assert history.filter(like="top1").stack().between(0, 1).all()


@pytest.mark.parametrize(
    ("part", "name", "key"), [("test", "predictions", ""), ("val", "val_predictions", "val_")]
)
def test_predictions_are_of_their_part_and_add_up(trainings, manifest, part, name, key):
    expected = manifest[manifest["split"] == part]
    for folder in trainings.values():
        rows = pd.read_csv(folder / f"{name}.csv", dtype={"class": str, "predicted": str})
        record = json.loads((folder / "test.json").read_text())
        assert rows["id"].tolist() == expected["id"].tolist()
        assert rows["class"].tolist() == expected["class"].tolist()
        assert ((rows["class"] == rows["predicted"]) == (rows["correct"] == 1)).all()
        assert record[f"{key}images"] == len(rows)
        assert record[f"{key}top1"] == rows["correct"].mean()
        assert (rows["in_top5"] >= rows["correct"]).all()


def test_the_validation_part_is_predicted_as_in_the_training(trainings, params):
    if params["evaluate"]["checkpoint"] != "last":
        pytest.skip("the history's last epoch is another one")
    for folder in trainings.values():
        record = json.loads((folder / "test.json").read_text())
        last = pd.read_csv(folder / "history.csv").iloc[-1]
        assert record["val_top1"] == pytest.approx(last["val_top1"])
        assert record["val_loss"] == pytest.approx(last["val_loss"], rel=1e-4, abs=1e-5)


def test_checkpoints_say_what_made_them(trainings, run, params):
    digest = hashlib.sha256((run / "data" / "manifest.csv").read_bytes()).hexdigest()
    for (scheme, seed), folder in trainings.items():
        saved = torch.load(folder / "checkpoint.pt", weights_only=True)
        assert saved["params"] == reads.params_of(params, "train", scheme=scheme, seed=seed)
        assert saved["manifest_sha256"] == digest
        assert saved["epoch"] == params["train"]["epochs"]


def test_latency_kept_every_run(run, params):
    rows = pd.read_csv(run / "results" / "latency.csv")
    counts = rows.groupby(["scheme", "variant"]).size()
    assert (counts == params["latency"]["rounds"]).all()
    assert set(rows["scheme"]) == set(params["schemes"])
    record = json.loads((run / "results" / "latency.json").read_text())
    for scheme, variants in record["schemes"].items():
        for variant, totals in variants.items():
            of = rows[(rows["scheme"] == scheme) & (rows["variant"] == variant)]
            assert totals["median_ms"] == pytest.approx(of["latency_ms"].median())
            assert totals["difference_from_eager"] < 1e-4


def test_summary_and_metrics_are_the_same_numbers(run, params):
    table = pd.read_csv(run / "results" / "summary.csv").set_index("scheme")
    metrics = json.loads((run / "results" / "metrics.json").read_text())
    assert list(table.index) == list(metrics) == reads.scheme_names(params)
    for scheme, numbers in metrics.items():
        for key, value in numbers.items():
            assert value == pytest.approx(table.loc[scheme, key])


def test_figures_tables_and_claims_are_all_there(run, params):
    for name in (figure.name for figure in contents.figures(reads.scheme_names(params))):
        for kind in ("png", "svg"):
            assert (run / "results" / "figures" / f"{name}.{kind}").stat().st_size > 1000
    for name in (table.name for table in contents.TABLES):
        for kind in ("csv", "md"):
            assert (run / "results" / "tables" / f"{name}.{kind}").stat().st_size > 50
    claims = json.loads((run / "results" / "claims.json").read_text())
    assert [claim["id"] for claim in claims["claims"]] == list(range(1, 14))
    assert (run / "results" / "report.html").stat().st_size > 100_000
