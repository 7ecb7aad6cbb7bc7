"""What the rules ask. workflow/seam.smk hands it to them, with `conda` and `needs` beside it.

Snakemake's main process decides what is made (decisions.py) and has a Run (run.py); a job's own
process, on a cluster's node too, is told what it decided by one variable of the environment.
"""

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from snakemake.io import ancient, expand
from snakemake.settings.types import DeploymentMethod

from groupconv.data import held
from groupconv.data.sources import folder as own_images
from groupconv.data.sources import raw_files
from groupconv.engines import conda, jobs, wiring
from groupconv.engines.decisions import Decisions
from groupconv.engines.digests import STATE
from groupconv.engines.marker import MARKER
from groupconv.engines.refusal import or_refuse
from groupconv.engines.run import DECIDED, Run
from groupconv.ground.errors import StepError
from groupconv.network.back_ends.table import BACK_ENDS
from groupconv.pages import captions, contents, kinds
from groupconv.settings import config as settings
from groupconv.settings import reads, resources, unreadable

ROOT = Path(__file__).parents[3]
CAPTIONS = STATE / "captions"  # for `snakemake --report`; written from pages/contents.py


def check_file() -> None:
    """Refuse another folder, and a params.yaml that is not as the schema says, before all else."""
    if Path.cwd().resolve() != ROOT.resolve():
        sys.exit(f"{Path.cwd()}: this workflow runs at its repository's root: cd {ROOT} first")
    if {"{", "}"} & set(str(ROOT)):
        sys.exit(f"{ROOT}: Snakemake and DVC take no braces in a path: rename the folder")
    or_refuse(settings.load, "params.yaml")


