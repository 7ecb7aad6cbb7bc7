"""One run of Snakemake: what happens in its main process before the first job and after the last.

Snakemake calls these hooks. Before the run they say what will be made, and why; after it they have
DVC record what was made. decisions.py decides it. A dry run writes nothing that git tracks.
"""

import atexit
import functools
import json
import os
import sys
from pathlib import Path

from groupconv.data import sources
from groupconv.engines import (
    alive,
    cluster,
    dvc,
    future,
    jobs,
    limits,
    overview,
    recording,
    screen,
    stop,
    trainings,
    writable,
)
from groupconv.engines.decisions import Decisions
from groupconv.engines.dvclock import Lock
from groupconv.engines.marker import Marker
from groupconv.engines.refusal import or_refuse, unless_refused
from groupconv.ground import atomic, interrupted

DECIDED = "GROUPCONV_RUN"  # environment: what the main process decided, as JSON, for its jobs
TABLE = Path("results/tables/summary.txt")


class Run:
    """``workflow`` is Snakemake's object; ``decided`` says what is made."""

    def __init__(self, workflow, decided: Decisions):
        self.workflow, self.decided = workflow, decided
        stop.hold_alone(stop.BEFORE)
        limits.hold(workflow)
        self.handle = or_refuse(alive.hold)
        if alive.alone(self.handle):
            for left in alive.unlocked():
                print(f"{left}: removed; the run that left it was killed", file=sys.stderr)
        if said := recording.mend(self.handle):
            print(said, file=sys.stderr)
        self.listener = screen.Listener(workflow.output_settings.printshellcmds, self.accepted)
        self.at_end = unless_refused(self._at_end)
        atexit.register(self.at_end)

    def begin(self) -> None:
        """Once all rules are read: is dvc.yaml what they say?"""
        text, derived = self.decided.dvc_yaml()
        if self.decided.under_dvc and text != derived:
            sys.exit("dvc.yaml: not what the rules say; `snakemake --cores 1 pipeline` mends it")
        if self.decided.under_dvc and not self.decided.is_params_yaml():
            sys.exit("the configuration is not params.yaml's, which DVC would record")
        if self.workflow.output_settings.dryrun and text != derived:
            mend = "any run, or `snakemake --cores 1 pipeline`, brings it up"
            print(f"dvc.yaml: behind the rules; {mend}", file=sys.stderr)

    def bring_up(self) -> None:
        """dvc.yaml as the rules say: a run writes it, a dry run and --lint do not."""
        text, derived = self.decided.dvc_yaml()
        if text != derived and jobs.DVC_YAML.read_text("utf-8") == text:
            or_refuse(atomic.write_text, jobs.DVC_YAML, derived)
            print("dvc.yaml: brought up to the rules", file=sys.stderr)

    @functools.cache  # noqa: B019 - there is one object
    def marker(self) -> Marker:
        """Newer than any output of a job that is to be made, until the first job begins."""
        limits.check_hooks(self.workflow)
        return or_refuse(Marker, not self.workflow.dryrun, self.handle)

    @functools.cache  # noqa: B019
    def announce(self) -> None:
        """Say which steps will be made, and why: before a run, and at the end of a dry run."""
        decided = self.decided
        if [str(trigger) for trigger in self.workflow.rerun_triggers] != ["mtime"]:
            print(
                "profiles/default is not in use: Snakemake may make more again than has changed",
                file=sys.stderr,
            )
        labels = {one.name: one.label for one in decided.all_jobs()}
        for name in decided.examined().frozen:
            print(f"{labels[name]}: frozen in dvc.yaml: not made again", file=sys.stderr)
        data, fetches = decided.params["data"], "download" in decided.made()
        for line in filter(None, (sources.instead(data), sources.estimate(data) * fetches)):
            print(line, file=sys.stderr)
        planned = (decided.all_jobs(), decided.wanted(), decided.spared(), decided.asked)
        for line in or_refuse(overview.of, *planned):
            print(line, file=sys.stderr)

    def on_start(self) -> None:
        """Before the first job."""
        decided = self.decided
        steps = {one.step for one in decided.all_jobs() if one.name in decided.made()}
        if refused := limits.hopeless(self.workflow, decided.params, steps):
            atexit.unregister(self.at_end)  # the refusal stays the last thing on the screen
            sys.exit(refused)
        or_refuse(writable.check, decided.written())
        if getattr(self.workflow.executor_settings, "status_command", None) == "squeue":
            or_refuse(cluster.check_squeue)
        self.before = TABLE.stat().st_mtime_ns if TABLE.exists() else None
        self.bring_up()
        self.announce()
        if decided.asked:
            self.marker().is_past()
        or_refuse(future.bring_back, decided.files_of_jobs())
        if not decided.raw_files:
            or_refuse(dvc.empty_folder, decided.raw)
        os.environ[DECIDED] = json.dumps(decided.told())
        if decided.in_dvc and decided.is_params_yaml():
            or_refuse(recording.prune, decided.all_jobs())
        stop.hold(on_cluster=self.workflow.non_local_exec)

    def accepted(self, rule: str, wildcards: dict) -> None:
        """Snakemake has accepted a job's outputs."""
        if rule == "train" and not self.decided.under_dvc:
            every = self.decided.all_jobs()
            done = [one for one in every if self._is(one, [(rule, wildcards)])]
            trainings.clear(done, Lock(os.devnull))

    def on_success(self) -> None:
        """After the last job."""
        decided = self.decided
        self.keep_records()
        trainings.clear(decided.all_jobs(), decided.lock(), recorded=decided.under_dvc)
        made = TABLE.exists() and TABLE.stat().st_mtime_ns != self.before
        if made and not self.workflow.touch:
            screen.show_last(TABLE.read_text(encoding="utf-8").rstrip())

    def on_error(self, log: str) -> None:
        """After a job failed: the last paragraph is the first to be registered."""
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

    @functools.cache  # noqa: B019
    def keep_records(self, at_exit: bool = False) -> None:
        """Have DVC record what was made, unless a record could be false; say why, as the last."""
        decided = self.decided
        if decided.under_dvc or not decided.in_dvc:
            return
        if not interrupted.happened():
            stop.hold_alone(stop.AFTER)
        if reason := decided.records_nothing():
            said = f"{recording.NOTHING}: {reason}"
        else:
            said = or_refuse(recording.record, decided.all_jobs(), self.handle)
        if said.startswith(recording.NOTHING) and not at_exit:
            screen.show_last(said)
        elif said:
            print(said, file=sys.stderr)

    def _at_end(self) -> None:
        """What no hook of Snakemake's is called for: a dry run, and one with nothing to be done."""
        decided = self.decided
        if not decided.asked or decided.under_dvc or self.listener.refused:
            return
        if not interrupted.happened():
            stop.hold_alone(stop.LINE)
        self.announce()
        a_run = bool(self.workflow.executor_plugin) and not self.workflow.dryrun
        if a_run:
            self.bring_up()
            trainings.clear(decided.all_jobs(), decided.lock())
        if not (decided.in_dvc and decided.is_params_yaml()):
            return
        waiting = len(decided.examined().unrecorded)
        if a_run and (waiting or decided.examined().code_is_new):
            self.keep_records(at_exit=True)
        elif waiting:
            said = f"dvc.lock: {waiting} stages wait for a run to record them"
            print(said, file=sys.stderr)
