"""What each step may read of params.yaml, as one table; the rules and the engines ask it."""

import json

from groupconv.results.order import in_order

# What may be one value for all schemes, or one for each; a step of one scheme reads its own alone.
PER_SCHEME = ("model.initialization", "train.learning_rate")
MODEL = (
    "model.architecture",
    "model.input_size",
    "model.classifier_width",
    "model.classifier_pool",
    "model.dropout",
    "model.initialization",
)
TRAINING = (
    "train.epochs",
    "train.batch_size",
    "train.learning_rate",
    "train.schedule",
    "train.warmup_fraction",
    "train.momentum",
    "train.weight_decay",
    "train.decay_norm_and_bias",
    "train.augment",
    "train.evaluate_training_part",
    "train.precision",
    "train.device",
    "train.threads",
)
# What each step may read, as dotted keys; a section's name stands for all of it. `scheme` and
# `seed` are the wildcards of the steps that are made once per scheme or seed, and
# `schemes.{scheme}` is the scheme's own entry.
READS = {
    "download": ("data.source", "data.books"),  # not the mirror: hashes hold what comes
    "prepare": (  # not its threads: the same bytes come of any number
        "data.source",
        "data.books",
        "data.folder",
        "data.min_images",
        "data.classes",
        "data.images_per_class",
        "data.image_size",
    ),
    "split": ("split",),
    "square": ("data.fit", "data.stretch_contrast", "model.input_size"),
    "train": ("data.normalize", *MODEL, *TRAINING, "scheme", "schemes.{scheme}", "seed"),
    "evaluate": ("evaluate", "train.device", "train.threads", "scheme", "seed"),
    "macs": ("model.architecture", "scheme", "schemes.{scheme}"),
    "latency": ("model.architecture", "schemes", "latency"),
    "agreement": (
        "evaluate",
        "schemes",
        "train.seeds",
        "latency.device",
        "latency.threads",
        "latency.back_ends",
    ),
    "training_speed": (
        "model.architecture",
        "schemes",
        "train.precision",
        "train.device",
        "train.threads",
        "training_speed",
    ),
    "summary": ("schemes", "train.seeds"),
    "claims": ("data", "model", "schemes", "train", "evaluate.checkpoint"),
    "tables": ("data", "split", "model", "schemes", "train"),
    "figures": ("data", "model", "schemes", "train", "figures"),
    "report": (
        "data",
        "split",
        "model",
        "schemes",
        "train",
        "evaluate",
        "latency",
        "training_speed",
        "figures",
    ),
}

# Steps that run where one asks for them: `snakemake sweep`, or a key does. DVC has no stage of
# them, as `dvc repro` would make it, and they have no record: asked for again, they run again.
BY_NAME = {
    "grid": (
        "data.normalize",
        *(key for key in (*MODEL, *TRAINING) if key not in PER_SCHEME),
        "train.seeds",
        "scheme",
        "schemes.{scheme}",
        "sweep",
    ),
    "sweep": ("schemes",),
    "export": ("evaluate", "scheme", "seed"),
}


def params_of(params: dict, step: str, **wildcards) -> dict:
    """What ``step`` may read of ``params``, its schemes' baseline first.

    ``wildcards`` are `scheme` and `seed` where the step is made once for each.
    """
    cut: dict = {}
    for key in (READS | BY_NAME)[step]:
        if key in ("scheme", "seed"):
            cut[key] = wildcards[key]
        elif key == "schemes":
            cut["schemes"] = {s: params["schemes"][s] for s in scheme_names(params)}
        elif "." in key:
            section, name = key.format(**wildcards).split(".")
            value = params[section][name]
            if key in PER_SCHEME and isinstance(value, dict):
                value = value[wildcards["scheme"]]
            cut.setdefault(section, {})[name] = value
        else:
            cut[key] = params[key]
    return cut


def values(step: str, own: dict) -> dict:
    """{dotted key of params.yaml: value} of all that ``step`` reads; ``own``: of params_of()."""
    found = {}
    for key in (READS | BY_NAME)[step]:
        if key not in ("scheme", "seed"):
            filled = key.format(scheme=own.get("scheme"))
            section, _, name = filled.partition(".")
            found[filled] = own[section][name] if name else own[section]
    return found


def keys(step: str, params: dict) -> list[str]:
    """The dotted keys of ``params`` that ``step`` reads, with {scheme} where it is of one scheme.

    train.learning_rate.{scheme}, where the file has one for each.
    """
    found = []
    for key in READS[step]:
        if key in PER_SCHEME:
            section, name = key.split(".")
            key += ".{scheme}" if isinstance(params[section][name], dict) else ""
        if key not in ("scheme", "seed"):
            found.append(key)
    return found


def canonical(own: dict) -> str:
    """One JSON line, equal for equal values."""
    return json.dumps(own, ensure_ascii=False, separators=(",", ":"))


def scheme_names(params: dict) -> list[str]:
    """The schemes by name, baseline first: an order in the file is no parameter."""
    return in_order(params["schemes"])
