"""What the machine can do at most, and how long each layer takes: the points of a roofline.

Source: Williams, Waterman, Patterson 2009, doi:10.1145/1498765.1498785. Ceilings are measured, with
the threads of the layers. Knows no files.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from groupconv.network.architecture import FULL_MODEL
from groupconv.network.back_ends import eager as eager_torch
from groupconv.network.counts import Layer
from groupconv.network.device import set_threads
from groupconv.network.load import Others
from groupconv.network.timing import share, timed
from groupconv.network.variants import full_model
from groupconv.network.vgg import VGG

SIDE = 1536  # of the matrices that are multiplied
LARGE = (25088, 4096)  # of the matrix that is read: the classifier's first, beyond any cache
REPEATS = 5
WHOLE = "whole"  # the name of a pass that was not taken apart


def ceilings() -> dict[str, float]:
    """The best of several: FLOP/s of a matrix product, bytes/s of a matrix read once, in fp32."""
    a, b = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    large, x = torch.ones(LARGE), torch.ones(LARGE[1])
    product = min(timed(lambda _: a @ b, a) for _ in range(REPEATS))
    read = min(timed(lambda _: large @ x, x) for _ in range(REPEATS))
    return {
        "flop_per_s": 2 * SIDE**3 / (product / 1e3),
        "bytes_per_s": 4 * large.numel() / (read / 1e3),
    }


def measured(params: dict, number: int) -> dict:
    """What process ``number`` (from 1) measures: ceilings, and rows of its rounds.

    A row is (round, scheme, back end, module, ms). In each round every scheme runs whole and taken
    apart, on each back end, in a new random order. Back ends: eager and folded. Raises DeviceError.
    """
    settings, schemes = params["latency"], params["schemes"]
    set_threads(settings["threads"], "latency.threads")
    side, shared, turns = FULL_MODEL["input_size"], None, {}
    image = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    for scheme, entry in schemes.items():
        network = full_model(params["model"]["architecture"], entry, 0, shared)
        shared = network.classifier
        for name, model in (
            ("eager", network),
            ("folded", eager_torch.folded(network, image, image)),
        ):
            parts = modules(network) if name == "eager" else folded_modules(network, model)
            turns[scheme, name, WHOLE] = whole(model)
            turns[scheme, name, ""] = apart(parts)
    with torch.inference_mode():
        found, others = ceilings(), Others()
        for turn in turns.values():
            turn(image)
        order, rows = np.random.default_rng([0, number]), []
        for n in share(settings["rounds"], settings["processes"], number):
            for i in order.permutation(len(turns)):
                scheme, name, _ = key = list(turns)[i]
                rows += [(n, scheme, name, module, ms) for module, ms in turns[key](image)]
    return {"ceilings": found, "rows": rows, "others": others.share()}


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


def whole(model: Callable) -> Callable:
    """One pass -> [(WHOLE, ms)]."""
    return lambda image: [(WHOLE, timed(model, image))]


def apart(parts: list[tuple[str, nn.Module]]) -> Callable:
    """One pass -> [(module, ms)] of each."""

    def run(x: torch.Tensor) -> list[tuple[str, float]]:
        found = []
        for name, module in parts:
            began = time.perf_counter()
            x = module(x)
            found.append((name, (time.perf_counter() - began) * 1e3))
        return found

    return run


def point(layer: Layer, ms: float, most: dict[str, float]) -> dict:
    """Where a layer lies: FLOP for each byte, FLOP/s, its floor, and which ceiling that is of."""
    arithmetic = 2 * layer.macs / most["flop_per_s"] * 1e3
    memory = layer.bytes_moved / most["bytes_per_s"] * 1e3
    return {
        "layer": layer.name,
        "stage": layer.stage,
        "groups": layer.groups,
        "macs": layer.macs,
        "bytes_moved": layer.bytes_moved,
        "flop_per_byte": 2 * layer.macs / layer.bytes_moved,
        "ms": ms,
        "flop_per_s": 2 * layer.macs / (ms / 1e3),
        "floor_ms": max(arithmetic, memory),
        "bound": "arithmetic" if arithmetic > memory else "memory",
    }
