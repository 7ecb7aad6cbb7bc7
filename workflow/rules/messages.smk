# What a person reads: a refusal before the first job, the results or the cause after the last.

import atexit
import re


def show_last(*lines):
    """Print when Snakemake has said everything else, so that it stays in sight."""
    atexit.register(print, "", *lines, sep="\n", file=sys.stderr)


def failures(snakemake_log):
    """A paragraph per failed job: the step, the cause, its log and the log's last lines."""
    text = Path(snakemake_log).read_text(encoding="utf-8", errors="replace")
    for block in re.split(r"^Error in (?:rule|group) ", text, flags=re.M)[1:]:
        name = block.split(":", 1)[0]
        path = re.search(r"^ +log: (\S+)", block, flags=re.M)
        log = Path(path[1]) if path else None
        tail = (
            log.read_text(errors="replace").split("\n")[-12:]
            if log and log.exists()
            else []
        )
        tail = [line for line in tail if line.strip()]
        cause = (
            tail[-1]
            if tail
            else "the command ended without a word (killed, out of memory?)"
        )
        job = log.relative_to("logs").with_suffix("") if log else name
        yield f"failed: {job}\n{cause}\nlog: {log}" + "".join(
            f"\n  | {line}" for line in tail
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


onsuccess:
    if Path("results/tables/summary.txt").exists():
        show_last(
            Path("results/tables/summary.txt").read_text(encoding="utf-8").rstrip()
        )


onerror:
    show_last(*failures(log[0] if isinstance(log, list) else log))