class Seam:
    """The workflow in one run of Snakemake: ``workflow`` is its object, ``params`` its config."""

    def __init__(self, workflow, params: dict):
        params.update(settings.typed(params))
        or_refuse(settings.check, params, "--config")
        self.workflow, self.params = workflow, params
        data = params["data"]
        self.raw = f"data/raw/{data['source']}"
        self.folder = os.path.normpath(data["folder"])
        self.raw_names = [file.name for file in raw_files(data)]
        self.raw_files = [f"{self.raw}/{name}" for name in self.raw_names]
        self.raw_pattern = "|".join(map(re.escape, self.raw_names))
        self.schemes, self.seeds = reads.scheme_names(params), params["train"]["seeds"]
        self.declared: dict[str, dict[str, list[str]]] = {}  # the inputs of a step, by name
        self.by_content: dict[str, list[str]] = {}  # files that it reads and no step makes
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
        os.environ.setdefault("USER", str(os.getuid()))  # a container's user may have no name
        # What `auto` means is decided once, where one types: jobs on other nodes are told.
        self.run = None  # of the main process
        if workflow.is_main_process:
            os.environ[resources.GPUS] = str(resources.gpus_here())
            decided = Decisions(
                workflow,
                params,
                declared=self.declared,
                by_content=self.by_content,
                folders={
                    self.raw: "data/raw/${data.source}",
                    self.folder: "${data.folder}",
                    "results/schemes": "results/schemes",
                    self.figures_folder: self.figures_folder,
                },
                raw=self.raw,
                raw_files=self.raw_files,
            )
            self.run = Run(workflow, decided)

    # What a rule declares.

    figures_folder, tables_folder = "results/figures", "results/tables"

    @property
    def tables(self) -> list[str]:
        """Every table's files."""
        rows, folder = contents.TABLES, self.tables_folder
        return [path for kind in kinds.TABLE_KINDS for path in contents.files(rows, kind, folder)]

    def figures(self, kind: str) -> list[str]:
        """Every figure's file of one of kinds.FIGURE_KINDS."""
        return contents.files(contents.figures(self.schemes), kind, self.figures_folder)

    @property
    def captioned(self) -> list[dict]:
        """Every figure's svg file with its caption, as `snakemake --report` takes them."""
        rows = contents.figures(self.schemes)
        return [
            {
                "value": path,
                "caption": str(captions.place(row, CAPTIONS.absolute())),
                "category": "Figures",
                "labels": {"figure": row.name},
            }
            for row, path in zip(rows, self.figures("svg"), strict=True)
        ]

    def params_of(self, step: str) -> Callable:
        """The section of the effective configuration that the step reads, as one JSON argument."""

        def canonical(wildcards):
            names = dict(wildcards.items())
            if "seed" in names:
                names["seed"] = int(names["seed"])
            return reads.canonical(reads.params_of(self.params, step, **names))

        return canonical

    def inputs(self, step: str, **files: str | list[str]) -> dict[str, Callable]:
        """The step's inputs by name, files that other steps make, and one more: `changed`.

        No file's time decides anything: where a record confirms the job, all are ancient(). Where
        it is to be made, none is, and `changed` is newer than any output.
        """
        paths = {name: [f] if isinstance(f, str) else list(f) for name, f in files.items()}
        self.declared[step] = {name: list(map(str, of_name)) for name, of_name in paths.items()}
        found = {name: self._input(step, of_name) for name, of_name in paths.items()}
        return {"changed": self._input(step, [str(MARKER)]), **found}

    def _input(self, step: str, paths: list[str]) -> Callable:
        """An input function: the paths with their wildcards filled in."""

        def filled(wildcards):
            found = [_filled(str(path), wildcards) for path in paths]
            is_marker = paths == [str(MARKER)]
            if self.run is None or self.run.decided.under_dvc:
                if self.run and not is_marker:
                    or_refuse(_all_there, step, found)
                return [] if is_marker else ancient(found)
            # A raw file that is there stays, whatever becomes of the others.
            wanted = self.run.decided.is_wanted(jobs.name(step, wildcards)) and step != "download"
            own = self.run.marker().path
            if is_marker and (wanted or not MARKER.exists()):
                found = [str(own)]
            # Without an executor it is --report, or the like; neither a run nor a dry one.
            if step == "figures" and not self.workflow.executor_plugin:
                or_refuse(captions.write, self.schemes, CAPTIONS)
            return found if wanted else ancient(found)

        return filled

    def reads(self, step: str, *paths: str) -> Callable:
        """Files or folders that no step makes, as an argument of ``step``: their content counts.

        They are no inputs: Snakemake fails a job, after it ran, if an input is of the future.
        """
        self.by_content.setdefault(step, []).extend(paths)
        for path in paths if self.run else ():
            if path.endswith(".yaml"):  # said now, not when its step begins
                or_refuse(unreadable.read, path)
        return lambda wildcards: list(paths)

    def options(self, step: str) -> Callable:
        """What the engines say to the step, after its own arguments; by hand it needs none.

        A function of `output` too: Snakemake keeps what it returns out of its records, so that
        `--summary` finds no change where one step was asked for, or the folder was moved.
        """

        def said(wildcards, output):
            if step in reads.BY_NAME:  # they leave no record
                return []
            told = self.run.decided.told() if self.run else json.loads(os.environ[DECIDED])
            name = jobs.name(step, wildcards)
            found = [f"--rule={told['rules'][step]}"]
            cache = told.get("cache")
            if cache and not {step, name} & set(told["forced"]):
                found.append(f"--cache={cache}")
            return found

        return said

    def literal(self, text: str) -> Callable:
        """An argument as it stands: Snakemake would take braces in it for wildcards."""
        return wiring.literal(str(text))

    def of_all(self, path: str) -> list[str]:
        """A path with {scheme}, or {scheme} and {seed}, for each of them."""
        return expand(str(path), scheme=self.schemes, seed=self.seeds)

    def of_first_seed(self, path: str) -> list[str]:
        """A path with {scheme} and {seed} for each scheme, and the first of the seeds."""
        return expand(str(path), scheme=self.schemes, seed=self.seeds[0])

    def agreement(self) -> dict:
        """The resources of the step agreement, which asks no network where all are of fp32."""
        of = self.params["latency"]
        if all(BACK_ENDS[name].is_exact for name in of["back_ends"]):
            return resources.job(500)
        return resources.job(resources.growing(4000), resources.gpus(of["device"]))

    def network_of(self, wildcards) -> tuple[dict, dict]:
        """What decides the cost of a scheme's training: the model section and its own entry."""
        return self.params["model"], self.params["schemes"][wildcards.scheme]

    def training_mb(self, wildcards, attempt: int) -> int:
        """Memory of one training, more at each attempt."""
        batch = self.params["train"]["batch_size"]
        return attempt * resources.training_mb(*self.network_of(wildcards), batch)

    def preparing_mb(self, wildcards, attempt: int) -> int:
        """Memory of the step prepare, more at each attempt."""
        threads = self.params["prepare"]["threads"]
        return attempt * held.memory_mb(threads, self.params["data"]["image_size"])

    def priority(self, wildcards) -> float:
        """The slowest schemes first: two at a time then end at about the same moment."""
        return resources.trained_counts(*self.network_of(wildcards)).macs / 1e9


def _all_there(step: str, paths: list[str]) -> None:
    """Raise StepError if DVC starts a step without what it reads, as --allow-missing lets it."""
    missing = [path for path in paths if not os.path.exists(path)]
    if missing:
        raise StepError(f"{step}: {missing[0]} is missing: `dvc pull` brings it, or `dvc repro`")


def _filled(path: str, wildcards) -> str:
    for name, value in wildcards.items():
        path = path.replace(f"{{{name}}}", value)
    return path
