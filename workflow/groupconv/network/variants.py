"""The paper's full model of a scheme, in each variant that is timed. Knows no files, no clock."""

import math
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from groupconv.ground.errors import StepError
from groupconv.network import seeds
from groupconv.network.architecture import FULL_MODEL
from groupconv.network.vgg import VGG, vgg

Models = dict[tuple[str, str], nn.Module]  # by scheme and variant
TOLERANCE = 1e-4  # largest difference from eager's output, relative to its largest value
BLOCK = 1_000_003  # weights; a prime number, so that no two rows of a layer are the same


def eager(model: VGG) -> nn.Module:
    """The network as written, as the paper would have run it."""
    return model


def folded(model: VGG) -> nn.Module:
    """Batch norm folded into the convolutions, channels-last; the classifier is shared."""
    layers = list(model.features)
    merged = [
        fuse_conv_bn_eval(layer, layers[i + 1]) if isinstance(layer, nn.Conv2d) else layer
        for i, layer in enumerate(layers)
        if not isinstance(layer, nn.BatchNorm2d)
    ]
    features = nn.Sequential(*merged).to(memory_format=torch.channels_last)
    return nn.Sequential(
        ChannelsLast(), features, model.avgpool, nn.Flatten(), model.classifier
    ).eval()


class ChannelsLast(nn.Module):
    """Changes the layout of the input in memory, not its values."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The same (n, c, height, width), channels-last in memory."""
        return x.contiguous(memory_format=torch.channels_last)


VARIANTS: dict[str, Callable[[VGG], nn.Module]] = {"eager": eager, "folded": folded}


def all_models(
    architecture: str, schemes: dict[str, dict], seed: int, image: torch.Tensor
) -> tuple[Models, dict[str, dict[str, float]]]:
    """({scheme, variant: its model}, {scheme: {variant: its difference from eager}}).

    ``schemes``: their entries of params.yaml, groups and what else they have. All have one
    classifier, but for a scheme of another width: at 124 million parameters it is far larger than
    any cache, so sharing it changes no time, and saves most of memory and set-up.
    Raises StepError if a variant does not compute on ``image`` what eager does.
    """
    models, differences, shared = {}, {}, None
    for scheme, entry in schemes.items():
        narrow = "width" in entry
        model = full_model(architecture, entry, seed, None if narrow else shared).to(image.device)
        shared = shared if narrow else model.classifier
        outputs: dict[str, torch.Tensor] = {}
        differences[scheme] = {}
        for variant, prepare in VARIANTS.items():
            models[scheme, variant] = prepare(model)
            outputs[variant] = output(models[scheme, variant], image)
            different = difference(outputs["eager"], outputs[variant])
            differences[scheme][variant] = different
            if not different < TOLERANCE:
                raise StepError(
                    f"latency: {variant} of {scheme} differs from eager by {different:.2e} of the "
                    f"largest output; allowed: {TOLERANCE:.0e}"
                )
    return models, differences


def full_model(architecture: str, scheme: dict, seed: int, shared: nn.Module | None = None) -> VGG:
    """The paper's full model in eval mode, with batch-norm statistics that folding must respect.

    ``shared`` is its classifier; None: a new one.
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
        layers = VGG(architecture, dropout=0.5, **FULL_MODEL, **scheme).classifier
    layers.to_empty(device="cpu")
    for name, layer in layers.named_modules():
        if isinstance(layer, nn.Linear):
            deviation = math.sqrt(2 / layer.in_features)
            source = seeds.generator(seed, f"classifier.{name}")
            block = torch.empty(BLOCK).normal_(0, deviation, generator=source)
            for part in layer.weight.view(-1).split(BLOCK):
                part.copy_(block[: len(part)])
            layer.bias.zero_()
    return layers


@torch.inference_mode()
def output(model: nn.Module, image: torch.Tensor) -> torch.Tensor:
    """What the model makes of the image."""
    return model(image)


def difference(expected: torch.Tensor, found: torch.Tensor) -> float:
    """Largest difference of two outputs, relative to the largest value of the first."""
    return ((expected - found).abs().max() / expected.abs().max()).item()
