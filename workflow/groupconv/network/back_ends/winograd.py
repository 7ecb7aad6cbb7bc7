"""torch with NNPACK's Winograd kernels for plain 3x3 convolutions, in fp32.

F(6x6, 3x3) makes 36 outputs of 64 multiplications, where a direct convolution takes 324. A group of
a few channels has no use for it: its transforms cost more than the arithmetic that they save.
Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016; NNPACK.
"""

import torch
from torch import nn

from groupconv.network.back_ends import folding
from groupconv.network.vgg import VGG

LEAST_SIDE = (
    28  # px of a map: NNPACK transforms the weights in each pass, which small maps repay not
)
LEAST_CHANNELS = 16  # of the input: an image has 3


def is_there() -> bool:
    """Whether torch has NNPACK for this CPU. Its kernels fail before somebody has asked."""
    return torch.backends.nnpack.is_available()


class Winograd(nn.Module):
    """A plain convolution by 3x3 weights with a border of one pixel, in torch's own layout."""

    def __init__(self, layer: nn.Conv2d):
        super().__init__()
        self.weight, self.bias = layer.weight, layer.bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, c, height, width) -> (n, of the layer, height, width)."""
        return torch._nnpack_spatial_convolution(x, self.weight, self.bias, padding=1)


class Product(nn.Module):
    """The same as a matrix product, which is faster where an image has 3 channels."""

    def __init__(self, layer: nn.Conv2d):
        super().__init__()
        self.weight = layer.weight.detach().flatten(1)  # (of the layer, c * 9)
        self.bias = layer.bias.detach()[:, None]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, c, height, width) -> (n, of the layer, height, width)."""
        windows = nn.functional.unfold(x, 3, padding=1)  # (n, c * 9, height * width)
        return (self.weight @ windows).add_(self.bias).unflatten(2, x.shape[-2:])


class MaxPool(nn.Module):
    """nn.MaxPool2d(2) as two maxima: in torch's own layout that takes 2 ms where it takes 17."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, c, height, width) -> (n, c, height // 2, width // 2)."""
        height, width = (side // 2 * 2 for side in x.shape[-2:])
        x = torch.maximum(x[..., 0:height:2, :width], x[..., 1:height:2, :width])
        return torch.maximum(x[..., 0::2], x[..., 1::2])


def folded(network: VGG, image: torch.Tensor, calibration: torch.Tensor) -> nn.Sequential:
    """Batch norm folded, and what by_winograd() does."""
    layers = by_winograd(folding.features(network), image)
    return folding.whole(network, layers, channels_last=False)


def by_winograd(layers: nn.Sequential, image: torch.Tensor) -> nn.Sequential:
    """Plain convolutions by Winograd where it pays; grouped ones and small maps channels-last.

    Of inputs with ``image``'s height and width. Raises RuntimeError where is_there() is not true.
    """
    side, own_layout, found = min(image.shape[-2:]), True, []
    for layer in layers:
        if isinstance(layer, nn.MaxPool2d):
            side //= layer.stride
            if own_layout:  # the ReLU before it behind it: of a quarter of the numbers
                layer, found[-1] = found[-1], MaxPool()
        elif isinstance(layer, nn.Conv2d):
            own_layout = layer.groups == 1 and side >= LEAST_SIDE
            layer = _faster(layer) if own_layout else layer.to(memory_format=torch.channels_last)
        elif not isinstance(layer, (nn.ReLU, nn.Sequential)):
            own_layout = False  # it writes channels-last
        found.append(layer)
    return nn.Sequential(*found)


def _faster(layer: nn.Conv2d) -> nn.Module:
    """A plain convolution in torch's own layout."""
    if layer.in_channels < LEAST_CHANNELS:
        return Product(layer)
    if not is_there():
        raise RuntimeError("torch has no NNPACK for this CPU")
    return Winograd(layer)
