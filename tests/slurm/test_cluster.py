"""`snakemake --profile slurm` on real jobs: the whole workflow, and what goes wrong on clusters."""

import os
import re
import signal
import subprocess
import time

import pytest
import yaml
from project import ROOT, tiny
from slurm_jobs import QUICK, jobs, slurm
from versioned import Versioned, copied

pytestmark = [pytest.mark.slow, pytest.mark.slurm, pytest.mark.timeout(300)]

TARGET = "results/schemes/E/seed0/checkpoint.pt"
OF_E = "results/schemes/E/seed0/"


def test_no_key_stands_in_both_profiles():
    keys = [
        set(yaml.safe_load((ROOT / "profiles" / name / "config.yaml").read_text()))
        for name in ("default", "slurm")
    ]
    assert not keys[0] & keys[1]


def test_the_script_refuses_a_configuration_that_it_did_not_write(cluster, tmp_path):
    """In a private view of /etc/slurm, so that the host keeps its own."""
    foreign = tmp_path / "slurm.conf"
    foreign.write_text("ClusterName=somebodys\n")
    private = f"mount --bind {foreign} /etc/slurm/slurm.conf; exec {cluster} start"
    run = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", private], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "a Slurm configuration that this script did not write" in run.stderr
    assert subprocess.run([cluster, "start"], check=False).returncode == 0  # as often as one likes


def test_the_whole_workflow_gives_what_it_gives_locally(cluster, local, wheel, tmp_path):
    project = Versioned(tiny(tmp_path, wheel).folder)
    for name in ("params.yaml", "workflow/schemas/params.schema.yaml"):
        (project.folder / name).write_bytes((local.folder / name).read_bytes())
    before = jobs()
    run = project.snakemake(*QUICK)
    assert run.returncode == 0, run.stdout
    new = {id_: job for id_, job in jobs().items() if id_ not in before}
    rules = [job["Comment"].split("_")[1] for job in new.values()]
    assert sorted(rules) == sorted(
        ["prepare", "train", "train", "evaluate", "evaluate", "macs", "macs", "latency"]
    )
    assert {job["JobState"] for job in new.values()} == {"COMPLETED"}
    first, second = (job for job in new.values() if "rule_train" in job["Comment"])
    assert first["NodeList"] != second["NodeList"]
    assert max(first["StartTime"], second["StartTime"]) < min(first["EndTime"], second["EndTime"])
    (latency,) = (job for job in new.values() if "rule_latency" in job["Comment"])
    assert latency["OverSubscribe"] == "NO"  # --exclusive
    for scheme in ("baseline", "E"):
        folder = f"results/schemes/{scheme}/seed0"
        for name in ("checkpoint.pt", "checkpoint_best_val.pt", "predictions.csv"):
            made = (project.folder / folder / name).read_bytes()
            assert made == (local.folder / folder / name).read_bytes(), (scheme, name)
    for name in ("data/manifest.csv", "data/images.npy"):
        assert (project.folder / name).read_bytes() == (local.folder / name).read_bytes()
    assert "Nothing to be done" in project.snakemake("-n").stdout


def test_dvc_repro_submits_too(longer):
    before = set(jobs())
    environment = {"SNAKEMAKE_PROFILE": "slurm"}
    os.environ |= environment
    try:
        run = longer.dvc("repro", "--single-item", "train@E-0")
    finally:
        os.environ.pop("SNAKEMAKE_PROFILE")
    assert run.returncode == 0, run.stdout
    (job,) = set(jobs()) - before
    assert "rule_train" in jobs()[job]["Comment"]
    assert "train@E-0" not in longer.dvc("status", "train@E-0").stdout


def test_a_gpu_step_sees_its_gpu(cluster, tmp_path):
    (tmp_path / "Snakefile").write_text(
        'rule gpu:\n    output: "seen"\n    resources: gpu=1, slurm_partition="gpu"\n'
        '    shell: "echo $CUDA_VISIBLE_DEVICES > {output}"\n'
    )
    project = _beside_the_profiles(tmp_path)
    run = project.snakemake(*QUICK)
    assert run.returncode == 0, run.stdout
    assert (tmp_path / "seen").read_text().strip() in ("0", "1")


