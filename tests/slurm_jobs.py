"""What Slurm says of its jobs, and how the tests call Snakemake on it."""

import subprocess

from project import Project

# The tests' jobs last seconds: they are looked at more often than a site would.
QUICK = (
    "--profile",
    "slurm",
    "--slurm-init-seconds-before-status-checks",
    "2",
    "--seconds-between-status-checks",
    "3",
    "--max-status-checks-per-second",
    "10",
)
LONGER = ("epochs: 2 ", "epochs: 40 ")  # an edit of params.yaml


def slurm(*command: str) -> str:
    """One of Slurm's commands; returns what it prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=100).stdout


def jobs() -> dict[str, dict[str, str]]:
    """Every job that the controller knows, {id: {field: value}}."""
    lines = slurm("scontrol", "show", "jobs", "--oneliner").splitlines()
    found = [dict(w.split("=", 1) for w in line.split() if "=" in w) for line in lines]
    return {job["JobId"]: job for job in found if "JobId" in job}


def jobs_of(project: Project) -> list[dict[str, str]]:
    """The jobs that were submitted in a project's folder, in their order."""
    mine = [job for job in jobs().values() if job["WorkDir"] == str(project.folder)]
    return sorted(mine, key=lambda job: int(job["JobId"]))


def asked_for(job: dict[str, str]) -> tuple:
    """Partition, minutes, CPUs, memory in MB, GPUs of one job."""
    days, _, clock = job["TimeLimit"].rpartition("-")
    hours, minutes, _ = map(int, clock.split(":"))
    limit = 60 * (24 * int(days or 0) + hours) + minutes
    gpus = int(job.get("TresPerJob", "0").rpartition(":")[2])
    return job["Partition"], limit, int(job["CPUs/Task"]), megabytes(job["MinMemoryNode"]), gpus


def megabytes(text: str) -> int:
    """Slurm's 1000M, 1.50G."""
    return round(float(text[:-1]) * {"M": 1, "G": 1024}[text[-1]])
