# What a person reads: a refusal before the first job, the results or the cause after the last.

import re
import time

LAST_LINES = 12
STARTED = time.time()


def show_last(*lines):
    """Print when Snakemake has said everything else, so that it stays in sight."""
    atexit.register(print, *(f"\n{line}" for line in lines), sep="\n", file=sys.stderr)


def failures(snakemake_log):
    """A paragraph per failed job: the step, the cause, its log and the log's last lines."""
    text = Path(snakemake_log).read_text(encoding="utf-8", errors="replace")
    # Every step's command ends in its log: Snakemake reports the command and how it ended.
    for name, end in re.findall(r" 2> (logs/\S+\.log)' (.+?)\.?$", text, flags=re.M):
        log = Path(name)
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        tail = [line for line in lines if line.strip()][-LAST_LINES:]
        said = bool(tail) and (tail[-1].startswith("error: ") or "Error" in tail[-1])
        cause = (
            tail[-1] if said else f"it {end} without a word: killed, or out of memory?"
        )
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
    announce()
    lock.prune(records.stages(records.pipeline(), config))


onsuccess:
    keep_records()
    table = Path("results/tables/summary.txt")
    if table.exists() and table.stat().st_mtime > STARTED:
        show_last(table.read_text(encoding="utf-8").rstrip())


onerror:
    keep_records()
    show_last(*failures(log[0] if isinstance(log, list) else log))
