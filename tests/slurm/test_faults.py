"""`snakemake --profile slurm` when things go wrong. Every test ends within a bound."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from slurm_jobs import LONGER, QUICK, asked_for, jobs, jobs_of, slurm
from versioned import copied

pytestmark = [pytest.mark.slow, pytest.mark.slurm, pytest.mark.timeout(600)]

TARGET = "results/schemes/E/seed0/checkpoint.pt"


def test_killed_for_memory_a_training_succeeds_with_more(again):
    """The estimate is made too low by less than the retries raise it."""
    again.edit("PROCESS_MB = 1300", "PROCESS_MB = 350", "workflow/groupconv/settings/resources.py")
    run = again.snakemake(*QUICK, "--retries", "4", TARGET)
    assert run.returncode == 0, run.stdout
    *killed, last = jobs_of(again)
    assert last["JobState"] == "COMPLETED"
    assert killed
    least = asked_for(killed[0])
    for attempt, job in enumerate((*killed, last), 1):
        assert asked_for(job)[1] == attempt * least[1]
        assert asked_for(job)[3] == attempt * least[3]
    for job in killed:
        assert job["JobState"] in ("FAILED", "OUT_OF_MEMORY")
        assert "exceeded memory limit" in Path(job["StdOut"]).read_text()


def test_over_its_time_a_job_is_ended_and_said(again):
    again.edit("epochs: 3 ", "epochs: 99999 ")
    run = again.snakemake(
        *QUICK, "--retries", "0", "--set-resources", "train:runtime=1", "--", TARGET
    )
    assert run.returncode == 1
    last = run.stdout.rstrip().split("\n\n")[-1]
    assert "failed: train/E/seed0" in last
    assert "TIMEOUT" in last


@pytest.fixture(scope="session")
def quiet(local, tmp_path_factory):
    """What the longer training writes that nothing disturbs."""
    project = copied(local, tmp_path_factory.mktemp("quiet"))
    project.edit(*LONGER)
    assert project.snakemake("--cores", "2", TARGET).returncode == 0
    return (project.folder / TARGET).read_bytes()


def in_training(run, project):
    """The job that trains, once it has made an epoch."""
    log = project.folder / "logs" / "train" / "E" / "seed0.log"
    while "epoch 3/" not in (log.read_text() if log.exists() else ""):
        assert run.poll() is None, run.stdout.read()
        time.sleep(0.1)
    (job,) = jobs_of(project)
    return job


def start(project, *options):
    """Start the training of one scheme on the cluster."""
    (project.folder / "logs" / "train" / "E" / "seed0.log").unlink(missing_ok=True)
    return project.start(*QUICK, *options, TARGET)


def resumed_elsewhere(project, job, quiet):
    """Assert that the job was requeued once, and went on after its last epoch."""
    assert int(jobs()[job["JobId"]]["Restarts"]) == 1
    log = (project.folder / "logs" / "train" / "E" / "seed0.log").read_text()
    assert re.search(r"train E seed 0: resumed after epoch \d+/40", log)
    assert (project.folder / TARGET).read_bytes() == quiet


def test_when_its_node_goes_down_it_resumes_on_another_with_the_same_bytes(longer, quiet):
    with start(longer) as run:
        job = in_training(run, longer)
        node = job["NodeList"]
        slurm("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")
        try:
            screen, _ = run.communicate(timeout=200)
        finally:
            resume = ["scontrol", "update", f"NodeName={node}", "State=RESUME"]
            subprocess.run(resume, check=False)  # it may have come back by itself
    assert run.returncode == 0, screen
    resumed_elsewhere(longer, job, quiet)


def test_preempted_it_goes_back_to_the_queue(longer, quiet):
    with start(longer) as run:
        job = in_training(run, longer)
        slurm("srun", "-p", "urgent", "--nodes", "2", "--exclusive", "-t", "1", "true")
        screen, _ = run.communicate(timeout=200)
    assert run.returncode == 0, screen
    resumed_elsewhere(longer, job, quiet)


def test_slurmd_killed_and_slurmctld_away_it_goes_on(longer, quiet, cluster):
    """For more looks than the plugin would take without our setting, which is 5."""
    with start(longer, "--max-status-checks-per-second", "0.1", "--verbose") as run:
        node = in_training(run, longer)["NodeList"]
        subprocess.run(["pkill", "-9", "-f", f"slurmd -N {node}"], check=True)
        subprocess.run([cluster, "node", node], check=True)
        subprocess.run(["pkill", "-x", "slurmctld"], check=True)
        try:
            until = time.monotonic() + 150
            while unanswered(longer) < 7:
                assert time.monotonic() < until, "Snakemake asks no more"
                time.sleep(0.5)
        finally:
            subprocess.run(["slurmctld"], check=True)
        screen, _ = run.communicate(timeout=250)  # Slurm takes a minute to end the step
    assert run.returncode == 0, screen[-2000:]
    assert (longer.folder / TARGET).read_bytes() == quiet


def unanswered(project):
    """How often the running Snakemake has asked in vain."""
    logs = (project.folder / ".snakemake" / "log").glob("*.snakemake.log")
    last = max(logs, key=lambda log: log.stat().st_mtime)
    return last.read_text().count("could not check status of job")


def test_without_slurmctld_it_does_not_begin(again):
    subprocess.run(["pkill", "-x", "slurmctld"], check=True)
    try:
        run = again.snakemake(*QUICK, TARGET)
    finally:
        while (
            subprocess.run(
                ["pgrep", "-x", "slurmctld"], stdout=subprocess.DEVNULL, check=False
            ).returncode
            == 0
        ):
            time.sleep(0.1)
        subprocess.run(["slurmctld"], check=True)
    assert run.returncode == 1
    said = [line for line in run.stdout.splitlines() if "MinJobAge" in line]
    assert said == ["scontrol show config: no MinJobAge came; is slurmctld down?"]
    assert "Traceback" not in run.stdout


def test_ctrl_c_cancels_the_jobs(again):
    again.edit("epochs: 3 ", "epochs: 99999 ")
    with start(again) as run:
        job = in_training(run, again)
        os.killpg(run.pid, signal.SIGINT)
        run.communicate(timeout=60)
    assert run.returncode != 0
    until = time.monotonic() + 20
    while jobs()[job["JobId"]]["JobState"] != "CANCELLED" and time.monotonic() < until:
        time.sleep(0.2)
    assert jobs()[job["JobId"]]["JobState"] == "CANCELLED"
    assert not slurm("squeue", "-h").strip()


def test_a_cluster_that_forgets_its_jobs_too_soon_for_squeue_is_refused(again):
    """Snakemake would wait for good."""
    file = Path("/etc/slurm/slurm.conf")
    text = file.read_text()
    file.write_text(text.replace("MinJobAge=3600", "MinJobAge=30"))
    try:
        slurm("scontrol", "reconfigure")
        run = again.snakemake(*QUICK, TARGET)
    finally:
        file.write_text(text)
        slurm("scontrol", "reconfigure")
    assert run.returncode == 1
    said = [line for line in run.stdout.splitlines() if "MinJobAge" in line]
    assert len(said) == 1, run.stdout
    assert said[0].endswith("squeue needs 240 s; allowed: sacct")
    assert "Traceback" not in run.stdout
    assert not jobs_of(again)
