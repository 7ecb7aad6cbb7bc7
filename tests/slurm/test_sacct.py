"""A cluster with slurmdbd: `slurm-status-command: sacct`, and an account that it does not know."""

import signal
import subprocess
import time
from pathlib import Path

import pytest
from slurm_jobs import QUICK, asked_for, jobs_of, slurm

pytestmark = [pytest.mark.slow, pytest.mark.slurm, pytest.mark.timeout(600)]

SACCT = (*QUICK, "--slurm-status-command", "sacct")
SNAKEFILE = """
rule hungry:
    output: "done"
    resources: mem_mb=lambda wildcards, attempt: 400 * attempt**2
    shell: "python3 -c 'import time; x = bytearray(500 << 20); time.sleep(5)' && touch {output}"
"""


@pytest.fixture(scope="module")
def accounts(cluster):
    """slurmdbd on the cluster; it stays until the cluster's end."""
    subprocess.run([cluster, "accounts"], check=True, timeout=250)


@pytest.fixture
def forgetful(accounts):
    """A controller that forgets a job as soon as it can."""
    file = Path("/etc/slurm/slurm.conf")
    text = file.read_text()
    file.write_text(text.replace("MinJobAge=3600", "MinJobAge=2"))
    slurm("scontrol", "reconfigure")
    yield
    file.write_text(text)
    slurm("scontrol", "reconfigure")


def states(project):
    """{job id: state} of a project's jobs, as the accounts have them."""
    lines = slurm("sacct", "-X", "-P", "-n", "-o", "JobID,State,WorkDir").splitlines()
    rows = [line.split("|") for line in lines]
    return {job: state for job, state, folder in rows if folder == str(project.folder)}


def test_what_the_controller_has_forgotten_sacct_knows(bare, forgetful):
    """Asked by squeue, Snakemake would wait for good."""
    (bare.folder / "Snakefile").write_text(
        'rule quick:\n    output: "done"\n    resources: mem_mb=300\n    shell: "touch {output}"\n'
    )
    with bare.start(*SACCT) as run:
        while not jobs_of(bare):
            assert run.poll() is None, run.stdout.read()
            time.sleep(0.1)
        run.send_signal(signal.SIGSTOP)
        until = time.monotonic() + 200
        while jobs_of(bare):
            assert time.monotonic() < until, "the controller remembers the job"
            time.sleep(1)
        run.send_signal(signal.SIGCONT)
        screen, _ = run.communicate(timeout=200)
    assert run.returncode == 0, screen
    assert set(states(bare).values()) == {"COMPLETED"}


def test_by_sacct_a_job_killed_for_memory_is_seen_and_made_again(bare, accounts):
    (bare.folder / "Snakefile").write_text(SNAKEFILE)
    run = bare.snakemake(*SACCT)
    assert run.returncode == 0, run.stdout
    killed, made = jobs_of(bare)
    assert (asked_for(killed)[3], asked_for(made)[3]) == (400, 1600)
    assert states(bare)[killed["JobId"]] in ("FAILED", "OUT_OF_MEMORY")
    assert states(bare)[made["JobId"]] == "COMPLETED"


def test_an_unknown_account_gets_one_clear_line(again, accounts):
    account = ("--set-resources", "train:slurm_account=nobody")
    run = again.snakemake(
        *SACCT, "--retries", "0", *account, "--", "results/schemes/E/seed0/checkpoint.pt"
    )
    assert run.returncode == 1
    *_, step, cause, log = run.stdout.rstrip().splitlines()
    assert step == "failed: train/E/seed0"
    assert cause.endswith("account nobody appears to be invalid. Available accounts: root")
    assert log.startswith("log: ")  # and no line of an earlier run's
    assert "Traceback" not in run.stdout
