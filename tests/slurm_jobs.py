"""What Slurm says of its jobs, and how the tests call Snakemake on it."""

import subprocess

# The tests' jobs last seconds: they are looked at more often than a site would.
QUICK = (
    "--profile",
    "slurm",
    "--slurm-init-seconds-before-status-checks",
    "2",
    "--seconds-between-status-checks",
    "3",
)


def slurm(*command: str) -> str:
    """One of Slurm's commands; returns what it prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def jobs() -> dict[str, dict[str, str]]:
    """Every job that the controller knows, {id: {field: value}}."""
    lines = slurm("scontrol", "show", "jobs", "--oneliner").splitlines()
    found = [dict(w.split("=", 1) for w in line.split() if "=" in w) for line in lines]
    return {job["JobId"]: job for job in found if "JobId" in job}
