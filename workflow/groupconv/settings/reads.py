"""What each step may read of params.yaml, as one table; the rules and the engines ask it."""

import json

from groupconv.results.order import in_order

# What each step may read, as dotted keys; a section's name stands for all of it. `scheme`,
# `groups` and `seed` are the wildcards of the steps that are made once per scheme or seed.
PIXELS = ("data.fit", "data.stretch_contrast", "data.normalize", "model")
TRAINING = (
    "train.epochs",
    "train.batch_size",
    "train.learning_rate",
    "train.schedule",
    "train.warmup_fraction",
    "train.momentum",
    "train.weight_decay",
    "train.augment",
    "train.device",
    "train.threads",
)
READS = {
    "download": ("data.source", "data.books"),  # not the mirror: hashes hold what comes
    "prepare": (
        "data.source",
        "data.books",
        "data.folder",
        "data.min_images",
        "data.classes",
        "data.images_per_class",
        "data.image_size",
    ),
    "split": ("split",),
    "train": (*PIXELS, *TRAINING, "scheme", "groups", "seed"),
    "evaluate": ("evaluate", "train.device", "train.threads", "scheme", "seed"),
    "macs": ("model.architecture", "scheme", "groups"),
    "latency": ("model.architecture", "schemes", "latency"),
    "summary": ("schemes", "train.seeds"),
    "claims": ("data", "model", "schemes", "train"),
    "tables": ("data", "split", "model", "schemes", "train"),
    "figures": ("schemes", "train.seeds", "figures", "model.architecture"),
    "report": ("data", "split", "model", "schemes", "train", "evaluate", "latency", "figures"),
}


def params_of(params: dict, step: str, **wildcards) -> dict:
    """What ``step`` may read of ``params``, its schemes' baseline first.

    ``wildcards`` are `scheme` and `seed` where the step is made once for each.
    """
    cut: dict = {}
    for key in READS[step]:
        if key == "groups":
            cut["groups"] = params["schemes"][wildcards["scheme"]]["groups"]
        elif key in ("scheme", "seed"):
            cut[key] = wildcards[key]
        elif key == "schemes":
            cut["schemes"] = {s: params["schemes"][s] for s in scheme_names(params)}
        elif "." in key:
            section, name = key.split(".")
            cut.setdefault(section, {})[name] = params[section][name]
        else:
            cut[key] = params[key]
    return cut


def values(step: str, own: dict) -> dict:
    """{dotted key of params.yaml: value} of all that ``step`` reads; ``own``: of params_of()."""
    found = {}
    for key in READS[step]:
        if key == "groups":
            found[f"schemes.{own['scheme']}.groups"] = own["groups"]
        elif key not in ("scheme", "seed"):
            section, _, name = key.partition(".")
            found[key] = own[section][name] if name else own[section]
    return found


def canonical(own: dict) -> str:
    """One JSON line, equal for equal values."""
    return json.dumps(own, ensure_ascii=False, separators=(",", ":"))


def scheme_names(params: dict) -> list[str]:
    """The schemes by name, baseline first: an order in the file is no parameter."""
    return in_order(params["schemes"])
