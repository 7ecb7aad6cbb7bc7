"""How each number was made: for each step what it makes, by which command, with which parameters.

The keys are those of settings/reads.py, which a step may not import; a test holds them equal.
"""

import json
from dataclasses import dataclass

EACH = ".*"  # behind a section: all of its keys that a training reads, each by its name
NOT_TRAINED = ("train.seeds",)  # it says which trainings there are


@dataclass(frozen=True)
class Step:
    """A step: what it makes of what, the file to ask Snakemake for, and the keys that it reads."""

    name: str
    makes: str
    target: str
    keys: str


COLLECTED = ("agreement", "summary", "claims")  # steps that study.collect runs
OF_SEED = "results/schemes/{scheme}/seed{seed}"
STEPS = (
    Step(
        "prepare",
        "the images and their classes, chosen from the source and counted",
        "data/counts.csv",
        "data.source data.books data.folder data.min_images data.classes data.images_per_class "
        "data.image_size",
    ),
    Step("split", "the part of each image", "data/manifest.csv", "split"),
    Step(
        "square",
        "the network's input",
        "data/square.npy",
        "data.fit data.stretch_contrast model.input_size",
    ),
    Step(
        "train",
        "weights, and the curves by epoch",
        f"{OF_SEED}/history.csv",
        "data.normalize model.* train.* schemes.{scheme}",
    ),
    Step(
        "evaluate",
        "what each network takes each test and validation image for",
        f"{OF_SEED}/predictions.csv",
        "evaluate train.device train.threads",
    ),
    Step(
        "macs",
        "MACs and parameters of the full model, by formula and by counting",
        "results/schemes/{scheme}/macs.json",
        "model.architecture schemes.{scheme}",
    ),
    Step(
        "latency",
        "the latency of the full model, run by run",
        "results/latency.csv",
        "model.architecture schemes latency",
    ),
    Step(
        "agreement",
        "how often a back end below fp32 gives an image the class that eager gives it",
        "results/agreement.json",
        "evaluate schemes train.seeds latency.device latency.threads latency.back_ends",
    ),
    Step(
        "training_speed",
        "seconds of single training steps of the full model",
        "results/training_speed.csv",
        "model.architecture schemes train.precision train.device train.threads training_speed",
    ),
    Step(
        "summary",
        "means, changes and intervals",
        "results/comparisons.csv",
        "schemes train.seeds",
    ),
    Step(
        "claims",
        "the answers to the paper's claims",
        "results/claims.json",
        "data model schemes train evaluate.checkpoint",
    ),
)


def command(step: Step, scheme: str, seed: int, *, collected: bool) -> str:
    """What makes it once more, at the root of a clone, of one scheme and seed for example.

    ``collected``: the study's page, whose trainings were made elsewhere.
    """
    if collected:
        of_texts = step.name in COLLECTED
        return "python -m study.collect" if of_texts else "python -m study.train"
    return f"snakemake --cores all --force {step.target.format(scheme=scheme, seed=seed)}"


def keys(step: Step, params: dict) -> list[str]:
    """The keys that the step reads, as settings/reads.py has them for ``params``."""
    found = []
    for key in step.keys.split():
        section = key.removesuffix(EACH)
        own = [f"{section}.{name}" for name in params[section]] if key.endswith(EACH) else [key]
        found += [one for one in own if key == one or one not in NOT_TRAINED]
    return found


def parameters(step: Step, params: dict) -> str:
    """The step's keys with their values; a section of which it reads all stands by its name."""
    said = []
    for key in keys(step, params):
        section, _, name = key.partition(".")
        if section == "schemes":
            said.append("schemes, each its own" if name else "schemes")
        elif name:
            said.append(f"{key}: {value(params[section][name])}")
        elif len(params[section]) > 8:
            said.append(f"all of {section}")
        else:
            said += [f"{key}.{name}: {value(one)}" for name, one in params[section].items()]
    return ", ".join(said)


def value(one: object) -> str:
    """A value as params.yaml has it."""
    return json.dumps(one, ensure_ascii=False)
