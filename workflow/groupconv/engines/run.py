"""One run of Snakemake, in its main process: what is made, and what DVC records of it.

Before the run it looks at the records and says what will be made, and why; after it, it has DVC
record what was made. Nothing that git tracks is written in a dry run.
"""

import atexit
import functools
import json
import os
import sys
import time
from pathlib import Path

from snakemake.rules import RuleProxy
from snakemake.settings.types import DeploymentMethod

from groupconv.engines import alive, dvc, dvcyaml, future, plan, recording, records, screen, stages
from groupconv.engines.digests import STATE, Digests
from groupconv.engines.dvclock import Lock
from groupconv.engines.refusal import or_refuse
from groupconv.ground import atomic
from groupconv.ground.errors import StepError
from groupconv.settings import cluster, preflight, reads
from groupconv.settings import config as settings

MARKER = STATE / "changed"  # newer than any output of a job that is to be made
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
        self.asked: set[str] = set()  # the stages of the jobs that Snakemake considers
        self.in_dvc, self.under_dvc = dvc.in_use(), dvc.started_us()
        self.handle = alive.hold()
        if alive.alone(self.handle):
            for left in alive.unlocked():
                print(f"{left}: removed; the run that left it was killed", file=sys.stderr)
        if said := recording.mend(self.handle):
            print(said, file=sys.stderr)
        self.listener = screen.Listener(workflow.output_settings.printshellcmds)
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
        if text != derived and stages.DVC_YAML.read_text("utf-8") == text:
            or_refuse(atomic.write_text, stages.DVC_YAML, derived)
            print("dvc.yaml: brought up to the rules", file=sys.stderr)

    @functools.cache  # noqa: B019 - there is one object
    def dvc_yaml(self) -> tuple[str, str]:
        """dvc.yaml as it is, and as the rules say, whatever the configuration."""
        text = stages.DVC_YAML.read_text("utf-8") if stages.DVC_YAML.exists() else ""
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
    def all_stages(self) -> list[stages.Stage]:
        """Every stage of the effective configuration."""
        return stages.stages(self.definitions(), self.params)

    @functools.cache  # noqa: B019
    def definitions(self) -> dict:
        """Our stages of dvc.yaml, as the rules say them."""
        return stages.load(self.dvc_yaml()[1])

    @functools.cache  # noqa: B019
    def examined(self) -> plan.Examined:
        """What the records say."""
        digests = Digests()
        # Without git and DVC an old dvc.lock is nobody's.
        lock = Lock(None if self.in_dvc else os.devnull)
        receipts = records.Receipts()
        found = or_refuse(plan.examine, self.all_stages(), lock, receipts, digests, self.in_dvc)
        or_refuse(digests.save)
        # A raw file that is there is checked by its hash, by prepare.
        found.reasons.pop("download", None)
        missing = [path for path in self.raw_files if not Path(path).exists()]
        if missing:
            found.reasons["download"] = f"{missing[0]} is not there yet"
        return found

    @functools.cache  # noqa: B019
    def wanted(self) -> dict[str, str]:
        """{stage: reason} of all that will be made, if Snakemake asks for it."""
        if [str(trigger) for trigger in self.workflow.rerun_triggers] != ["mtime"]:
            print(
                "profiles/default is not in use: Snakemake makes more again than has changed",
                file=sys.stderr,
            )
        return plan.wanted(self.all_stages(), self.examined().reasons, self.forced())

    def is_wanted(self, name: str) -> bool:
        """Whether a stage that Snakemake considers will be made."""
        self.asked.add(name)
        self.mark()
        return name in self.wanted()

    @functools.cache  # noqa: B019
    def forced(self) -> frozenset[str]:
        """The steps and stages that -f, -F or -R asks for: made, whatever a record says."""
        dag = self.workflow.dag_settings
        if dag.forceall:
            return frozenset(reads.READS)
        names = {*dag.forcerun, *(dag.targets if dag.forcetargets else ())}
        # DVC takes some folders as one output.
        names |= {str(folder) for name in names for folder in Path(name).parents}
        return frozenset(
            [step for step in reads.READS if step in names]
            + [one.name for one in self.all_stages() if not names.isdisjoint(one.outs)]
        )

    @functools.cache  # noqa: B019
    def mark(self) -> None:
        """Write the marker, newer than anything; before the first job it gets the present time.

        Its content is new each time: Snakemake ignores a newer file whose content it knows.
        """
        or_refuse(atomic.write_text, MARKER, f"{time.time_ns()} {os.getpid()}\n")
        os.utime(MARKER, (future.FAR, future.FAR))

    def _files_of_jobs(self) -> list[str]:
        """Every file whose time Snakemake may look at."""
        found: list[str] = []
        for one in self.all_stages():
            if one.step == stages.CODE:
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
        rules = {step: stages.digest(one) for step, one in self.definitions().items()}
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
        labels = {one.name: one.label for one in self.all_stages()}
        for name in self.examined().frozen:
            print(f"{labels[name]}: frozen in dvc.yaml: not made again", file=sys.stderr)
        for line in plan.lines(self.all_stages(), self.wanted(), self.asked):
            print(line, file=sys.stderr)

    def on_start(self) -> None:
        """Before the first job."""
        self._preflight()
        if getattr(self.workflow.executor_settings, "status_command", None) == "squeue":
            or_refuse(cluster.check_squeue)
        self.before = TABLE.stat().st_mtime_ns if TABLE.exists() else None
        self.bring_up()
        self.announce()
        if self.asked:
            os.utime(MARKER)
        or_refuse(future.bring_back, self._files_of_jobs())
        if not self.raw_files:  # DVC wants the folder, with nothing in it
            or_refuse(_make_folder, self.raw)
        self.decided()
        if self.in_dvc and self.is_params_yaml():
            or_refuse(recording.prune, self.all_stages())

    def _preflight(self) -> None:
        """Refuse what cannot come to an end here."""
        made = self.asked & self.wanted().keys()
        steps = {one.step for one in self.all_stages() if one.name in made}
        refused = preflight.checks(
            self.params,
            steps,
            cores=self.workflow.resource_settings.cores,
            here=not self.workflow.non_local_exec,
            conda=DeploymentMethod.CONDA in self.workflow.deployment_settings.deployment_method,
        )
        if refused:
            atexit.unregister(self._at_end)  # the refusal stays the last thing on the screen
            sys.exit("\n".join(refused))

    def on_success(self) -> None:
        """After the last job."""
        self.keep_records()
        if TABLE.exists() and TABLE.stat().st_mtime_ns != self.before:
            screen.show_last(TABLE.read_text(encoding="utf-8").rstrip())

    def on_error(self, log: str) -> None:
        """After a job failed."""
        self.keep_records()
        screen.show_last(*screen.failures(log, self.listener.failed))

    @functools.cache  # noqa: B019
    def keep_records(self) -> None:
        """Have DVC record what was made, unless a record could be false; say which."""
        if self.under_dvc or not self.in_dvc:
            return
        dag = self.workflow.dag_settings
        if not self.is_params_yaml():
            said = f"{recording.NOTHING}: the configuration was not params.yaml's"
        elif dag.until or dag.omit_from or self.workflow.touch:
            cut = "the run was cut short by --until, --omit-from or --touch"
            said = f"{recording.NOTHING}: {cut}"
        else:
            said = or_refuse(recording.record, self.all_stages(), self.handle)
        if said:
            print(said, file=sys.stderr)

    def _at_end(self) -> None:
        """What no hook of Snakemake's is called for: a dry run, and one with nothing to be done."""
        if not self.asked or self.under_dvc:
            return
        self.announce()
        a_run = bool(self.workflow.executor_plugin) and not self.workflow.dryrun
        if a_run:
            self.bring_up()
        if not (self.in_dvc and self.is_params_yaml()):
            return
        waiting = len(self.examined().unrecorded)
        if a_run and (waiting or self.examined().code_is_new):
            self.keep_records()
        elif waiting:
            said = f"dvc.lock: {waiting} stages wait for a run to record them"
            print(said, file=sys.stderr)


def _make_folder(path: str) -> None:
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StepError(f"{path}: cannot be made: {error.strerror}") from error
