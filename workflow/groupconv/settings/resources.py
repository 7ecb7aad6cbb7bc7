"""What a step will need, before it starts: memory in MB and bytes on disk. Knows no torch.

Estimates from the closed forms, rounded up; tests compare them with what real steps used.
"""

import math
import os
from collections.abc import Callable
from pathlib import Path

import psutil

from groupconv.ground.errors import DeviceError
from groupconv.network import architecture

FLOAT = 4  # bytes
FEW = 4  # images of a batch: less is no help
# How often a back end holds the weights of the classifier for itself, 4 bytes each, measured. Here
# and not in network/back_ends/: all of network/ that a training imports, even by settings/, decides
# its result.
COPIES = {
    "folded_bf16": 0.6,
    "folded_int8_classifier": 0.3,
    "compile": 1.5,
    "compile_bf16": 1.0,
    "onnxruntime": 1.4,
    "onnxruntime_int8_classifier": 0.7,
    "openvino": 1.4,
    "openvino_int8_classifier": 0.8,
    "openvino_bf16": 0.8,
    "openvino_bf16_int8_classifier": 0.8,
    "openvino_bf16_merged": 0.8,
    "openvino_bf16_merged_int8_classifier": 0.8,
    "openvino_bf16_torch_int8_classifier": 0.3,
    "openvino_bf16_merged_torch_int8_classifier": 0.3,
    "onnxruntime_int8": 1.1,
}
# The same while one of them is prepared: a network is exported, read back, or quantised.
PREPARING, QUANTISING = 3.2, {"onnxruntime_int8_classifier": 6.8, "onnxruntime_int8": 4.2}
PAPERS_BATCH = 20  # of the step training_speed
# Python with torch (its CUDA build) and pandas imported, no model; on a cluster's node also the
# Snakemake that starts it.
PROCESS_MB = 1300
STARTER_MB = 700  # of latency's own process, with torch, beside those that it starts
KEPT_WEIGHTS = 5  # times that a training holds its parameters (training_mb)
WHOLE = 1000  # of `share`: one machine; engines/limits.py caps it
GPUS = "GROUPCONV_GPUS"  # environment: GPUs of the submitting machine, for jobs on other nodes
MOST_CLASSES = 4000  # not known before the data are prepared; Kuzushiji-Kanji has 3,832


def trained_counts(model: dict, scheme: dict, classes: int = MOST_CLASSES) -> architecture.Counts:
    """MACs for one image and parameters of the network that is trained.

    ``model``: the section; ``scheme``: its entry, groups and what else it has.
    """
    return architecture.closed_form(
        model["architecture"],
        **scheme,
        classes=classes,
        input_size=model["input_size"],
        classifier_width=model["classifier_width"],
        classifier_pool=model["classifier_pool"],
    )


def training_mb(model: dict, scheme: dict, batch_size: int) -> int:
    """Memory of one training, MB: weights, gradients, momentum, the best epoch's copy, a file
    being written, and the feature maps of a batch (each convolution's, batch norm's, ReLU's).
    """
    parameters, maps = _floats(model, scheme, batch_size)
    return PROCESS_MB + FLOAT * (KEPT_WEIGHTS * parameters + maps) // 10**6


