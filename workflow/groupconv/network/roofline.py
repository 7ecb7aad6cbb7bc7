"""What the machine can do at most, and how long each module of a network takes. Knows no files.

Source: Williams, Waterman, Patterson 2009, doi:10.1145/1498765.1498785. Ceilings are measured, on
the device and with the threads of the layers.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from groupconv.network.vgg import VGG

# The best of these is the ceiling of arithmetic: a matrix product alone is none, as a plain
# convolution's kernel can be a little faster.
SIDES = (768, 1024, 1536)  # of the matrices that are multiplied
CHANNELS, MAP = 256, 56  # of the plain 3x3 convolution: conv-3's second
PRODUCT, CONVOLUTION = "a matrix product", "a plain 3x3 convolution"
LARGE = (25088, 4096)  # of the matrix that is read: the classifier's first, beyond a core's cache
REPEATS = 5
LEAST, BUDGET_MS = 2, 120  # repeats of what takes long; time after which there is no other
TAKEN_APART = ("eager", "folded")  # the back ends that are modules, one after another


@torch.inference_mode()
def ceilings(device: torch.device) -> dict:
    """The best of several in fp32: FLOP/s, of what they are, and bytes/s of a matrix read once."""
    found = [(_product(side, device), PRODUCT) for side in SIDES]
    found.append((_convolution(device), CONVOLUTION))
    rate, of = max(found)
    large, x = torch.ones(LARGE, device=device), torch.ones(LARGE[1], device=device)
    read = min(clocked(lambda _: large @ x, x)[1] for _ in range(REPEATS))
    return {
        "flop_per_s": rate,
        "flop_of": of,
        "bytes_per_s": 4 * large.numel() / (read / 1e3),
    }


def _product(side: int, device: torch.device) -> float:
    """FLOP/s of a product of two square matrices."""
    a, b = torch.randn(2, side, side, device=device)
    return 2 * side**3 / (_shortest(lambda x: x @ b, a) / 1e3)


def _convolution(device: torch.device) -> float:
    """FLOP/s of a convolution that is not grouped, channels-last, as the folded networks are."""
    layout = {"memory_format": torch.channels_last}
    x = torch.randn(1, CHANNELS, MAP, MAP, device=device).to(**layout)
    run = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False).to(device, **layout)
    return 2 * run.weight.numel() * MAP**2 / (_shortest(run, x) / 1e3)


def _shortest(run: Callable, x: torch.Tensor) -> float:
    """Milliseconds of the fastest of up to REPEATS."""
    ms: list[float] = []
    while len(ms) < LEAST or (len(ms) < REPEATS and sum(ms) < BUDGET_MS):
        ms.append(clocked(run, x)[1])
    return min(ms)


@torch.inference_mode()
def by_module(
    models: dict[tuple[str, str], Callable], image: torch.Tensor, rounds: range, seed: list[int]
) -> list[tuple[str, str, str, float]]:
    """Rows (scheme, back end, module, ms), every pass.

    ``models``: by scheme and back end, warm; those of TAKEN_APART count. In each round each runs
    once, module by module, in a new random order.
    """
    turns: dict[tuple[str, str], list[tuple[str, nn.Module]]] = {}
    for (scheme, name), model in models.items():
        if name in TAKEN_APART:
            network = models[scheme, "eager"]
            own = modules(network) if name == "eager" else folded_modules(network, model)
            turns[scheme, name] = own
    order, rows = np.random.default_rng(seed), []
    for _ in rounds:
        for i in order.permutation(len(turns)):
            key = list(turns)[i]
            x = image
            for module, run in turns[key]:
                x, ms = clocked(run, x)
                rows.append((*key, module, ms))
    return rows


def modules(network: VGG) -> list[tuple[str, nn.Module]]:
    """Every module of a network in its order, by name, as eager runs them."""
    return [
        *((f"features.{i}", module) for i, module in enumerate(network.features)),
        ("flatten", nn.Sequential(network.avgpool, nn.Flatten())),
        *((f"classifier.{i}", module) for i, module in enumerate(network.classifier)),
    ]


def folded_modules(network: VGG, model: nn.Sequential) -> list[tuple[str, nn.Module]]:
    """Those of the folded ``model``, each under its name in ``network``: no batch norm is left."""
    names = [n for n, of in enumerate(network.features) if not isinstance(of, nn.BatchNorm2d)]
    layout, convolutions, *rest = model
    return [
        ("layout", layout),
        *((f"features.{i}", of) for i, of in zip(names, convolutions, strict=True)),
        ("flatten", nn.Sequential(*rest[:-1])),
        *((f"classifier.{i}", of) for i, of in enumerate(rest[-1])),
    ]


def clocked(run: Callable, x: torch.Tensor) -> tuple[torch.Tensor, float]:
    """(what ``run`` makes of ``x``, milliseconds until it is there)."""
    wait = torch.cuda.synchronize if x.is_cuda else lambda: None
    wait()
    began = time.perf_counter()
    made = run(x)
    wait()
    return made, (time.perf_counter() - began) * 1e3
