"""A network rewritten so that it computes the same faster. Knows no library but torch, no clock."""

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from groupconv.network.vgg import VGG


class ChannelsLast(nn.Module):
    """Changes the layout of the input in memory, not its values."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The same (n, c, height, width), channels-last in memory."""
        return x.contiguous(memory_format=torch.channels_last)


class Shuffled(nn.Module):
    """nn.ChannelShuffle in operators that ONNX has; sizes are fixed when it is exported."""

    def __init__(self, groups: int):
        super().__init__()
        self.groups = groups

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, c, height, width), the channels of the groups interleaved."""
        n, c, height, width = x.shape
        split = x.reshape(n, self.groups, c // self.groups, height, width)
        return split.transpose(1, 2).reshape(n, c, height, width)


def features(network: VGG) -> nn.Sequential:
    """Its convolutions with batch norm folded into them, ReLU and pooling, in eval mode."""
    layers = list(network.features)
    return nn.Sequential(
        *(
            fuse_conv_bn_eval(layer, layers[i + 1]) if isinstance(layer, nn.Conv2d) else layer
            for i, layer in enumerate(layers)
            if not isinstance(layer, nn.BatchNorm2d)
        )
    ).eval()


def whole(network: VGG, convolutions: nn.Module, *, channels_last: bool) -> nn.Sequential:
    """``convolutions`` and the network's own classifier, which is shared, not copied."""
    first = [ChannelsLast()] if channels_last else []
    if channels_last:
        convolutions = convolutions.to(memory_format=torch.channels_last)
    return nn.Sequential(
        *first, convolutions, network.avgpool, nn.Flatten(), network.classifier
    ).eval()


def exportable(network: VGG, least: int = 0) -> nn.Sequential:
    """The folded network in operators that every library reads. ``least``: as of merged()."""
    layers = []
    for layer in features(network):
        if isinstance(layer, nn.Conv2d):
            layers.append(merged(layer, least))
        elif isinstance(layer, nn.Sequential):  # a ReLU and its shuffle
            shuffles = [
                Shuffled(inner.groups) if isinstance(inner, nn.ChannelShuffle) else inner
                for inner in layer
            ]
            layers.append(nn.Sequential(*shuffles))
        else:
            layers.append(layer)
    return whole(network, nn.Sequential(*layers), channels_last=False)


@torch.no_grad()
def merged(layer: nn.Conv2d, least: int) -> nn.Conv2d:
    """The same function with fewer groups, of at least ``least`` input channels where it can.

    Groups lie side by side on the diagonal of one weight, zeros elsewhere: more arithmetic, but
    of a width that a library's kernels are made for. The layer itself where it is wide enough.
    """
    of_in, of_out = layer.in_channels // layer.groups, layer.out_channels // layer.groups
    together = 1
    while of_in * together < least and layer.groups % (2 * together) == 0:
        together *= 2
    if together == 1:
        return layer
    wide = nn.Conv2d(
        layer.in_channels,
        layer.out_channels,
        layer.kernel_size,
        padding=layer.padding,
        groups=layer.groups // together,
    )
    wide.weight.zero_()
    wide.bias.copy_(layer.bias)
    for i in range(layer.out_channels):
        place = i // of_out % together
        wide.weight[i, place * of_in : (place + 1) * of_in] = layer.weight[i]
    return wide.eval()
