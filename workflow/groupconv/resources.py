"""What a step will need, before it starts: memory in MB and bytes on disk. Knows no torch.

Estimates from the closed forms, rounded up; tests compare them with what real steps used.
"""

from pathlib import Path

from groupconv import architecture

FLOAT = 4  # bytes
PROCESS_MB = 700  # Python with torch and pandas imported, no model
MOST_CLASSES = 4000  # not known before the data are prepared; Kuzushiji-Kanji has 3,832


def trained_counts(params: dict, scheme: str, classes: int = MOST_CLASSES) -> architecture.Counts:
    """MACs for one image and parameters of the network that is trained for ``scheme``."""
    model = params["model"]
    return architecture.closed_form(
        model["architecture"],
        params["schemes"][scheme]["groups"],
        classes=classes,
        input_size=model["input_size"],
        classifier_width=model["classifier_width"],
        classifier_pool=model["classifier_pool"],
    )


def training_mb(params: dict, scheme: str) -> int:
    """Memory of one training, MB: weights, gradients, momentum, the best epoch's copy, a file
    being written, and the feature maps of a batch (each convolution's, batch norm's, ReLU's)."""
    weights = 5 * trained_counts(params, scheme).parameters
    maps = sum(
        layer.c_out * (params["model"]["input_size"] // 2 ** (layer.stage - 1)) ** 2
        for layer in architecture.convolutions(
            params["model"]["architecture"], params["schemes"][scheme]["groups"]
        )
    )
    return PROCESS_MB + FLOAT * (weights + 4 * maps * params["train"]["batch_size"]) // 10**6


def checkpoint_bytes(parameters: int) -> int:
    """Size of one checkpoint on disk, bytes."""
    return FLOAT * parameters + 10**6


def latency_mb(params: dict) -> int:
    """Memory of the latency step, MB: every scheme's full model at once, convolutions twice."""
    total = PROCESS_MB * 10**6
    for scheme in params["schemes"].values():
        counts = architecture.closed_form(
            params["model"]["architecture"], scheme["groups"], **architecture.FULL_MODEL
        )
        total += FLOAT * 2 * counts.parameters - FLOAT * counts.linear_macs
    return total // 10**6


def gpus(device: str) -> int:
    """GPUs that one job asks for; `auto` takes one where the submitting machine has one."""
    present = Path("/proc/driver/nvidia/gpus").is_dir()
    return int(device == "cuda" or (device == "auto" and present))
