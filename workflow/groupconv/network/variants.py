"""The paper's full model of a scheme, on each back end that is timed. Knows no files."""

import math
import time
from collections.abc import Callable

import torch
from torch import nn

from groupconv.ground.errors import StepError
from groupconv.network import seeds
from groupconv.network.architecture import FULL_MODEL
from groupconv.network.back_ends.prepared import prepared, without_tf32
from groupconv.network.back_ends.table import BACK_ENDS
from groupconv.network.vgg import VGG, vgg

Models = dict[tuple[str, str], Callable]  # by scheme and back end
TOLERANCE = 1e-4  # fp32: largest difference from eager's output, relative to its largest value
BLOCK = 1_000_003  # weights; a prime number, so that no two rows of a layer are the same


def all_models(
    architecture: str,
    schemes: dict[str, dict],
    seed: int,
    image: torch.Tensor,
    names: list[str],
) -> tuple[Models, dict[str, dict[str, float]], dict[tuple[str, str], float]]:
    """({scheme, back end: what computes it}, {scheme: {back end: its difference from eager}},
    {scheme, back end: milliseconds of its first run, in which the two were compared}).

    ``schemes``: their entries of params.yaml, groups and what else they have. Those of one width
    have one classifier: at 124 million parameters it is far larger than any cache, so sharing it
    changes no time, and saves most of memory and set-up. ``names``: the back ends, all of which
    run here; those that are no torch hold its weights in their own form.
    Raises StepError if one of fp32 does not compute on ``image`` what eager does, or another
    makes of it what is no number.
    """
    without_tf32()
    models, differences, first_ms = {}, {}, {}
    shared: dict[tuple, nn.Module] = {}
    for scheme, entry in schemes.items():
        reads = tuple(entry.get(key) for key in ("width", "classifier_pool"))
        model = full_model(architecture, entry, seed, shared.get(reads)).to(image.device)
        shared[reads] = model.classifier
        expected = output(model, image)
        differences[scheme] = {}
        for name in names:
            models[scheme, name] = prepared(name, model, image)
            began = time.perf_counter()
            made = output(models[scheme, name], image)
            first_ms[scheme, name] = (time.perf_counter() - began) * 1e3
            found = differences[scheme][name] = difference(expected, made)
            largest = TOLERANCE if BACK_ENDS[name].is_exact else math.inf
            if not found < largest:  # nan, too
                raise StepError(
                    f"latency: {name} of {scheme} differs from eager by {found:.2e} of the "
                    f"largest output; allowed: less than {largest:.0e}"
                )
    return models, differences, first_ms


def full_model(architecture: str, scheme: dict, seed: int, shared: nn.Module | None = None) -> VGG:
    """The paper's full model in eval mode, with batch-norm statistics that folding must respect.

    ``scheme``: its entry; one of FULL_MODEL's sizes may be in it, too. ``shared`` is its
    classifier; None: a new one.
    """
    sizes = {"dropout": 0.5, **FULL_MODEL, **scheme, "classifier_width": 1}
    model = vgg(architecture, initialization="kaiming_grouped", seed=seed, **sizes)
    model.classifier = classifier(architecture, scheme, seed) if shared is None else shared
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
    return model.eval()


@torch.no_grad()
def classifier(architecture: str, scheme: dict, seed: int) -> nn.Module:
    """The full model's classifier. Each layer repeats one block of random weights.

    To draw all 124 million would take each process a second. No time depends on their values,
    as long as they are ordinary: none is denormal, which is slow, and they are no constant.
    """
    with torch.device("meta"):
        layers = VGG(architecture, dropout=0.5, **{**FULL_MODEL, **scheme}).classifier
    # to_empty() would first import sympy: a second.
    empty = {name: torch.empty(weights.shape) for name, weights in layers.state_dict().items()}
    layers.load_state_dict(empty, assign=True)
    for name, layer in layers.named_modules():
        if isinstance(layer, nn.Linear):
            deviation = math.sqrt(2 / layer.in_features)
            source = seeds.generator(seed, f"classifier.{name}")
            block = torch.empty(BLOCK).normal_(0, deviation, generator=source)
            for part in layer.weight.view(-1).split(BLOCK):
                part.copy_(block[: len(part)])
            layer.bias.zero_()
    return layers.eval()


@torch.inference_mode()
def output(model: Callable, image: torch.Tensor) -> torch.Tensor:
    """What the model makes of the image."""
    return model(image)


def difference(expected: torch.Tensor, found: torch.Tensor) -> float:
    """Largest difference of two outputs, relative to the largest value of the first."""
    return ((expected - found).abs().max() / expected.abs().max()).item()
