"""torch, and grouped convolutions by this package's kernel. In fp32, on a CPU, batch norm folded.

Channels are interleaved only between such layers: a plain convolution before them writes them in
that order, as its weights are.
"""

import copy

import torch
from torch import nn

from groupconv.network.back_ends import folding, kernels, winograd
from groupconv.network.vgg import VGG

STRIP = 24  # rows, four of NNPACK's tiles of 6 (docs/latency.md): 1.4 MB of 64 channels of 224 px


class Grouped(nn.Module):
    """A grouped 3x3 convolution and its ReLU; input and output interleaved, channels-last.

    ``pool`` 2: and the maxima of 2x2 px, 1: none.
    """

    def __init__(self, layer: nn.Conv2d):
        super().__init__()
        self.pool = 1
        self.groups, self.outputs = layer.groups, layer.out_channels // layer.groups
        lanes, together = kernels.lanes(), kernels.together(self.outputs)
        parts = (self.groups // lanes, lanes, self.outputs // together, together)
        weight, bias = layer.weight.detach(), layer.bias.detach()
        by_lane = weight.view(*parts, -1, 3, 3).permute(0, 2, 5, 6, 4, 3, 1)
        self.weight = by_lane.contiguous()
        self.bias = bias.view(parts).permute(0, 2, 3, 1).contiguous()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, c, height, width) -> (n, of the layer, height // pool, width // pool)."""
        return kernels.convolved(x, self.weight, self.bias, self.groups, self.outputs, self.pool)


class Linear(nn.Module):
    """A linear layer; of one image by the kernel, of several by torch. Shares the weights."""

    def __init__(self, layer: nn.Linear):
        super().__init__()
        self.weight, self.bias = layer.weight.detach().contiguous(), layer.bias.detach()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, inputs) -> (n, outputs)."""
        return kernels.linear(x, self.weight, self.bias)


class Stem(nn.Module):
    """An image's two first convolutions, plain, with their ReLUs, and pooling by 2.

    On one thread strip by strip, so that what lies between stays in the caches: the second by
    NNPACK (winograd.py), the rest by the kernels. NNPACK's threads share a strip badly.
    """

    def __init__(
        self, first: winograd.Product, second: winograd.Winograd, layout: torch.memory_format
    ):
        super().__init__()
        self.layout = layout  # of the output
        self.first = first.weight.contiguous(), first.bias.flatten().contiguous()
        self.second = second.weight.detach(), second.bias.detach()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, c, height, width) -> (n, of the second, height // 2, width // 2)."""
        channels = self.first[0].shape[1] // 9
        if x.dtype != torch.float32 or x.shape[1] != channels or 0 in x.shape[2:]:
            given = f"{tuple(x.shape)} of {x.dtype}"
            raise RuntimeError(f"maps of {channels} channels of float32, not {given}")
        n, _, height, width = x.shape
        shape = (n, len(self.second[1]), height // 2, width // 2)
        out = torch.empty(shape, memory_format=self.layout)
        strip = STRIP if torch.get_num_threads() == 1 else height
        for image, whole in zip(kernels.bordered(x), out, strict=True):
            for top in range(0, height, strip):
                rows = min(strip, height - top)
                made = kernels.convolved_rows(image, *self.first, width, top - 1, rows + 2)
                made = torch._nnpack_spatial_convolution(made[None], *self.second, padding=(0, 1))
                kernels.pool_into(whole[:, top // 2 : (top + rows) // 2], made[0])
        return out


class Ordered(nn.Module):
    """Channels in another order: place i of the output has channel ``order[i]`` of the input."""

    def __init__(self, order: torch.Tensor):
        super().__init__()
        self.order = order

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The same (n, c, height, width), channels-last in memory."""
        return x.permute(0, 2, 3, 1).index_select(3, self.order).permute(0, 3, 1, 2)


def folded(network: VGG, image: torch.Tensor, calibration: torch.Tensor) -> nn.Sequential:
    """Batch norm folded, channels-last; groups that fill the registers by the kernel."""
    layers = pooling(by_kernel(folding.features(network)))
    return _with_linear(folding.whole(network, layers, channels_last=True))


def folded_winograd(network: VGG, image: torch.Tensor, calibration: torch.Tensor) -> nn.Sequential:
    """The same, and plain convolutions by Winograd where it pays (winograd.by_winograd)."""
    layers = winograd.by_winograd(by_kernel(folding.features(network)), image)
    layers = with_stem(pooling(layers))
    return _with_linear(folding.whole(network, layers, channels_last=False))


def by_kernel(layers: nn.Sequential) -> nn.Sequential:
    """``layers`` of folding.features() with their grouped convolutions by the kernel."""
    found: list[nn.Module] = []
    order = None  # the channel that each place in memory has; None: an image's
    for i, layer in enumerate(layers):
        by_kernel_before = bool(found) and isinstance(found[-1], Grouped)
        if isinstance(layer, nn.Conv2d):
            if order is not None and not torch.equal(order, _read(layer)):
                found.append(Ordered(_inverse(order)[_read(layer)]))
            following = [other for other in layers[i + 1 :] if isinstance(other, nn.Conv2d)]
            if _takes(layer):
                order, layer = interleaved(layer.out_channels, layer.groups), Grouped(layer)
            elif layer.groups == 1 and following:
                order = _read(following[0])
                layer = _writing(layer, order)
            else:
                order = torch.arange(layer.out_channels)
        elif isinstance(layer, nn.ReLU) and by_kernel_before:
            continue  # the kernel's own
        elif isinstance(layer, nn.Sequential) and by_kernel_before:
            order = _inverse(_shuffled(layer, len(order)))[order]
            continue
        found.append(layer)
    if not torch.equal(order, torch.arange(len(order))):
        found.append(Ordered(_inverse(order)))
    return nn.Sequential(*found)


def with_stem(layers: nn.Sequential) -> nn.Sequential:
    """``layers`` of winograd.by_winograd() and pooling(), the first as a Stem if they are its."""
    kinds = (winograd.Product, nn.ReLU, winograd.Winograd, winograd.MaxPool, nn.ReLU)
    if tuple(map(type, layers[: len(kinds)])) != kinds:
        return layers
    rest = layers[len(kinds) :]
    layout = torch.channels_last if isinstance(rest[0], Grouped) else torch.contiguous_format
    return nn.Sequential(Stem(layers[0], layers[2], layout), *rest)


def pooling(layers: nn.Sequential) -> nn.Sequential:
    """``layers`` with pooling by 2 done by the grouped convolutions before it: changes these."""
    found: list[nn.Module] = []
    for layer in layers:
        before = found[-1] if found else None
        if _halves(layer) and isinstance(before, Grouped) and before.pool == 1:
            before.pool = 2
        else:
            found.append(layer)
    return nn.Sequential(*found)


def _halves(layer: nn.Module) -> bool:
    """Whether it writes the maxima of 2x2 px, and drops an odd row or column."""
    return isinstance(layer, nn.MaxPool2d) and repr(layer) == repr(nn.MaxPool2d(2))


def interleaved(channels: int, groups: int) -> torch.Tensor:
    """The channel of each place: the first of every group, the second of every group, ..."""
    return torch.arange(channels).view(groups, -1).t().reshape(-1)


def _with_linear(model: nn.Sequential) -> nn.Sequential:
    """``model`` of folding.whole() with the linear layers of its classifier by the kernel."""
    layers = [m for m in model[-1] if not isinstance(m, nn.Dropout)]  # in eval mode it does nothing
    classifier = (Linear(m) if isinstance(m, nn.Linear) else m for m in layers)
    return nn.Sequential(*model[:-1], nn.Sequential(*classifier)).eval()


def _takes(layer: nn.Conv2d) -> bool:
    """Whether its groups fill the registers, of float32."""
    return layer.groups % kernels.lanes() == 0 and layer.weight.dtype == torch.float32


def _read(layer: nn.Conv2d) -> torch.Tensor:
    """The order in which a layer reads its input's channels."""
    groups = layer.groups if _takes(layer) else 1
    return interleaved(layer.in_channels, groups)


def _writing(layer: nn.Conv2d, order: torch.Tensor) -> nn.Conv2d:
    """A plain convolution whose outputs lie in ``order``."""
    other = copy.deepcopy(layer)
    other.weight = nn.Parameter(layer.weight.detach()[order], requires_grad=False)
    other.bias = nn.Parameter(layer.bias.detach()[order], requires_grad=False)
    return other


def _shuffled(layer: nn.Sequential, channels: int) -> torch.Tensor:
    """The channel that a ReLU and its shuffle put at each place, of ``channels`` in order."""
    return layer(torch.arange(channels).view(1, -1, 1, 1)).view(-1)


def _inverse(order: torch.Tensor) -> torch.Tensor:
    """The place of each channel."""
    return torch.argsort(order)