def test_killed_for_memory_it_succeeds_with_more(cluster, tmp_path):
    hungry = "python3 -c 'import time; x = bytearray(400 * 10**6); time.sleep(4)'; touch done"
    (tmp_path / "Snakefile").write_text(
        'rule big:\n    output: "done"\n'
        "    resources: mem_mb=lambda wildcards, attempt: attempt * 450\n"
        f'    shell: "{hungry}"\n'
    )
    before = set(jobs())
    run = _beside_the_profiles(tmp_path).snakemake(*QUICK)
    assert run.returncode == 0, run.stdout
    states = [job["JobState"] for id_, job in sorted(jobs().items()) if id_ not in before]
    assert states[-1] == "COMPLETED"
    assert len(states) == 2
    assert states[0] in ("FAILED", "OUT_OF_MEMORY", "CANCELLED")


def test_over_its_time_a_job_is_ended_and_said(longer):
    longer.edit("epochs: 40 ", "epochs: 99999 ")
    run = longer.snakemake(
        *QUICK, "--retries", "0", "--set-resources", "train:runtime=1", "--", TARGET
    )
    assert run.returncode == 1
    last = run.stdout.rstrip().split("\n\n")[-1]
    assert "failed: train/E/seed0" in last
    assert "TIMEOUT" in last


def test_an_unknown_partition_gets_one_clear_line(longer):
    run = longer.snakemake(
        *QUICK, "--retries", "0", "--set-resources", "train:slurm_partition=nowhere", "--", TARGET
    )
    assert run.returncode == 1
    last = run.stdout.rstrip().split("\n\n")[-1].splitlines()
    assert last[0] == "failed: train/E/seed0"
    assert "invalid partition specified: nowhere" in last[1]
    assert "Traceback" not in run.stdout


def _beside_the_profiles(folder):
    """A project of one rule, with this repository's profiles."""
    (folder / "profiles").symlink_to(ROOT / "profiles")
    (folder / "slurm").symlink_to(ROOT / "slurm")
    return Versioned(folder)


@pytest.fixture
def quiet(longer, tmp_path_factory):
    """What the longer training writes that nothing disturbs."""
    project = copied(longer, tmp_path_factory.mktemp("quiet"))
    assert project.snakemake("--cores", "2", TARGET).returncode == 0
    return (project.folder / TARGET).read_bytes()


def _training(project):
    """The job that trains, once it has made an epoch."""
    log = project.folder / "logs" / "train" / "E" / "seed0.log"
    log.unlink(missing_ok=True)
    run = project.start(*QUICK, TARGET)
    while "epoch 3/" not in (log.read_text() if log.exists() else ""):
        assert run.poll() is None, run.stdout.read()
        time.sleep(0.1)
    (job,) = (j for j in jobs().values() if j["JobState"] == "RUNNING")
    return run, job


def test_when_its_node_goes_down_it_resumes_on_another_with_the_same_bytes(longer, quiet):
    run, job = _training(longer)
    with run:
        node = job["NodeList"]
        slurm("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")
        try:
            screen, _ = run.communicate(timeout=200)
        finally:
            resume = ["scontrol", "update", f"NodeName={node}", "State=RESUME"]
            subprocess.run(resume, check=False)  # it may have come back by itself
    assert run.returncode == 0, screen
    after = jobs()[job["JobId"]]
    assert int(after["Restarts"]) == 1
    log = (longer.folder / "logs" / "train" / "E" / "seed0.log").read_text()
    assert re.search(r"train E seed 0: resumed after epoch \d+/40", log)
    assert (longer.folder / TARGET).read_bytes() == quiet


def test_slurmd_killed_and_slurmctld_restarted_it_goes_on(longer, quiet, cluster):
    run, job = _training(longer)
    with run:
        node = job["NodeList"]
        subprocess.run(["pkill", "-9", "-f", f"slurmd -N {node}"], check=True)
        subprocess.run(["pkill", "-x", "slurmctld"], check=True)
        time.sleep(5)
        subprocess.run(["slurmctld"], check=True)
        subprocess.run([cluster, "node", node], check=True)
        screen, _ = run.communicate(timeout=200)
    assert run.returncode == 0, screen
    assert (longer.folder / TARGET).read_bytes() == quiet


def test_ctrl_c_cancels_the_jobs(longer):
    longer.edit("epochs: 40 ", "epochs: 99999 ")
    run, job = _training(longer)
    with run:
        os.killpg(run.pid, signal.SIGINT)
        run.communicate(timeout=60)
    assert run.returncode != 0
    for _ in range(100):
        if jobs()[job["JobId"]]["JobState"] == "CANCELLED":
            break
        time.sleep(0.2)
    assert jobs()[job["JobId"]]["JobState"] == "CANCELLED"
    assert not slurm("squeue", "-h").strip()
