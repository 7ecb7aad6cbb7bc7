# Before any rule: params.yaml is checked, and what the rules ask of it is defined, once.

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow"))

from groupconv.pages import captions
from groupconv.settings import cluster, config as settings, exponents, reads, resources
from groupconv.ground.fingerprint import files as files_of
from groupconv.ground.errors import StepError
from groupconv.data.sources import folder, raw_files

# The steps run in the environment that Snakemake runs in, activated or not.
os.environ.update(
    PATH=os.pathsep.join(
        [str(Path(sys.executable).parent), os.getenv("PATH", os.defpath)]
    )
)
# What `auto` means is decided once, where one types: jobs on other nodes are told.
if workflow.is_main_process:
    os.environ[resources.GPUS] = str(resources.gpus_here())


def or_refuse(function, *arguments):
    """What the function returns; its complaint, as one line and without a traceback."""
    try:
        return function(*arguments)
    except StepError as error:
        sys.exit(str(error))


or_refuse(settings.load, "params.yaml")


configfile: "params.yaml"


config.update(exponents.as_numbers(config))
or_refuse(settings.check, config, "--config")
RAW = f"data/raw/{config['data']['source']}"
FOLDER = os.path.normpath(config["data"]["folder"])
if config["data"]["source"] == "folder":
    or_refuse(folder.check, FOLDER)
SCHEMES = reads.scheme_names(config)
SEEDS = config["train"]["seeds"]
FIGURES = captions.figures(SCHEMES)


wildcard_constraints:
    scheme="|".join(SCHEMES),
    seed="|".join(map(str, SEEDS)),


def params_of(step):
    """The step's part of the effective configuration, as one JSON argument."""

    def canonical(wildcards):
        names = dict(wildcards.items())
        if "seed" in names:
            names["seed"] = int(names["seed"])
        return reads.canonical(reads.part(config, step, **names))

    return canonical


def code(step):
    """Every file of ours that decides what the step makes: its module and all that it imports.

    Their content counts, not their time: `changed` says when it is another.
    """
    root = Path(workflow.basedir)
    return [ancient(str(path.relative_to(root))) for path in files_of(step)]


def changed(step):
    """One more input, newer than any output, for a job whose record does not hold (dvc.smk)."""
    return lambda wildcards: marker_of(step, **dict(wildcards.items()))


def shown(figure):
    """A figure with its caption, for `snakemake --report` too."""
    return report(
        f"results/figures/{figure}.svg",
        caption=f"../report/{FIGURES[figure]}.rst",
        category="Figures",
        labels={"figure": figure},
    )


def growing(least):
    """A resource that a job asks for, more at each attempt."""
    return lambda wildcards, attempt: attempt * least


def memory(mem_mb, gpu=0):
    """The resources memory and GPU of a job, and the share of this machine that both make.

    Caps on `mem_mb` and `gpu` themselves would cut what jobs ask of a cluster.
    """

    def share(wildcards, attempt):
        mb = mem_mb(wildcards, attempt) if callable(mem_mb) else mem_mb
        return resources.share(mb, gpu)

    return {"mem_mb": mem_mb, "gpu": gpu, "share": share}


def network_of(wildcards):
    """What decides the cost of a scheme's training: the model section and its groups."""
    return config["model"], config["schemes"][wildcards.scheme]["groups"]


def training_mb(wildcards, attempt):
    """Memory of one training, more at each attempt."""
    needed = resources.training_mb(
        *network_of(wildcards), config["train"]["batch_size"]
    )
    return attempt * needed
