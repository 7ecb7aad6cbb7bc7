"""One run of Snakemake, in its main process: what is made, and what DVC records of it.

Before the run it looks at the records and says what will be made, and why; after it, it has DVC
record what was made. Nothing that git tracks is written in a dry run.
"""

import atexit
import functools
import json
import os
import sys
from pathlib import Path

from snakemake.rules import RuleProxy

from groupconv.data import sources
from groupconv.engines import (
    alive,
    cluster,
    dvc,
    dvcyaml,
    future,
    jobs,
    limits,
    plan,
    recording,
    records,
    screen,
    trainings,
)
from groupconv.engines.digests import Digests
from groupconv.engines.dvclock import Lock
from groupconv.engines.marker import Marker
from groupconv.engines.refusal import or_refuse
from groupconv.ground import atomic
from groupconv.ground.errors import StepError
from groupconv.settings import config as settings
from groupconv.settings import reads

DECIDED = "GROUPCONV_RUN"  # environment: what the main process decided, as JSON, for its jobs
TABLE = Path("results/tables/summary.txt")


class Run:
    """``workflow`` is Snakemake's object, ``params`` its config.

    ``declared``: {step: its inputs}, filled in as the rules are read; ``by_content``: {step: files
    that it reads and no step makes}. ``folders``: those that DVC takes
    as one, by what dvc.yaml calls them. ``raw``: the folder of the raw files, ``raw_files`` these.
    """

    def __init__(
        self,
        workflow,
        params: dict,
        *,
        declared: dict[str, list[str]],
        by_content: dict[str, list[str]],
        folders: dict[str, str],
        raw: str,
        raw_files: list[str],
    ):
        self.workflow, self.params = workflow, params
        self.declared, self.by_content = declared, by_content
        self.folders, self.raw, self.raw_files = folders, raw, raw_files
        self.asked: set[str] = set()  # the jobs that Snakemake considers
        self.in_dvc, self.under_dvc = dvc.in_use(), dvc.started_us()
        limits.hold(workflow)
        self.handle = or_refuse(alive.hold)
        if alive.alone(self.handle):
            for left in alive.unlocked():
                print(f"{left}: removed; the run that left it was killed", file=sys.stderr)
        if said := recording.mend(self.handle):
            print(said, file=sys.stderr)
        self.listener = screen.Listener(workflow.output_settings.printshellcmds, self.accepted)
        atexit.register(self._at_end)

    def begin(self) -> None:
        """Once all rules are read: is dvc.yaml what they say?"""
        text, derived = self.dvc_yaml()
        if self.under_dvc and text != derived:
            sys.exit("dvc.yaml: not what the rules say; `snakemake --cores 1 pipeline` mends it")
        if self.under_dvc and not self.is_params_yaml():
            sys.exit("the configuration is not params.yaml's, which DVC would record")
        if self.workflow.output_settings.dryrun and text != derived:
            mend = "any run, or `snakemake --cores 1 pipeline`, brings it up"
            print(f"dvc.yaml: behind the rules; {mend}", file=sys.stderr)

    def bring_up(self) -> None:
        """dvc.yaml as the rules say: a run writes it, a dry run and --lint do not."""
        text, derived = self.dvc_yaml()
        if text != derived and jobs.DVC_YAML.read_text("utf-8") == text:
            or_refuse(atomic.write_text, jobs.DVC_YAML, derived)
            print("dvc.yaml: brought up to the rules", file=sys.stderr)

    @functools.cache  # noqa: B019 - there is one object
    def dvc_yaml(self) -> tuple[str, str]:
        """dvc.yaml as it is, and as the rules say, whatever the configuration."""
        text = jobs.DVC_YAML.read_text("utf-8") if jobs.DVC_YAML.exists() else ""
        rules = {}
        for step in reads.READS:
            rule = RuleProxy(self.workflow.get_rule(step))
            inputs = [*self.declared[step], *self.by_content.get(step, [])]
            # The source `folder` has no raw files, and the stage has their folder.
            inputs += [self.raw] if step == "prepare" else []
            outputs = tuple(map(str, rule.output))
            rules[step] = dvcyaml.Rule(tuple(inputs), outputs, rule.rule.shellcmd)
        return text, or_refuse(dvcyaml.derived, text, rules, self.folders)

    @functools.cache  # noqa: B019
    def all_jobs(self) -> list[jobs.Job]:
        """Every job of the effective configuration."""
        return jobs.jobs(self.definitions(), self.params)

    @functools.cache  # noqa: B019
    def definitions(self) -> dict:
        """Our stages of dvc.yaml, as the rules say them."""
        return jobs.load(self.dvc_yaml()[1])

    def lock(self) -> Lock:
        """dvc.lock as it is now; without git and DVC an old one is nobody's."""
        return Lock(None if self.in_dvc else os.devnull)

    @functools.cache  # noqa: B019
    def examined(self) -> plan.Examined:
        """What the records say."""
        digests, receipts = Digests(), records.Receipts()
        known = (self.all_jobs(), self.lock(), receipts, digests, self.in_dvc)
        found = or_refuse(plan.examine, *known)
        or_refuse(digests.save)
        # A raw file that is there is checked by its hash, by prepare.
        found.reasons.pop("download", None)
        missing = [path for path in self.raw_files if not Path(path).exists()]
        if missing:
            found.reasons["download"] = f"{missing[0]} is not there yet"
        return found

    @functools.cache  # noqa: B019
    def wanted(self) -> dict[str, str]:
        """{job: reason} of all that will be made, if Snakemake asks for it."""
        if [str(trigger) for trigger in self.workflow.rerun_triggers] != ["mtime"]:
            print(
                "profiles/default is not in use: Snakemake makes more again than has changed",
                file=sys.stderr,
            )
        return plan.wanted(self.all_jobs(), self.examined().reasons, self.forced())

    def is_wanted(self, name: str) -> bool:
        """Whether a job that Snakemake considers will be made."""
        self.asked.add(name)
        return name in self.wanted()

    @functools.cache  # noqa: B019
    def forced(self) -> frozenset[str]:
        """The steps and jobs that -f, -F or -R asks for: made, whatever a record says."""
        dag = self.workflow.dag_settings
        if dag.forceall:
            return frozenset(reads.READS)
        names = {*dag.forcerun, *(dag.targets if dag.forcetargets else ())}
        # DVC takes some folders as one output.
        names |= {str(folder) for name in names for folder in Path(name).parents}
        return frozenset(
            [step for step in reads.READS if step in names]
            + [one.name for one in self.all_jobs() if not names.isdisjoint(one.outs)]
        )

    @functools.cache  # noqa: B019
    def marker(self) -> Marker:
        """Newer than any output of a job that is to be made, until the first job begins."""
        limits.check_hooks(self.workflow)
        return or_refuse(Marker, not self.workflow.dryrun, self.handle)

    def _files_of_jobs(self) -> list[str]:
        """Every file whose time Snakemake may look at."""
        found: list[str] = []
        for one in self.all_jobs():
            if one.step == jobs.CODE:
                continue
            rule = RuleProxy(self.workflow.get_rule(one.step))
            names = one.wildcards or {"file": ""}
            paths = [*self.declared[one.step], *rule.output, rule.benchmark]
            for path in filter(None, map(str, paths)):
                for wildcard, value in names.items():
                    path = path.replace(f"{{{wildcard}}}", str(value))
                found.append(path)
        return [*found, *self.raw_files]

    @functools.cache  # noqa: B019
    def decided(self) -> dict:
        """What the jobs are told, on other nodes too: what is forced, DVC's cache, the rules."""
        rules = {step: jobs.digest(one) for step, one in self.definitions().items()}
        decided = {"rules": rules, "forced": sorted(self.forced())}
        if self.in_dvc and not self.under_dvc:
            decided["cache"] = or_refuse(dvc.cache_folder)
        os.environ[DECIDED] = json.dumps(decided)
        return decided

    def is_params_yaml(self) -> bool:
        """Whether the effective configuration is that of the file, as it is now on disk."""
        try:
            return self.params == settings.load("params.yaml")
        except StepError:
            return False

    # Before and after a run.

    @functools.cache  # noqa: B019
    def announce(self) -> None:
        """Say which steps will be made, and why: before a run, and at the end of a dry run."""
        labels = {one.name: one.label for one in self.all_jobs()}
        for name in self.examined().frozen:
            print(f"{labels[name]}: frozen in dvc.yaml: not made again", file=sys.stderr)
        data, fetches = self.params["data"], "download" in self.asked & self.wanted().keys()
        for line in filter(None, (sources.instead(data), sources.estimate(data) * fetches)):
            print(line, file=sys.stderr)
        for line in plan.lines(self.all_jobs(), self.wanted(), self.asked):
            print(line, file=sys.stderr)

    def on_start(self) -> None:
        """Before the first job."""
        made = self.asked & self.wanted().keys()
        steps = {one.step for one in self.all_jobs() if one.name in made}
        if refused := limits.hopeless(self.workflow, self.params, steps):
            atexit.unregister(self._at_end)  # the refusal stays the last thing on the screen
            sys.exit(refused)
        if getattr(self.workflow.executor_settings, "status_command", None) == "squeue":
            or_refuse(cluster.check_squeue)
        self.before = TABLE.stat().st_mtime_ns if TABLE.exists() else None
        self.bring_up()
        self.announce()
        if self.asked:
            self.marker().is_past()
        or_refuse(future.bring_back, self._files_of_jobs())
        if not self.raw_files:
            or_refuse(dvc.empty_folder, self.raw)
        self.decided()
        if self.in_dvc and self.is_params_yaml():
            or_refuse(recording.prune, self.all_jobs())

    def accepted(self, rule: str, wildcards: dict) -> None:
        """Snakemake has accepted a job's outputs."""
        of_rule = [one for one in self.all_jobs() if one.step == rule == "train"]
        names = {key: str(value) for key, value in wildcards.items()}
        done = [one for one in of_rule if {k: str(v) for k, v in one.wildcards.items()} == names]
        if not self.under_dvc:
            trainings.clear(done, Lock(os.devnull))

    def on_success(self) -> None:
        """After the last job."""
        self.keep_records()
        trainings.clear(self.all_jobs(), self.lock(), recorded=self.under_dvc)
        made = TABLE.exists() and TABLE.stat().st_mtime_ns != self.before
        if made and not self.workflow.touch:
            screen.show_last(TABLE.read_text(encoding="utf-8").rstrip())

    def on_error(self, log: str) -> None:
        """After a job failed: the last paragraph is the first to be registered."""
        screen.show_last(*screen.failures(log, self.listener.failed))
        self.keep_records()

    @functools.cache  # noqa: B019
    def keep_records(self, at_exit: bool = False) -> None:
        """Have DVC record what was made, unless a record could be false; say why, as the last."""
        if self.under_dvc or not self.in_dvc:
            return
        dag = self.workflow.dag_settings
        if not self.is_params_yaml():
            said = f"{recording.NOTHING}: the configuration was not params.yaml's"
        elif dag.until or dag.omit_from or self.workflow.touch:
            cut = "the run was cut short by --until, --omit-from or --touch"
            said = f"{recording.NOTHING}: {cut}"
        else:
            said = or_refuse(recording.record, self.all_jobs(), self.handle)
        if said.startswith(recording.NOTHING) and not at_exit:
            screen.show_last(said)
        elif said:
            print(said, file=sys.stderr)

    def _at_end(self) -> None:
        """What no hook of Snakemake's is called for: a dry run, and one with nothing to be done."""
        if not self.asked or self.under_dvc:
            return
        self.announce()
        a_run = bool(self.workflow.executor_plugin) and not self.workflow.dryrun
        if a_run:
            self.bring_up()
            trainings.clear(self.all_jobs(), self.lock())
        if not (self.in_dvc and self.is_params_yaml()):
            return
        waiting = len(self.examined().unrecorded)
        if a_run and (waiting or self.examined().code_is_new):
            self.keep_records(at_exit=True)
        elif waiting:
            said = f"dvc.lock: {waiting} stages wait for a run to record them"
            print(said, file=sys.stderr)
