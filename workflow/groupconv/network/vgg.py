"""VGG-BN with grouped convolutions. Knows no data, no files, no training.

Source: the paper, Section 4 and Table 1. Without groups, modules and state dict are those of
torchvision's vgg13_bn, vgg16_bn and vgg19_bn. A layer has the same name in every scheme.
"""

import torch
from torch import nn

from groupconv.network import seeds
from groupconv.network.architecture import CHANNELS, KERNEL, convolutions


class VGG(nn.Module):
    """(n, 3, size, size) float32 -> (n, classes) logits."""

    def __init__(
        self,
        architecture: str,
        groups: list[int],
        *,
        classes: int,
        input_size: int,
        classifier_width: int,
        classifier_pool: int,
        dropout: float,
        shuffle: bool = False,
        width: float = 1.0,
    ):
        """Build the layers on torch's default device; ``groups`` of conv-1 .. conv-5.

        ``shuffle`` and ``width`` as architecture.convolutions has them. Raises SchemeError if a
        number of groups does not divide the channels.
        """
        super().__init__()
        layers: list[nn.Module] = []
        planned = convolutions(architecture, groups, shuffle=shuffle, width=width)
        for i, c in enumerate(planned):
            relu = nn.ReLU(inplace=True)
            layers += [
                nn.Conv2d(c.c_in, c.c_out, KERNEL, padding=KERNEL // 2, groups=c.groups),
                nn.BatchNorm2d(c.c_out),
                # In the place of the ReLU: a module more would rename the layers behind it.
                nn.Sequential(relu, nn.ChannelShuffle(c.groups)) if c.shuffled else relu,
            ]
            if i + 1 == len(planned) or planned[i + 1].stage != c.stage:
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        # Left out where it changes nothing: on CUDA its backward is not deterministic.
        same = input_size // 2 ** len(CHANNELS) == classifier_pool
        self.avgpool = nn.Identity() if same else nn.AdaptiveAvgPool2d(classifier_pool)
        self.classifier = nn.Sequential(
            nn.Linear(planned[-1].c_out * classifier_pool**2, classifier_width),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(classifier_width, classifier_width),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(classifier_width, classes),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, 3, size, size) -> (n, classes)."""
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))


def vgg(architecture: str, groups: list[int], *, initialization: str, seed: int, **sizes) -> VGG:
    """A VGG on the CPU with weights drawn from ``seed``; ``sizes`` as VGG's keywords.

    ``initialization`` of convolutions and linear layers:

    - "torchvision": Kaiming's fan-out, and N(0, 0.01), which is made for 4,096 inputs and stalls
      with narrower layers;
    - "kaiming": Kaiming's fan-out, and Kaiming's fan-in (arXiv:1502.01852);
    - "kaiming_grouped": Kaiming's fan-in for both, counting the inputs of one group.

    Each layer's weights come from (``seed``, its name): layers of one shape are equal in every
    scheme, whatever the others are. torchvision's fan-out ignores groups: grouped layers start
    smaller by sqrt(groups). Behind batch norm that changes no output, but each step then turns
    the weights further (arXiv:1706.05350): no rule is fair to every scheme at one learning rate.
    """
    with torch.device("meta"):  # torch's own initialisation would draw every weight for nothing
        model = VGG(architecture, groups, **sizes)
    for module in model.modules():  # to_empty() first imports sympy: a second
        for name, weights in module.named_parameters(recurse=False):
            setattr(module, name, nn.Parameter(torch.empty(weights.shape)))
        for name, buffer in module.named_buffers(recurse=False):
            setattr(module, name, torch.empty(buffer.shape, dtype=buffer.dtype))
    for name, module in model.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, (nn.Conv2d, nn.Linear)):
            _initialize(module, initialization, seeds.generator(seed, name))
            nn.init.zeros_(module.bias)
    return model


def _initialize(
    module: nn.Conv2d | nn.Linear, initialization: str, generator: torch.Generator
) -> None:
    if initialization == "torchvision" and isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0, 0.01, generator=generator)
        return
    fan_in = isinstance(module, nn.Linear) or initialization == "kaiming_grouped"
    mode = "fan_in" if fan_in else "fan_out"
    nn.init.kaiming_normal_(module.weight, mode=mode, nonlinearity="relu", generator=generator)
