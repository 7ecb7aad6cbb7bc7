"""torch as it comes: the network as written, folded, in bf16, with int8 weights."""

import copy
import functools
import warnings
from collections.abc import Callable

import torch
from torch import nn

from groupconv.network.back_ends import folding
from groupconv.network.vgg import VGG


def as_written(network: VGG, image: torch.Tensor, calibration: torch.Tensor) -> Callable:
    """As the paper would have run it."""
    return network


def folded(network: VGG, image: torch.Tensor, calibration: torch.Tensor) -> nn.Module:
    """Batch norm folded into the convolutions, channels-last; the classifier is shared."""
    return folding.whole(network, folding.features(network), channels_last=True)


def folded_contiguous(network: VGG, image: torch.Tensor, calibration: torch.Tensor) -> nn.Module:
    """The same in the layout that torch has of itself."""
    return folding.whole(network, folding.features(network), channels_last=False)


def folded_bf16(network: VGG, image: torch.Tensor, calibration: torch.Tensor) -> nn.Module:
    """Folded; weights and activations in bf16, logits in fp32."""
    convolutions = folding.features(network).to(torch.bfloat16, memory_format=torch.channels_last)
    classifier = _in_bf16(network.classifier)
    layers = (folding.ChannelsLast(), As(torch.bfloat16), convolutions, network.avgpool)
    return nn.Sequential(*layers, nn.Flatten(), classifier, As(torch.float32)).eval()


def folded_int8_classifier(
    network: VGG, image: torch.Tensor, calibration: torch.Tensor
) -> nn.Module:
    """Folded; the linear layers with int8 weights, one scale an output, dynamic activations."""
    model = folding.whole(network, folding.features(network), channels_last=True)
    return nn.Sequential(*model[:-1], in_int8(network)).eval()


def in_int8(network: VGG) -> nn.Module:
    """Its classifier as folded_int8_classifier has it; shared by schemes as the classifier is."""
    return _in_int8(network.classifier)


class As(nn.Module):
    """Changes the type of numbers."""

    def __init__(self, dtype: torch.dtype):
        super().__init__()
        self.dtype = dtype

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The same values, rounded to the type."""
        return x.to(self.dtype)


@functools.lru_cache(maxsize=1)  # schemes share one classifier
def _in_bf16(classifier: nn.Module) -> nn.Module:
    return copy.deepcopy(classifier).to(torch.bfloat16)


@functools.lru_cache(maxsize=1)
def _in_int8(classifier: nn.Module) -> nn.Module:
    from torch.ao import quantization  # a second

    rule = {nn.Linear: quantization.per_channel_dynamic_qconfig}
    with warnings.catch_warnings():  # torch.ao will move to another package
        warnings.simplefilter("ignore")
        return quantization.quantize_dynamic(classifier, rule, dtype=torch.qint8)
