"""torch.compile, its weights frozen into the program: constants can be laid out for the kernels."""

import contextlib
import logging
from collections.abc import Callable

import torch

from groupconv.network.back_ends import eager
from groupconv.network.vgg import VGG

OPTIONS = {"freezing": True}
PROGRAMS = 64  # that torch keeps of one function; beyond, it would run the model uncompiled


def compiled(network: VGG, image: torch.Tensor, calibration: torch.Tensor) -> Callable:
    """The folded network, compiled for inputs of the shape of ``image``."""
    return _compiled(eager.folded(network, image, calibration), image)


def compiled_bf16(network: VGG, image: torch.Tensor, calibration: torch.Tensor) -> Callable:
    """The same in bf16."""
    return _compiled(eager.folded_bf16(network, image, calibration), image)


def _compiled(model: torch.nn.Module, image: torch.Tensor) -> Callable:
    """Compiled now, so that no timed run compiles; for this shape alone."""
    torch._dynamo.config.recompile_limit = PROGRAMS
    program = torch.compile(model, options=OPTIONS, dynamic=False)
    with quiet(), torch.inference_mode():
        program(image)
    return program


@contextlib.contextmanager
def quiet():
    """Without torch's remarks, as on a machine without CUDA's compiler."""
    logger = logging.getLogger("torch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
