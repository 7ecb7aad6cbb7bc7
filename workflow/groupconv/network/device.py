"""The device and threads that a step runs on: what was asked for, or an error."""

import fcntl
import os
import tempfile
from pathlib import Path

import torch

from groupconv.ground import machine
from groupconv.ground.errors import DeviceError
from groupconv.ground.progress import many


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


_taken = []  # keeps the files open, and so locked


def free_gpu(count: int) -> int:
    """The number of a GPU, of ``count``, that no other step on this machine has taken.

    Where all are taken, as by a second workflow, or no file can be locked, they are shared.
    """
    for number in range(count if count > 1 else 0):
        path = Path(tempfile.gettempdir(), f"groupconv-{os.getuid()}-gpu{number}")
        guard = open(path, "w", encoding="utf-8")  # noqa: SIM115 - as long as the process lives
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            guard.close()
        else:
            _taken.append(guard)
            return number
    return os.getpid() % count


def set_threads(threads: int, key: str) -> None:
    """Compute with exactly ``threads`` CPU threads. Raises DeviceError if there are fewer cores."""
    cores = machine.cores()
    if threads > cores:
        raise DeviceError(f"params.yaml: {key} = {threads}: this machine has {many(cores, 'core')}")
    torch.set_num_threads(threads)


def be_deterministic(device: torch.device) -> None:
    """Bit-identical repeats on CPU; on CUDA the same where an operation allows it, else a warning.

    CUDA's adaptive pooling has no deterministic backward; where the map already has the size that
    the classifier reads (the paper's 7x7 at 224x224) it is left out.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=device.type == "cuda")
    torch.backends.cudnn.benchmark = False
