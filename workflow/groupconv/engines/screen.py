"""The last thing on the screen: the table of results, or why a step failed."""

import atexit
import logging
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from snakemake.logging import logger
from snakemake_interface_logger_plugins.common import LogEvent

LAST_LINES = 12
# What follows Slurm's own words in the engine's report.
NOT_THE_CAUSE = "sbatch call:|For further error details"


class Listener(logging.Handler):
    """Keeps the last report of each failed job, and shows commands if they are asked for.

    `quiet: rules` keeps both off the screen. ``accepted`` is called with the rule and the wildcards
    of each job whose outputs Snakemake has accepted.
    """

    def __init__(self, show_commands: bool, accepted: Callable[[str, dict], None]):
        super().__init__()
        self.show_commands, self.accepted = show_commands, accepted
        self.jobs: dict[int, tuple[str, dict]] = {}
        self.failed: dict[str, str] = {}
        logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Take one event of Snakemake's."""
        event = getattr(record, "event", None)
        if event is LogEvent.JOB_INFO:
            self.jobs[record.jobid] = record.rule_name, dict(record.wildcards or {})
        elif event is LogEvent.JOB_FINISHED and record.job_id in self.jobs:
            self.accepted(*self.jobs[record.job_id])
        elif event is LogEvent.JOB_ERROR and record.log:
            said = re.split(NOT_THE_CAUSE, str(record.rule_msg or ""))[0]
            self.failed[record.log[0]] = " ".join(said.split())
        elif (
            event is LogEvent.SHELLCMD and self.show_commands and getattr(record, "shellcmd", None)
        ):
            print(record.shellcmd, flush=True)


def show_last(*paragraphs: str) -> None:
    """Print when Snakemake has said everything else, so that it stays in sight."""
    atexit.register(print, *(f"\n{text}" for text in paragraphs), sep="\n", file=sys.stderr)


def failures(snakemake_log: str, reported: dict[str, str]) -> Iterator[str]:
    """A paragraph per failed job: the step, the cause, its log and the log's last lines.

    ``reported``: {log: what the engine said of its job}.
    """
    text = Path(snakemake_log).read_text(encoding="utf-8", errors="replace")
    # Every step's command ends in its log: Snakemake reports the command and how it ended.
    ends = dict(re.findall(r" 2> (logs/\S+\.log)' (.+?)\.?$", text, flags=re.M))
    for name in {**ends, **reported}:
        log, said_by_engine = Path(name), reported.get(name, "")
        # The log of a job that Slurm did not take is an earlier run's.
        began = not re.search("sbatch failed|submission failed", said_by_engine)
        lines = log.read_text(errors="replace").splitlines() if began and log.exists() else []
        # The first line is the step's command.
        tail = [line for line in lines[1:] if line.strip()][-LAST_LINES:]
        said = bool(tail) and (tail[-1].startswith("error: ") or "Error" in tail[-1])
        end = f"it {ends.get(name, 'ended')} without a word: killed, or out of memory?"
        cause = tail[-1] if said else said_by_engine or end
        step = log.relative_to("logs").with_suffix("")
        yield "\n".join(
            [f"failed: {step}", cause, f"log: {log}", *(f"  | {line}" for line in tail)]
        )
