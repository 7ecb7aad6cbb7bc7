"""The device and threads that a step runs on: what was asked for, or an error."""

import os

import torch

from groupconv.ground import machine
from groupconv.ground.errors import DeviceError
from groupconv.ground.progress import many
from groupconv.network.gpus import free_gpu


def choose_device(name: str, key: str) -> torch.device:
    """The device of ``name``: auto (CUDA where there is one), cpu or cuda.

    ``key`` is the params key, for the error. Raises DeviceError if CUDA is asked for and absent.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceError(f"params.yaml: {key} = cuda: this machine has none; allowed: auto, cpu")
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    device = torch.device("cuda", free_gpu(torch.cuda.device_count()))
    torch.cuda.set_device(device)
    return device


def set_threads(threads: int, key: str) -> None:
    """Compute with exactly ``threads`` CPU threads. Raises DeviceError if there are fewer cores."""
    cores = machine.cores()
    if threads > cores:
        raise DeviceError(f"params.yaml: {key} = {threads}: this machine has {many(cores, 'core')}")
    torch.set_num_threads(threads)


def check_precision(precision: str, device: torch.device, key: str) -> None:
    """Raise DeviceError where ``device`` would only imitate bf16, more slowly than fp32."""
    if precision != "bf16":
        return
    line = f"params.yaml: {key} = bf16"
    if device.type == "cuda":
        if not torch.cuda.is_bf16_supported(including_emulation=False):
            name = torch.cuda.get_device_name(device)
            raise DeviceError(f"{line}: {name} has no bf16 arithmetic; allowed: fp32")
    elif not machine.cpu_has_bf16():
        raise DeviceError(f"{line}: {machine.cpu()} has no bf16 arithmetic; allowed: fp32")


def be_deterministic(device: torch.device) -> None:
    """Bit-identical repeats on CPU; on CUDA the same where an operation allows it, else a warning.

    CUDA's adaptive pooling has no deterministic backward; where the map already has the size that
    the classifier reads (the paper's 7x7 at 224x224) it is left out.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # use_deterministic_algorithms sets the same, and imports torch's compiler for it: seconds.
    torch.set_deterministic_debug_mode("warn" if device.type == "cuda" else "error")
    # It would fill every new tensor with NaN, to show who reads what nobody wrote: 3% of a step.
    torch.utils.deterministic.fill_uninitialized_memory = False
    torch.backends.cudnn.benchmark = False
