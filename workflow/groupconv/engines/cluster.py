"""What a cluster must have for Snakemake to see its jobs end. For `--profile slurm` only."""

from groupconv.ground.errors import StepError

# The Slurm plugin's longest time between two looks at its jobs is 180 s, and a look takes up to 60.
JOB_AGE_S = 240


def check_squeue() -> None:
    """Raise StepError if Slurm may forget a job before squeue was asked for its end, or is down.

    Snakemake takes a job that squeue does not list for one that runs, and waits for good.
    """
    import snakemake_executor_plugin_slurm as plugin

    age = plugin.get_min_job_age()
    if age is None:
        raise StepError("scontrol show config: no MinJobAge came; is slurmctld down?")
    if age < JOB_AGE_S:
        raise StepError(
            "profiles/slurm/config.yaml: slurm-status-command = squeue: this cluster forgets a job "
            f"{age} s after its end (MinJobAge), squeue needs {JOB_AGE_S} s; allowed: sacct"
        )
    # Asked again while slurmctld is away, it has no answer: the plugin then takes sacct for all
    # its attempts, also where there are no accounts, and never sees slurmctld come back.
    plugin.get_min_job_age = lambda: age
