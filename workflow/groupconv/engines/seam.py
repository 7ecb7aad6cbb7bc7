"""What the rules ask: the one module that Snakemake's files see.

In Snakemake's main process it decides what is made, before a run, and has DVC record what was made,
after it. In a job's own process, on a cluster's node too, it tells the job what the main process
decided, which comes by one variable of the environment.
"""

import atexit
import functools
import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from snakemake.io import ancient, expand
from snakemake.rules import RuleProxy
from snakemake.settings.types import DeploymentMethod

from groupconv.data.sources import folder as own_images
from groupconv.data.sources import raw_files
from groupconv.engines import (
    alive,
    conda,
    dvc,
    dvcyaml,
    future,
    plan,
    recording,
    records,
    screen,
    stages,
)
from groupconv.engines.digests import STATE, Digests
from groupconv.engines.dvclock import Lock
from groupconv.ground import atomic
from groupconv.ground.errors import StepError
from groupconv.pages import captions
from groupconv.settings import cluster, exponents, reads, resources
from groupconv.settings import config as settings

MARKER = STATE / "changed"  # newer than any output of a job that is to be made
DECIDED = "GROUPCONV_RUN"  # environment: what the main process decided, as JSON, for its jobs
TABLE = Path("results/tables/summary.txt")
KINDS = ("csv", "md")  # of a table: numbers, and as it is printed


def or_refuse(function: Callable, *arguments: object) -> object:
    """What the function returns; its complaint, as one line and without a traceback."""
    try:
        return function(*arguments)
    except StepError as error:
        sys.exit(str(error))


def check_file() -> None:
    """Refuse a params.yaml that is not as the schema says, before Snakemake reads it."""
    or_refuse(settings.load, "params.yaml")


