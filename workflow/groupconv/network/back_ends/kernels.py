"""Kernels of this package: grouped 3x3 convolutions, linear layers of one image, an image's first
convolution, pooling. C++ functions (kernels_source.py), compiled where they run.
"""

import ctypes
import functools
import subprocess
import tempfile
from pathlib import Path

import torch

from groupconv.ground.errors import StepError
from groupconv.network.back_ends.kernels_source import SOURCE
from groupconv.network.back_ends.table import NO_COMPILER, compiler

LONGEST_S = 120  # that a compiler may take: it takes two
FLAGS = ("-O3", "-march=native", "-fopenmp", "-shared", "-fPIC")


@functools.cache
def library() -> ctypes.CDLL:
    """The compiled functions. Raises StepError, one line, if they cannot be had here."""
    program = compiler()
    if program is None:
        raise StepError(NO_COMPILER)
    try:
        return _made(program)
    except subprocess.TimeoutExpired:
        raise StepError(f"{program}: no kernels after {LONGEST_S} s") from None
    # No room for them, or a folder of no programs, or of a name that is no text.
    except (OSError, AttributeError, ValueError) as error:
        raise StepError(f"{program}: the kernels cannot be made or loaded: {error}") from None


def _made(compiler: str) -> ctypes.CDLL:
    with tempfile.TemporaryDirectory(prefix="groupconv-") as folder:
        source, target = Path(folder, "kernels.cpp"), Path(folder, "kernels.so")
        source.write_text(SOURCE)
        command = [compiler, *FLAGS, "-o", target, source]
        done = subprocess.run(command, capture_output=True, errors="replace", timeout=LONGEST_S)
        if done.returncode:
            raise StepError(f"{compiler} cannot compile the kernels: {_reason(done)}")
        found = ctypes.CDLL(str(target))
    found.grouped.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_int] * 9
    found.linear.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_int] * 3
    found.first.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_int] * 8
    found.pooled.argtypes = [ctypes.c_void_p] * 2 + [ctypes.c_int] * 3
    found.pooled.argtypes += [ctypes.c_longlong] * 2 + [ctypes.c_int]
    for function in (found.grouped, found.linear, found.first, found.pooled):
        function.restype = None
    return found


def _reason(made: subprocess.CompletedProcess) -> str:
    """The line of what a compiler said that tells most."""
    lines = made.stderr.strip().splitlines() or [f"exit status {made.returncode}"]
    return next((line for line in lines if "error" in line), lines[0])


def why_not() -> str | None:
    """Why they cannot be had here; None: they can."""
    try:
        library()
    except StepError as error:
        return str(error)
    return None


def lanes() -> int:
    """Groups that one register holds a channel of; the groups are a multiple of it."""
    return library().lanes_of_a_register()


def together(outputs: int) -> int:
    """Output channels of a group whose sums are made at once."""
    return next(number for number in (4, 2, 1) if outputs % number == 0)


def convolved(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    groups: int,
    outputs: int,
    pool: int = 1,
) -> torch.Tensor:
    """The ReLU of the convolution, (n, groups * inputs, height, width) -> (n, ..., height, width).

    ``pool`` 2: its maxima of 2x2 px, (n, ..., height // 2, width // 2).

    Both channels-last and interleaved. ``weight`` (parts of the groups, parts of the outputs, 3, 3,
    inputs, together, lanes) and ``bias`` (the same parts, together, lanes), float32, contiguous.
    Raises RuntimeError of another input, as torch does.
    """
    inputs = weight.shape[4]
    if x.dtype != torch.float32 or x.shape[1] != groups * inputs or 0 in x.shape[2:]:
        given = f"{tuple(x.shape)} of {x.dtype}"
        raise RuntimeError(f"maps of {groups * inputs} channels of float32, not {given}")
    x = x.contiguous(memory_format=torch.channels_last)
    n, _, height, width = x.shape
    shape = (n, groups * outputs, height // pool, width // pool)
    out = torch.empty(shape, dtype=torch.float32, memory_format=torch.channels_last)
    pointers = (tensor.data_ptr() for tensor in (x, weight, bias, out))
    sizes = (n, height, width, groups, inputs, outputs, together(outputs), pool)
    library().grouped(*pointers, *sizes, torch.get_num_threads())
    return out


def linear(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """A linear layer of one image, (1, inputs) -> (1, outputs), float32; the rest is torch's.

    ``weight`` (outputs, inputs) and ``bias`` (outputs), contiguous.
    """
    outputs, inputs = weight.shape
    if x.shape != (1, inputs) or not x.dtype == weight.dtype == torch.float32:
        return torch.nn.functional.linear(x, weight, bias)
    x, out = x.contiguous(), torch.empty((1, outputs), dtype=torch.float32)
    pointers = (tensor.data_ptr() for tensor in (x, weight, bias, out))
    library().linear(*pointers, inputs, outputs, torch.get_num_threads())
    return out


def bordered(x: torch.Tensor) -> torch.Tensor:
    """(n, c, height, width) with zeros around, as wide as convolved_rows() reads: contiguous."""
    step = 2 * lanes()
    right = 1 + -x.shape[3] % step
    return torch.nn.functional.pad(x, (1, right, 1, 1)).contiguous()


def convolved_rows(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, width: int, top: int, rows: int
) -> torch.Tensor:
    """The ReLU of an image's first convolution, (outputs, rows, width), from row ``top`` on.

    ``x`` (c, height + 2, ...): one image of bordered(), ``width`` without its border; ``weight``
    (outputs, c * 9), ``bias`` (outputs), all contiguous, float32. Rows off the map are zero.
    """
    outputs, inputs = weight.shape[0], weight.shape[1] // 9
    out = torch.empty((outputs, rows, width), dtype=torch.float32)
    pointers = (tensor.data_ptr() for tensor in (x, weight, bias, out))
    sizes = (inputs, outputs, x.shape[1] - 2, width, x.shape[2], top, rows)
    library().first(*pointers, *sizes, torch.get_num_threads())
    return out


def pool_into(out: torch.Tensor, x: torch.Tensor) -> None:
    """Write the ReLU of the maxima of 2x2 px of ``x`` (c, rows, width) into ``out``.

    ``out`` (c, rows // 2, width // 2): rows of one map, in torch's own layout or channels-last;
    ``x`` contiguous, both float32.
    """
    sizes = (*x.shape, out.stride(0), out.stride(2))
    library().pooled(x.data_ptr(), out.data_ptr(), *sizes, torch.get_num_threads())
