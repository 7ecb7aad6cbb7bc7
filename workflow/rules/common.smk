# Before any rule: params.yaml is checked, and what the rules ask of it is defined, once.

import ast
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow"))

from groupconv import config as settings, resources
from groupconv.errors import StepError
from groupconv.sources import SOURCES, folder

# The steps run in the environment that Snakemake runs in, activated or not.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

try:
    settings.load("params.yaml")

    configfile: "params.yaml"

    settings.check(config, "--config")
    FOLDER_STATE = config["data"]["folder"] and folder.listing(config["data"]["folder"])
except StepError as error:
    sys.exit(str(error))

SCHEMES = settings.scheme_names(config)
SEEDS = config["train"]["seeds"]
EXCLUSIVE = 1000  # all of the resource `exclusive` that the default profile offers


wildcard_constraints:
    scheme="|".join(SCHEMES),
    seed="|".join(map(str, SEEDS)),


def params_of(step):
    """The step's part of the effective configuration, as one JSON argument."""

    def canonical(wildcards):
        names = dict(wildcards.items())
        if "seed" in names:
            names["seed"] = int(names["seed"])
        part = settings.reads(config, step, **names)
        if step == "prepare":
            part["folder_state"] = FOLDER_STATE
        return settings.canonical(part)

    return canonical


def code(step):
    """Every file of ours that the step runs: its module and all that it imports."""
    package = Path(workflow.basedir, "workflow", "groupconv")
    found, open_ = set(), [package / f"{step}.py"]
    while open_:
        path = open_.pop()
        if path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("groupconv"):
                inner = node.module.split(".")[1:]
                names = [inner, *([*inner, alias.name] for alias in node.names)]
                for parts in filter(None, names):
                    stem = package.joinpath(*parts)
                    open_ += filter(Path.is_file, [stem.with_suffix(".py"), stem / "__init__.py"])
    root = Path(workflow.basedir)
    return ["workflow/step.py", *sorted(str(path.relative_to(root)) for path in found)]


def gpus(device):
    """GPUs that one job asks for: `auto` takes one where the submitting machine has one."""
    present = Path("/proc/driver/nvidia/gpus").is_dir()
    return int(device == "cuda" or (device == "auto" and present))

