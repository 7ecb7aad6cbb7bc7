"""One run of Snakemake: what happens in its main process before the first job and after the last.

Snakemake calls these hooks. Before the run they say what will be made, and why; after it they have
DVC record what was made. decisions.py decides it. A dry run writes nothing that git tracks.
"""

import atexit
import functools
import json
import os
import sys
import time
from pathlib import Path
from typing import TextIO

from snakemake.settings.enums import Quietness

from groupconv.data import sources
from groupconv.engines import (
    alive,
    cluster,
    costs,
    dates,
    dvc,
    jobs,
    limits,
    live,
    overview,
    recording,
    screen,
    stop,
    trainings,
    writable,
)
from groupconv.engines.decisions import Decisions
from groupconv.engines.dvclock import Lock
from groupconv.engines.marker import FAR, Marker
from groupconv.engines.refusal import or_refuse, refuse, unless_refused
from groupconv.engines.workload import Workload
from groupconv.ground import atomic, interrupted
from groupconv.ground.progress import many

DECIDED = "GROUPCONV_RUN"  # environment: what the main process decided, as JSON, for its jobs
TABLE = Path("results/tables/summary.txt")
AGAIN = "In a new terminal: source .venv/bin/activate"


class Run:
    """``workflow`` is Snakemake's object; ``decided`` says what is made."""

    def __init__(self, workflow, decided: Decisions):
        self.workflow, self.decided = workflow, decided
        self.kept = False  # whether DVC was told of this run
        stop.hold_alone(stop.BEFORE)
        limits.hold(workflow)
        self.handle = or_refuse(alive.hold)
        if alive.alone(self.handle):
            for left in alive.unlocked():
                self.say(f"{left}: removed; the run that left it was killed")
        self.listener = screen.Listener(workflow.output_settings, self.accepted)
        self.at_end = unless_refused(self._at_end)
        atexit.register(self.at_end)

    def stream(self) -> TextIO:
        """Where all goes that a run says: where Snakemake, or DVC that started it, says it."""
        return sys.stdout if self.workflow.dryrun or self.decided.under_dvc else sys.stderr

    def say(self, line: str) -> None:
        """Print a line, folded to the terminal."""
        screen.say(line, self.stream())

    def show_progress(self) -> None:
        """From now on: one line that stays, or plain lines; on a cluster without the steps' own."""
        # DVC starts one step, which says itself how far it is; --touch makes nothing.
        if self.decided.under_dvc or self.workflow.touch:
            return
        sys.stdout.flush()
        os.dup2(2, 1)  # the steps' lines, where all others go
        quiet = set(self.workflow.output_settings.quiet or ())
        if {Quietness.PROGRESS, Quietness.ALL} & quiet:
            return  # Snakemake then does not say either what has ended
        resources, remote = self.workflow.resource_settings, self.workflow.non_local_exec
        cores = (resources.nodes if remote else resources.cores) or 1
        every = costs.of_run(self.decided, self.listener.steps, cores)
        load = Workload(every, time.monotonic())
        self.listener.progress = live.screen(load, self.listener.streams)
        self.listener.progress.start()

    def begin(self) -> None:
        """Once all rules are read: is dvc.yaml what they say?"""
        text, derived = self.decided.dvc_yaml()
        if self.decided.under_dvc and text != derived:
            refuse("dvc.yaml: not what the rules say; `snakemake --cores 1 pipeline` mends it")
        if self.decided.under_dvc and not self.decided.is_params_yaml():
            refuse("the configuration is not params.yaml's, which DVC would record")

    def bring_up(self) -> None:
        """What a run writes, and a dry run and --lint do not: dvc.yaml as the rules say, a page."""
        text, derived = self.decided.dvc_yaml()
        if text != derived and jobs.DVC_YAML.read_text("utf-8") == text:
            or_refuse(atomic.write_text, jobs.DVC_YAML, derived)
            self.say("dvc.yaml: brought up to the rules")
        if self.decided.in_dvc and (said := dvc.plots_page()):
            self.say(said)

    def mend(self) -> None:
        """Restore dvc.lock after a killed run; until then all read the copy that lies beside it."""
        if said := recording.mend(self.handle):
            self.say(said)

    @functools.cache  # noqa: B019 - there is one object
    def marker(self) -> Marker:
        """Newer than any output of a job that is to be made, until the first job begins."""
        limits.check_hooks(self.workflow)
        if self.workflow.executor_plugin and not self.workflow.dryrun:
            or_refuse(dates.bring_within, self.decided.files_of_jobs(), FAR)
        else:  # --summary and --dag set no times either; Snakemake is told what they hide
            self.workflow.dag.forcefiles.update(self.decided.hidden(FAR))
        return or_refuse(Marker, not self.workflow.dryrun, self.handle)

    @functools.cache  # noqa: B019
    def announce(self) -> None:
        """Say which steps will be made, and why: before a run, and at the end of a dry run."""
        decided = self.decided
        if [str(trigger) for trigger in self.workflow.rerun_triggers] != ["mtime"]:
            self.say(
                "profiles/default is not in use: Snakemake may make more again than has changed"
            )
        labels = {one.name: one.label for one in decided.all_jobs()}
        for name in decided.examined().frozen:
            self.say(f"{labels[name]}: frozen in dvc.yaml: not made again")
        data, fetches = decided.params["data"], "download" in decided.made()
        for line in filter(None, (sources.instead(data), sources.estimate(data) * fetches)):
            self.say(line)
        planned = (decided.all_jobs(), decided.wanted(), decided.spared(), decided.made())
        for line in or_refuse(overview.of, *planned):
            self.say(line)
        if count := decided.to_pull():
            known = f"dvc.lock has the results of {many(count, 'job')} above"
            self.say(f"{known}: `dvc pull` brings what was pushed")

    def on_start(self) -> None:
        """Before the first job."""
        decided = self.decided
        steps = {one.step for one in decided.all_jobs() if one.name in decided.made()}
        if refused := limits.hopeless(self.workflow, decided.params, steps):
            atexit.unregister(self.at_end)  # the refusal stays the last thing on the screen
            refuse(refused)
        or_refuse(writable.check, decided.written())
        self.mend()
        if getattr(self.workflow.executor_settings, "status_command", None) == "squeue":
            or_refuse(cluster.check_squeue)
        self.before = TABLE.stat().st_mtime_ns if TABLE.exists() else None
        self.bring_up()
        self.announce()
        if decided.asked:
            self.marker().is_past()
        or_refuse(dates.bring_back, decided.files_of_jobs())
        if not decided.raw_files:
            or_refuse(dvc.empty_folder, decided.raw)
        os.environ[DECIDED] = json.dumps(decided.told())
        if decided.in_dvc and decided.is_params_yaml():
            or_refuse(recording.prune, decided.all_jobs())
        stop.hold(self.workflow.non_local_exec, self.listener.hide)
        self.show_progress()

    def accepted(self, rule: str, wildcards: dict) -> None:
        """Snakemake has accepted a job's outputs."""
        if rule == "train" and not self.decided.under_dvc:
            every = self.decided.all_jobs()
            done = [one for one in every if self._is(one, [(rule, wildcards)])]
            trainings.clear(done, Lock(os.devnull))

    def on_success(self) -> None:
        """After the last job."""
        decided = self.decided
        self.listener.stop()
        self.keep_records()
        trainings.clear(decided.all_jobs(), decided.lock(), recorded=decided.under_dvc)
        for line in () if decided.under_dvc else trainings.strays(decided.all_jobs()):
            self.say(line)
        made = TABLE.exists() and TABLE.stat().st_mtime_ns != self.before
        if made and not self.workflow.touch:
            if Path(sys.prefix).name == ".venv":
                screen.show_last(AGAIN, stream=self.stream())
            screen.show_last(TABLE.read_text("utf-8").rstrip(), stream=self.stream(), table=True)

    def on_error(self, log: str) -> None:
        """After a job failed: the last paragraph is the first to be registered."""
        self.listener.stop()
        if interrupted.happened():
            begun = [one for one in self.decided.all_jobs() if self._is(one, self.listener.running)]
            screen.show_last(stop.said(begun))
        else:
            screen.show_last(*screen.failures(log, self.listener.failed))
        self.keep_records()

    @staticmethod
    def _is(one: jobs.Job, running: list[tuple[str, dict]]) -> bool:
        """Whether Snakemake runs the job, which it knows by rule and wildcards."""
        names = {key: str(value) for key, value in one.wildcards.items()}
        return (one.step, names) in running

    def keep_records(self, at_exit: bool = False) -> None:
        """Have DVC record the results, unless a record could be false; the reason is said last."""
        decided = self.decided
        if self.kept or decided.under_dvc or not decided.in_dvc:
            return
        self.kept = True
        if not interrupted.happened():
            stop.hold_alone(stop.AFTER)
        if reason := decided.records_nothing():
            said = f"{recording.NOTHING}: {reason}"
        else:
            said = or_refuse(recording.record, decided.all_jobs(), self.handle)
        if said.startswith(recording.NOTHING) and not at_exit:
            screen.show_last(said)
        elif said:
            self.say(said)

    def _at_end(self) -> None:
        """Do what no hook does: after a dry run, and after a run with nothing to do."""
        decided = self.decided
        self.listener.stop()
        if self.workflow.dryrun and decided.dvc_yaml()[0] != decided.dvc_yaml()[1]:
            mend = "any run, or `snakemake --cores 1 pipeline`, brings it up"
            self.say(f"dvc.yaml: behind the rules; {mend}")
        if self.workflow.dryrun and recording.was_killed(self.handle):
            self.say("dvc.lock: a run was killed while it recorded; the next run restores it")
        if not decided.asked or decided.under_dvc or self.listener.refused:
            return
        if not interrupted.happened():
            stop.hold_alone(stop.LINE)
        self.announce()
        a_run = bool(self.workflow.executor_plugin) and not self.workflow.dryrun
        if a_run:
            self.mend()
            self.bring_up()
            trainings.clear(decided.all_jobs(), decided.lock())
        if not (decided.in_dvc and decided.is_params_yaml()):
            return
        waiting = len(decided.examined().unrecorded)
        if a_run and (waiting or decided.examined().code_is_new):
            self.keep_records(at_exit=True)
        elif waiting:
            self.say(f"dvc.lock: the next run records {many(waiting, 'stage')}")
