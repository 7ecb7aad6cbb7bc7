# Before any rule: params.yaml is checked, and what the rules ask of it is defined, once.

import ast
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow"))

from groupconv import captions, config as settings, resources
from groupconv.errors import StepError
from groupconv.sources import SOURCES, folder

# The steps run in the environment that Snakemake runs in, activated or not.
os.environ.update(
    PATH=os.pathsep.join(
        [str(Path(sys.executable).parent), os.getenv("PATH", os.defpath)]
    )
)


def or_refuse(function, *arguments):
    """What the function returns; its complaint, as one line and without a traceback."""
    try:
        return function(*arguments)
    except StepError as error:
        sys.exit(str(error))


or_refuse(settings.load, "params.yaml")


configfile: "params.yaml"


or_refuse(settings.check, config, "--config")
FOLDER = config["data"]["folder"]
FOLDER_STATE = FOLDER and or_refuse(folder.listing, FOLDER)
SCHEMES = settings.scheme_names(config)
SEEDS = config["train"]["seeds"]
FIGURES = captions.figures(SCHEMES)
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
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                "groupconv"
            ):
                inner = node.module.split(".")[1:]
                names = [inner, *([*inner, alias.name] for alias in node.names)]
                for parts in filter(None, names):
                    stem = package.joinpath(*parts)
                    open_ += filter(
                        Path.is_file, [stem.with_suffix(".py"), stem / "__init__.py"]
                    )
    root = Path(workflow.basedir)
    return ["workflow/step.py", *sorted(str(path.relative_to(root)) for path in found)]


def shown(figure):
    """A figure with its caption, for `snakemake --report` too."""
    return report(
        f"results/figures/{figure}.svg",
        caption=f"../report/{FIGURES[figure]}.rst",
        category="Figures",
        labels={"figure": figure},
    )


def network_of(wildcards):
    """What decides the cost of a scheme's training: the model section and its groups."""
    return config["model"], config["schemes"][wildcards.scheme]["groups"]


def training_mb(wildcards, attempt):
    """Memory of one training, more at each attempt."""
    needed = resources.training_mb(
        *network_of(wildcards), config["train"]["batch_size"]
    )
    return attempt * needed