class Seam:
    """The workflow in one run of Snakemake: ``workflow`` is its object, ``params`` its config."""

    def __init__(self, workflow, params: dict):
        params.update(exponents.as_numbers(params))
        or_refuse(settings.check, params, "--config")
        self.workflow, self.params = workflow, params
        self.root = Path(workflow.basedir)
        data = params["data"]
        self.raw = f"data/raw/{data['source']}"
        self.folder = os.path.normpath(data["folder"])
        self.raw_names = [file.name for file in raw_files(data)]
        self.raw_files = [f"{self.raw}/{name}" for name in self.raw_names]
        self.raw_pattern = "|".join(map(re.escape, self.raw_names))
        self.schemes, self.seeds = reads.scheme_names(params), params["train"]["seeds"]
        self.by_content: dict[str, list[str]] = {}  # files that a step reads, not made by a step
        self.asked: list[str] = []  # the stages of the jobs that Snakemake considers
        self.in_dvc, self.under_dvc = dvc.in_use(), dvc.started_us()
        self.uses_conda = DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
        if data["source"] == "folder":
            or_refuse(own_images.check, self.folder)
        if self.uses_conda:
            conda.leave_active_one()
            if workflow.is_main_process:
                or_refuse(conda.check, params)
        # The steps run in the environment that Snakemake runs in, activated or not.
        here = str(Path(sys.executable).parent)
        os.environ["PATH"] = os.pathsep.join([here, os.getenv("PATH", os.defpath)])
        # What `auto` means is decided once, where one types: jobs on other nodes are told.
        if workflow.is_main_process:
            os.environ[resources.GPUS] = str(resources.gpus_here())
            self._begin()
        self.decided = json.loads(os.environ.get(DECIDED, "{}"))

    # What a rule declares.

    figures_folder, tables_folder = "results/figures", "results/tables"

    @property
    def tables(self) -> list[str]:
        """Every table's files."""
        return expand(f"{self.tables_folder}/{{name}}.{{kind}}", name=captions.TABLES, kind=KINDS)

    @property
    def figures(self) -> list[dict]:
        """Every figure's file with its caption, as `snakemake --report` takes them."""
        return [
            {
                "value": f"{self.figures_folder}/{name}.svg",
                "caption": f"../report/{caption}.rst",
                "category": "Figures",
                "labels": {"figure": name},
            }
            for name, caption in captions.figures(self.schemes).items()
        ]

    def params_of(self, step: str) -> Callable:
        """The step's part of the effective configuration, as one JSON argument."""

        def canonical(wildcards):
            names = dict(wildcards.items())
            if "seed" in names:
                names["seed"] = int(names["seed"])
            return reads.canonical(reads.part(self.params, step, **names))

        return canonical

    def changed(self, step: str) -> Callable:
        """An input that is newer than any output where the job is to be made; else of no time.

        Every other input is ancient(): no file's time decides anything.
        """

        def marker(wildcards):
            if not self.workflow.is_main_process or self.under_dvc:
                return []
            name = _name(step, dict(wildcards.items()))
            self.asked.append(name)
            self._mark()
            return str(MARKER) if name in self.wanted() else ancient(str(MARKER))

        return marker

    def reads(self, step: str, *paths: str) -> list[str]:
        """Files or folders that no step makes, as an argument of ``step``: their content counts.

        They are no inputs: Snakemake fails a job, after it ran, if an input is of the future.
        """
        self.by_content.setdefault(step, []).extend(paths)
        return list(paths)

    def options(self, step: str) -> Callable:
        """What the engines say to the step, after its own arguments; by hand it needs none."""

        def said(wildcards):
            if self.workflow.is_main_process:
                self._decide()
            name = _name(step, dict(wildcards.items()))
            found = [f"--rule={self.decided['rules'][step]}"] if "rules" in self.decided else []
            cache = self.decided.get("cache")
            if cache and not {step, name} & set(self.decided["forced"]):
                found.append(f"--cache={cache}")
            return found

        return said

    def template(self, path: str) -> Callable:
        """A path with {scheme} and {seed} in it, as an argument: the step fills them in."""
        return lambda wildcards: str(path)

    def of_all(self, path: str) -> list[str]:
        """A path with {scheme}, or {scheme} and {seed}, for each of them."""
        return expand(str(path), scheme=self.schemes, seed=self.seeds)

    def network_of(self, wildcards) -> tuple[dict, list[int]]:
        """What decides the cost of a scheme's training: the model section and its groups."""
        return self.params["model"], self.params["schemes"][wildcards.scheme]["groups"]

    def training_mb(self, wildcards, attempt: int) -> int:
        """Memory of one training, more at each attempt."""
        batch = self.params["train"]["batch_size"]
        return attempt * resources.training_mb(*self.network_of(wildcards), batch)

    def priority(self, wildcards) -> float:
        """The slowest schemes first: two at a time then end at about the same moment."""
        return resources.trained_counts(*self.network_of(wildcards)).macs / 1e9

    # What the main process decides.

    def _begin(self) -> None:
        """Before the rules are read: only one run at a time writes here."""
        self.handle = alive.hold()
        if alive.alone(self.handle):
            for left in alive.unlocked():
                print(f"{left}: removed; the run that left it was killed", file=sys.stderr)
        if said := recording.mend(self.handle):
            print(said, file=sys.stderr)
        atexit.register(self._at_end)

    def begin(self) -> None:
        """Once all rules are read: dvc.yaml, and what must be there before a job starts."""
        if not self.workflow.is_main_process:
            return
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
        folders = {self.raw: "data/raw/${data.source}", self.folder: "${data.folder}"}
        folders |= {name: name for name in ("results/schemes", self.figures_folder)}
        text = stages.DVC_YAML.read_text("utf-8") if stages.DVC_YAML.exists() else ""
        declared = {}
        for step in reads.READS:
            rule = RuleProxy(self.workflow.get_rule(step))
            inputs = [str(path) for path in rule.input if not callable(path)]
            inputs += self.by_content.get(step, [])
            # The source `folder` has no raw files, and the stage has their folder.
            inputs += [self.raw] if step == "prepare" else []
            outputs = tuple(map(str, rule.output))
            declared[step] = dvcyaml.Rule(tuple(inputs), outputs, rule.rule.shellcmd)
        return text, or_refuse(dvcyaml.derived, text, declared, folders)

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
    def _mark(self) -> None:
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
            declared = [path for path in (*rule.input, *rule.output, rule.benchmark) if path]
            found += [str(path).format(**names) for path in declared if not callable(path)]
        return [*found, *self.raw_files]

    @functools.cache  # noqa: B019
    def _decide(self) -> None:
        """Tell the jobs, on other nodes too: what is forced, DVC's cache, the rules as planned."""
        rules = {step: stages.digest(one) for step, one in self.definitions().items()}
        decided = {"rules": rules, "forced": sorted(self.forced())}
        if self.in_dvc and not self.under_dvc:
            decided["cache"] = or_refuse(dvc.cache_folder)
        self.decided = decided
        os.environ[DECIDED] = json.dumps(decided)

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
        self._check_threads()
        if getattr(self.workflow.executor_settings, "status_command", None) == "squeue":
            or_refuse(cluster.check_squeue)
        self.listener = screen.Listener(self.workflow.output_settings.printshellcmds)
        self.before = TABLE.stat().st_mtime_ns if TABLE.exists() else None
        self.bring_up()
        self.announce()
        if self.asked:
            os.utime(MARKER)
        or_refuse(future.bring_back, self._files_of_jobs())
        if not self.raw_files:  # DVC wants the folder, with nothing in it
            or_refuse(_make_folder, self.raw)
        self._decide()
        if self.in_dvc and self.is_params_yaml():
            or_refuse(recording.prune, self.all_stages())

    def _check_threads(self) -> None:
        """Snakemake would silently run a job on fewer; here threads are part of the result."""
        cores = self.workflow.resource_settings.cores
        for step in ("train", "latency"):
            threads = self.params[step]["threads"]
            if cores is not None and threads > cores:
                sys.exit(
                    f"params.yaml: {step}.threads = {threads}: --cores is {cores}; "
                    f"allowed: 1 to {cores}, or more --cores"
                )

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


def _name(step: str, wildcards: dict) -> str:
    """A job's stage, as DVC names it."""
    keys = "-".join(value for key, value in wildcards.items() if key != "file")
    return f"{step}@{keys}" if keys else step


def _make_folder(path: str) -> None:
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StepError(f"{path}: cannot be made: {error.strerror}") from error
