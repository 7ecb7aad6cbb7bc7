"""CUDA graphs: the kernels of one pass are recorded once and launched together."""

from collections.abc import Callable

import torch

from groupconv.network.back_ends import eager
from groupconv.network.vgg import VGG

WARMUP = 3  # runs before the recording, as torch's documentation has it


def graph(network: VGG, image: torch.Tensor, calibration: torch.Tensor) -> Callable:
    """The folded network as a graph."""
    return _recorded(eager.folded(network, image, calibration), image)


def graph_bf16(network: VGG, image: torch.Tensor, calibration: torch.Tensor) -> Callable:
    """The same in bf16."""
    return _recorded(eager.folded_bf16(network, image, calibration), image)


@torch.inference_mode()
def _recorded(model: torch.nn.Module, image: torch.Tensor) -> Callable:
    given = image.clone()
    beside = torch.cuda.Stream()
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        for _ in range(WARMUP):
            model(given)
    torch.cuda.current_stream().wait_stream(beside)
    recorded = torch.cuda.CUDAGraph()
    with torch.cuda.graph(recorded):
        found = model(given)

    def run(x: torch.Tensor) -> torch.Tensor:
        given.copy_(x)
        recorded.replay()
        return found.clone()

    return run
