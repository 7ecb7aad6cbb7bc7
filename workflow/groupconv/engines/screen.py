"""The last thing on the screen: the table of results, or why a step failed."""

import atexit
import logging
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from snakemake.logging import logger
from snakemake_interface_logger_plugins.common import LogEvent

from groupconv.ground import interrupted

LAST_LINES = 12
# What follows Slurm's own words in the engine's report.
NOT_THE_CAUSE = "sbatch call:|For further error details"

NOISE = re.compile(
    r"Select jobs to execute|Execute \d+ jobs|Reasons:\n|Using workflow specific profile"
    r"|At least one job did not complete"
    r"|\d+ jobs have missing provenance|Rules with missing metadata"
    r"|Missing metadata for file data/raw/"
)


class Listener(logging.Handler):
    """Keeps the last report of each failed job, and shows commands if they are asked for.

    `quiet: rules` keeps both off the screen. ``accepted`` is called with the rule and the wildcards
    of each job whose outputs Snakemake has accepted.
    """

    def __init__(self, show_commands: bool, accepted: Callable[[str, dict], None]):
        super().__init__()
        self.show_commands, self.accepted = show_commands, accepted
        self.jobs: dict[int, tuple[str, dict]] = {}
        self.running: list[tuple[str, dict]] = []
        self.failed: dict[str, str] = {}
        self.refused = False  # Snakemake has said what is wrong
        logger.addHandler(self)
        for handler in logger.handlers:
            if handler.name == "DefaultStreamHandler":
                handler.addFilter(is_of_use)

    def emit(self, record: logging.LogRecord) -> None:
        """Take one event of Snakemake's."""
        event = getattr(record, "event", None)
        self.refused |= record.levelno >= logging.ERROR
        if event is LogEvent.JOB_INFO:
            names = {key: str(value) for key, value in (record.wildcards or {}).items()}
            self.jobs[record.jobid] = record.rule_name, names
            self.running.append(self.jobs[record.jobid])
        elif event is LogEvent.JOB_FINISHED and record.job_id in self.jobs:
            job = self.jobs[record.job_id]
            self.running = [one for one in self.running if one != job]
            self.accepted(*job)
        elif event is LogEvent.JOB_ERROR and record.log:
            said = re.split(NOT_THE_CAUSE, str(record.rule_msg or ""))[0]
            self.failed[record.log[0]] = " ".join(said.split())
        elif (
            event is LogEvent.SHELLCMD and self.show_commands and getattr(record, "shellcmd", None)
        ):
            print(record.shellcmd, flush=True)


def is_of_use(record: logging.LogRecord) -> bool:
    """Whether a person needs Snakemake's message: the steps, and the plan, say more.

    What ends after Ctrl-C is no failure. Raw files have no record of Snakemake's, nor need one.
    """
    if getattr(record, "event", None) is LogEvent.JOB_FINISHED:
        return False
    if interrupted.happened() and record.levelno >= logging.WARNING:
        return False
    return not NOISE.match(str(record.msg))


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
