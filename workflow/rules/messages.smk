# What a person reads: a refusal before the first job, the results or the cause after the last.

import logging
import re

from snakemake.logging import logger
from snakemake_interface_logger_plugins.common import LogEvent

LAST_LINES = 12
NOT_THE_CAUSE = (
    "sbatch call:|For further error details"  # what follows it in the engine's words
)
TABLE = Path("results/tables/summary.txt")
BEFORE = TABLE.stat().st_mtime_ns if TABLE.exists() else None


class Failed(logging.Handler):
    """Keeps the last report of each failed job, which `quiet: rules` keeps off the screen."""

    def __init__(self):
        super().__init__()
        self.by_log = {}

    def emit(self, record):
        if getattr(record, "event", None) is LogEvent.JOB_ERROR and record.log:
            said = re.split(NOT_THE_CAUSE, str(record.rule_msg or ""))[0]
            self.by_log[record.log[0]] = " ".join(said.split())


failed = Failed()
logger.addHandler(failed)


def show_last(*lines):
    """Print when Snakemake has said everything else, so that it stays in sight."""
    atexit.register(print, *(f"\n{line}" for line in lines), sep="\n", file=sys.stderr)


def failures(snakemake_log):
    """A paragraph per failed job: the step, the cause, its log and the log's last lines."""
    text = Path(snakemake_log).read_text(encoding="utf-8", errors="replace")
    # Every step's command ends in its log: Snakemake reports the command and how it ended.
    ends = dict(re.findall(r" 2> (logs/\S+\.log)' (.+?)\.?$", text, flags=re.M))
    for name in {**ends, **failed.by_log}:
        log, said_by_engine = Path(name), failed.by_log.get(name, "")
        # The log of a job that Slurm did not take is an earlier run's.
        began = not re.search("sbatch failed|submission failed", said_by_engine)
        lines = (
            log.read_text(errors="replace").splitlines()
            if began and log.exists()
            else []
        )
        tail = [line for line in lines if line.strip()][-LAST_LINES:]
        said = bool(tail) and (tail[-1].startswith("error: ") or "Error" in tail[-1])
        end = f"it {ends.get(name, 'ended')} without a word: killed, or out of memory?"
        cause = tail[-1] if said else said_by_engine or end
        step = log.relative_to("logs").with_suffix("")
        yield "\n".join(
            [f"failed: {step}", cause, f"log: {log}", *(f"  | {line}" for line in tail)]
        )


onstart:
    # Snakemake would silently run a job on fewer threads; here threads are part of the result.
    for step in ("train", "latency"):
        threads, cores = config[step]["threads"], workflow.resource_settings.cores
        if cores is not None and threads > cores:
            sys.exit(
                f"params.yaml: {step}.threads = {threads}: --cores is {cores}; "
                f"allowed: 1 to {cores}, or more --cores"
            )
    if getattr(workflow.executor_settings, "status_command", None) == "squeue":
        or_refuse(cluster.check_squeue)
    announce()
    if lock.in_use() and is_params_yaml():
        lock.prune(all_stages())
    # The steps take from it what was made before, on other nodes too.
    if lock.in_use():
        os.environ[lock.CACHE] = lock.cache_folder()


onsuccess:
    keep_records()
    if TABLE.exists() and TABLE.stat().st_mtime_ns != BEFORE:
        show_last(TABLE.read_text(encoding="utf-8").rstrip())


onerror:
    keep_records()
    show_last(*failures(log[0] if isinstance(log, list) else log))
