"""A back end by its name -> what computes a network's logits. Imports the library that it needs."""

from collections.abc import Callable

import torch

from groupconv.network.back_ends.table import BACK_ENDS, OWN, sorted_out
from groupconv.network.vgg import VGG


def prepared(
    name: str, network: VGG, image: torch.Tensor, calibration: torch.Tensor | None = None
) -> Callable[[torch.Tensor], torch.Tensor]:
    """What computes the logits of inputs like ``image`` (n, 3, side, side).

    ``calibration``: images (n, 3, side, side) that tell the range of activations; None: ``image``.
    """
    row = BACK_ENDS[name]
    given = image if calibration is None else calibration
    return getattr(module(row.module), row.function)(network, image, given, **dict(row.arguments))


def without_tf32() -> None:
    """What is called fp32 is fp32: cuDNN would round a convolution's inputs to TF32's 10 bits."""
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False


def runs_here(names: list[str], device: torch.device) -> tuple[list[str], dict[str, str]]:
    """Those of ``names`` that run on ``device``, and why each of the others does not."""
    on_gpu = device.type == "cuda"
    bf16 = not on_gpu or torch.cuda.is_bf16_supported(including_emulation=False)
    nnpack = torch.backends.nnpack.is_available()
    facts = {"gpu_has_bf16": bf16, "has_nnpack": nnpack}
    if any(BACK_ENDS[name].module == OWN for name in sorted_out(names, device.type, **facts)[0]):
        from groupconv.network.back_ends import kernels

        facts["no_kernels"] = kernels.why_not()  # compiles them: seconds
    return sorted_out(names, device.type, **facts)


def module(name: str):
    """A module of this package, imported by a statement, so that a fingerprint finds it."""
    if name == "eager":
        from groupconv.network.back_ends import eager as found
    elif name == "winograd":
        from groupconv.network.back_ends import winograd as found
    elif name == OWN:
        from groupconv.network.back_ends import own as found
    elif name == "inductor":
        from groupconv.network.back_ends import inductor as found
    elif name == "cuda":
        from groupconv.network.back_ends import cuda as found
    elif name == "ort":
        from groupconv.network.back_ends import ort as found
    else:
        from groupconv.network.back_ends import ov as found
    return found
