"""The last thing on the screen: the table of results, or why a step failed."""

import atexit
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from snakemake.logging import logger
from snakemake_interface_logger_plugins.common import LogEvent

from groupconv.engines import fold, jobs
from groupconv.engines.plain import Plain
from groupconv.ground import interrupted

LAST_LINES = 12
# What follows Slurm's own words in the engine's report.
NOT_THE_CAUSE = "sbatch call:|For further error details"

NOISE = re.compile(
    r"Select jobs to execute|Execute \d+ jobs|Reasons:\n|Using workflow specific profile"
    r"|(WorkflowError:\s+)?At least one job did not complete"
    r"|RuleException:\s+CalledProcessError in |Shutting down, this might take|Exiting because a job"
    r"|\d+ jobs have missing provenance|Rules with missing metadata"
    r"|Building DAG of jobs|Using shell: |Provided (local )?cores: |Provided resources: "
    r"|Provided remote nodes: |Rules claiming more threads will be scaled down"
    r"|Conda environments: ignored|Assuming unrestricted shared filesystem usage"
    r"|Complete log\(s\): |Job counts:|Elapsed time: "
    r"|Missing metadata for file data/raw/"
)
COUNTS = (LogEvent.RUN_INFO, LogEvent.PROGRESS, LogEvent.RESOURCES_INFO)


class Listener(logging.Handler):
    """Keeps the last report of each failed job, and shows commands if they are asked for.

    `quiet: rules` keeps both off the screen. ``accepted`` is called with the rule and the wildcards
    of each job whose outputs Snakemake has accepted.
    """

    def __init__(self, output_settings, accepted: Callable[[str, dict], None]):
        """``output_settings``: Snakemake's."""
        super().__init__()
        self.show_commands, self.accepted = output_settings.printshellcmds, accepted
        self.progress: Plain | None = None
        self.steps: set[str] = set()  # of which the run has jobs
        self.jobs: dict[int, tuple[str, dict]] = {}
        self.running: list[tuple[str, dict]] = []
        self.failed: dict[str, str] = {}
        self.refused = False  # Snakemake has said what is wrong
        logger.addHandler(self)
        self.streams = [one for one in logger.handlers if one.name == "DefaultStreamHandler"]
        for handler in self.streams:
            handler.nocolor |= bool(os.getenv("NO_COLOR"))  # Snakemake knows --nocolor alone
            if not output_settings.verbose:
                handler.addFilter(is_of_use)
                handler.addFilter(self.shows_once if output_settings.dryrun else is_no_count)

    def emit(self, record: logging.LogRecord) -> None:
        """Take one event of Snakemake's."""
        event = getattr(record, "event", None)
        self.refused |= record.levelno >= logging.ERROR
        if event is LogEvent.RUN_INFO:
            self.steps = set(getattr(record, "stats", {}))
        elif event is LogEvent.JOB_INFO:
            names = {key: str(value) for key, value in (record.wildcards or {}).items()}
            self.jobs[record.jobid] = job = record.rule_name, names
            self.running.append(job)
            if self.progress and record.log:  # `all`, and the like, have none
                self.progress.begin(record.rule_name, jobs.label(*job))
        elif event is LogEvent.JOB_FINISHED and record.job_id in self.jobs:
            job = self.jobs[record.job_id]
            self.running = [one for one in self.running if one != job]
            if self.progress:
                self.progress.end(jobs.label(*job))
            self.accepted(*job)
        elif event is LogEvent.JOB_ERROR and record.log:
            if self.progress and record.jobid in self.jobs:
                self.progress.fail(jobs.label(*self.jobs[record.jobid]))
            said = re.split(NOT_THE_CAUSE, str(record.rule_msg or ""))[0]
            self.failed[record.log[0]] = " ".join(said.split())
        elif (
            event is LogEvent.SHELLCMD and self.show_commands and getattr(record, "shellcmd", None)
        ):
            print(record.shellcmd, flush=True)

    def shows_once(self, record: logging.LogRecord) -> bool:
        """Whether it is not the counts of a dry run's jobs for a second time."""
        return getattr(record, "event", None) is not LogEvent.RUN_INFO or not self.steps

    def hide(self) -> None:
        """The run is interrupted: what ends now may write over a line that stays."""
        if self.progress:
            self.progress.hide()

    def stop(self) -> None:
        """The run is at its end: what is printed now stays the last."""
        if self.progress:
            self.progress.stop()
            self.progress = None


def is_of_use(record: logging.LogRecord) -> bool:
    """Whether a person needs Snakemake's message: the steps, and the plan, say more.

    What ends after Ctrl-C is no failure. Raw files have no record of Snakemake's, nor need one.
    """
    if getattr(record, "event", None) is LogEvent.JOB_FINISHED:
        return False
    if interrupted.happened() and record.levelno >= logging.WARNING:
        return False
    return not NOISE.match(str(record.msg))


def is_no_count(record: logging.LogRecord) -> bool:
    """Whether it is no count of jobs: the plan and the progress of a run are weighted by time.

    A dry run's counts are what one asks it for.
    """
    return getattr(record, "event", None) not in COUNTS


def say(text: str, stream: TextIO | None = None) -> None:
    """Print to ``stream``, or stderr, folded to its width if it is a terminal."""
    stream = stream or sys.stderr
    print(fold.lines(text, fold.width(stream)), file=stream, flush=True)


def show_last(*paragraphs: str, stream: TextIO | None = None, table: bool = False) -> None:
    """Print when Snakemake has said everything else, so that it stays in sight."""
    stream = stream or sys.stderr
    columns = fold.width(stream)
    folded = [(fold.results if table else fold.lines)(text, columns) for text in paragraphs]
    atexit.register(print, *(f"\n{text}" for text in folded), sep="\n", file=stream)


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
        if said and tail[-1] == interrupted.LINE and said_by_engine:
            said = False  # only the engine knows by whom, as Slurm for a time that is over
        cause = tail[-1] if said else said_by_engine or end
        step = log.relative_to("logs").with_suffix("")
        yield "\n".join(
            [f"failed: {step}", cause, f"log: {log}", *(f"  | {line}" for line in tail)]
        )
