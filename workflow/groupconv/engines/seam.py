"""What the rules ask: the one module that Snakemake's files see.

In Snakemake's main process a Run (run.py) decides what is made; a job's own process, on a cluster's
node too, is told what it decided by one variable of the environment.
"""

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from snakemake.io import ancient, expand
from snakemake.settings.types import DeploymentMethod

from groupconv.data.sources import folder as own_images
from groupconv.data.sources import raw_files
from groupconv.engines import conda
from groupconv.engines.refusal import or_refuse
from groupconv.engines.run import DECIDED, MARKER, Run
from groupconv.pages import captions
from groupconv.settings import config as settings
from groupconv.settings import exponents, reads, resources

KINDS = ("csv", "md")  # of a table: numbers, and as it is printed


def check_file() -> None:
    """Refuse a params.yaml that is not as the schema says, before Snakemake reads it."""
    or_refuse(settings.load, "params.yaml")


class Seam:
    """The workflow in one run of Snakemake: ``workflow`` is its object, ``params`` its config."""

    def __init__(self, workflow, params: dict):
        params.update(exponents.as_numbers(params))
        or_refuse(settings.check, params, "--config")
        self.workflow, self.params = workflow, params
        data = params["data"]
        self.raw = f"data/raw/{data['source']}"
        self.folder = os.path.normpath(data["folder"])
        self.raw_names = [file.name for file in raw_files(data)]
        self.raw_files = [f"{self.raw}/{name}" for name in self.raw_names]
        self.raw_pattern = "|".join(map(re.escape, self.raw_names))
        self.schemes, self.seeds = reads.scheme_names(params), params["train"]["seeds"]
        self.by_content: dict[str, list[str]] = {}  # files that a step reads, not made by a step
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
        self.run = None  # of the main process
        if workflow.is_main_process:
            os.environ[resources.GPUS] = str(resources.gpus_here())
            self.run = Run(
                workflow,
                params,
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
            if self.run is None or self.run.under_dvc:
                return []
            name = _name(step, dict(wildcards.items()))
            self.run.asked.append(name)
            self.run.mark()
            return str(MARKER) if name in self.run.wanted() else ancient(str(MARKER))

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
            told = self.run.decided() if self.run else json.loads(os.environ[DECIDED])
            name = _name(step, dict(wildcards.items()))
            found = [f"--rule={told['rules'][step]}"]
            cache = told.get("cache")
            if cache and not {step, name} & set(told["forced"]):
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


def _name(step: str, wildcards: dict) -> str:
    """A job's stage, as DVC names it."""
    keys = "-".join(value for key, value in wildcards.items() if key != "file")
    return f"{step}@{keys}" if keys else step
