"""What a cluster must have for Snakemake to see its jobs end. Standard library."""

import re
import subprocess

from groupconv.errors import StepError

# The Slurm plugin's longest time between two looks at its jobs is 180 s, and a look takes up to 60.
JOB_AGE_S = 240


def check_squeue() -> None:
    """Raise StepError if Slurm may forget a job before squeue was asked for its end.

    Snakemake takes a job that squeue does not list for one that runs, and waits for good.
    """
    shown = subprocess.run(
        ["scontrol", "show", "config"], capture_output=True, text=True, timeout=60, check=False
    )
    age = re.search(r"^MinJobAge\s*=\s*(\d+)", shown.stdout, re.M)
    if age and int(age[1]) < JOB_AGE_S:
        raise StepError(
            "profiles/slurm/config.yaml: slurm-status-command = squeue: this cluster forgets a job "
            f"{age[1]} s after its end (MinJobAge), squeue needs {JOB_AGE_S} s; allowed: sacct"
        )