def _floats(
    model: dict, scheme: dict, batch_size: int, classes: int = MOST_CLASSES
) -> tuple[int, int]:
    """How many parameters a network has, and how many numbers the feature maps of a batch."""
    maps = sum(
        layer.c_out * (model["input_size"] // 2 ** (layer.stage - 1)) ** 2
        for layer in architecture.convolutions(model["architecture"], **scheme)
    )
    return trained_counts(model, scheme, classes).parameters, 4 * maps * batch_size


def memory_key(step: str, own: dict) -> str:
    """The key that most of a step's memory comes from, with its value: "train.batch_size = 20".

    ``own`` is what the step reads of params.yaml (reads.params_of). "" if no key makes much of it.
    """
    if step in ("latency", "training_speed"):
        return f"schemes: {len(own['schemes'])} of them"
    if step in ("train", "grid"):
        model, batch_size = own["model"], own["train"]["batch_size"]
        parameters, maps = _floats(model, own["schemes"][own["scheme"]], batch_size)
        if KEPT_WEIGHTS * parameters > maps:
            return f"model.classifier_width = {model['classifier_width']}"
        if batch_size <= FEW:
            return f"model.input_size = {model['input_size']}"
        return f"train.batch_size = {batch_size}"
    if step == "evaluate":  # the checkpoint has the value
        return "model.input_size"
    section, key = {"prepare": ("data", "image_size"), "figures": ("figures", "dpi")}.get(
        step, ("", "")
    )
    return f"{section}.{key} = {own[section][key]}" if key else ""


def check_memory(needed_mb: int, what: str, key: str) -> None:
    """Raise DeviceError if less than ``needed_mb`` of memory is free on this machine.

    ``key``, with its value, is what most of it comes from.
    """
    free_mb = psutil.virtual_memory().available // 10**6
    if free_mb < needed_mb:
        raise DeviceError(
            f"params.yaml: {key}: {what} needs about {needed_mb:,} MB of memory, {free_mb:,} MB "
            "are free"
        )


def checkpoint_bytes(parameters: int) -> int:
    """Size of one checkpoint on disk, bytes."""
    return FLOAT * parameters + 10**6


def latency_mb(params: dict) -> int:
    """Memory of the latency step, MB: convolutions of every scheme on every back end, and weights
    of the classifier. torch's back ends share one of all schemes, but for those of another width
    (network/variants.py); the others hold it once more for each scheme, and are prepared one after
    another.
    """
    names = params["latency"]["back_ends"]
    copies = sum(COPIES.get(name, 0.0) for name in names)
    meanwhile = max(QUANTISING.get(name, PREPARING * (name in COPIES)) for name in names)
    total, shared, largest = (PROCESS_MB + STARTER_MB) * 10**6, 0, 0
    for scheme in params["schemes"].values():
        counts = architecture.closed_form(
            params["model"]["architecture"], **scheme, **architecture.FULL_MODEL
        )
        total += FLOAT * len(names) * (counts.parameters - counts.linear_macs)
        total += round(FLOAT * copies * counts.linear_macs)
        largest = max(largest, counts.linear_macs)
        if "width" in scheme:
            total += FLOAT * counts.linear_macs
        else:
            shared = FLOAT * counts.linear_macs
    return (total + shared + round(FLOAT * meanwhile * largest)) // 10**6


def training_speed_mb(params: dict) -> int:
    """Memory of the step training_speed, MB: weights and momentum of every scheme's full model at
    once; gradients, and feature maps of a batch, of one of them at a time.
    """
    model = {"architecture": params["model"]["architecture"], **architecture.FULL_MODEL}
    total, largest = PROCESS_MB * 10**6, 0
    for scheme in params["schemes"].values():
        parameters, maps = _floats(model, scheme, PAPERS_BATCH, model["classes"])
        total += FLOAT * 2 * parameters
        largest = max(largest, FLOAT * (parameters + maps))
    return (total + largest) // 10**6


def training_speed(params: dict) -> dict:
    """The resources of the step training_speed: alone on its machine, if it times anything."""
    if not params["training_speed"]["steps"]:
        return job(500)
    return job_alone(growing(training_speed_mb(params)), gpus(params["train"]["device"]))


def gpus_here() -> int:
    """NVIDIA's GPUs of this machine."""
    return len(list(Path("/proc/driver/nvidia/gpus").glob("*")))


def gpus(device: str) -> int:
    """GPUs that one job asks for; `auto` takes one where the submitting machine has one.

    A job on another node asks, and gets the environment, as that machine decided.
    """
    found = int(os.getenv(GPUS, gpus_here()))
    return int(device == "cuda" or (device == "auto" and found > 0))


def share(mem_mb: int, gpu: int) -> int:
    """Per mille of this machine, 1 to WHOLE: the larger part, of 80 % of its memory or its GPUs."""
    of_memory = math.ceil(WHOLE * mem_mb / (0.8 * psutil.virtual_memory().total / 10**6))
    of_gpus = WHOLE * gpu // max(1, gpus_here())
    return min(WHOLE, max(1, of_memory, of_gpus))


def growing(least: int) -> Callable:
    """A resource that a job asks for, more at each attempt."""
    return lambda wildcards, attempt: attempt * least


def job(mem_mb: int | Callable, gpu: int = 0) -> dict:
    """The resources memory and GPU of a job, and the share of this machine that both make.

    Caps on `mem_mb` and `gpu` themselves would cut what jobs ask of a cluster.
    """

    def of_machine(wildcards, attempt):
        mb = mem_mb(wildcards, attempt) if callable(mem_mb) else mem_mb
        return share(mb, gpu)

    return {"mem_mb": mem_mb, "gpu": gpu, "share": of_machine}


def job_alone(mem_mb: Callable, gpu: int = 0) -> dict:
    """The resources of a job beside which nothing else may run on this machine."""
    return {**job(mem_mb, gpu), "share": WHOLE}
