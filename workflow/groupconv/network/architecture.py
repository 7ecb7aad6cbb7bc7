"""VGG-BN in numbers: the channels, layers and closed forms of Table 1. Knows no torch.

Source: the paper, Table 1 and Section 4; VGG: arXiv:1409.1556.
"""

import itertools
import math
from dataclasses import dataclass

from groupconv.ground.errors import SchemeError

CHANNELS = (64, 128, 256, 512, 512)  # output channels of conv-1 .. conv-5, at width 1
MULTIPLE = 4  # of which a narrower stage's channels are: exact for every sixteenth of width
LAYERS = {  # convolutions in conv-1 .. conv-5
    "vgg13_bn": (2, 2, 2, 2, 2),
    "vgg16_bn": (2, 2, 3, 3, 3),
    "vgg19_bn": (2, 2, 4, 4, 4),
}
KERNEL = 3
FULL_MODEL = {"classes": 1120, "input_size": 224, "classifier_width": 4096, "classifier_pool": 7}


@dataclass(frozen=True)
class Convolution:
    """One "same"-padded 3x3 convolution; ``stage`` is 1 to 5 for conv-1 to conv-5.

    ``shuffled``: the output channels of its groups are interleaved behind it.
    """

    stage: int
    c_in: int
    c_out: int
    groups: int
    shuffled: bool


@dataclass(frozen=True)
class Counts:
    """Multiply-accumulates for one image, and trainable parameters (biases, batch norm too)."""

    conv_macs: int
    linear_macs: int
    parameters: int

    @property
    def macs(self) -> int:
        """Convolutions and linear layers together; batch norm and pooling are not counted."""
        return self.conv_macs + self.linear_macs


def channels(width: float = 1.0) -> tuple[int, ...]:
    """Output channels of conv-1 .. conv-5: ``width`` times VGG's, to the nearest multiple of 4.

    A half is rounded up; no stage has fewer than 4. At 0.625: 40, 80, 160, 320, 320. Source: the
    width multiplier of arXiv:1704.04861; a multiple keeps stages divisible by 2 and 4 groups.
    """
    return tuple(max(1, math.floor(width * c / MULTIPLE + 0.5)) * MULTIPLE for c in CHANNELS)


def convolutions(
    architecture: str, groups: list[int], *, shuffle: bool = False, width: float = 1.0
) -> list[Convolution]:
    """Every convolution from input to output. A grouped stage groups its first one too.

    The paper leaves that open; left ungrouped, scheme E would save 55% of the MACs, not "about
    80%". conv-1's first layer reads the image's 3 channels. ``shuffle``: ShuffleNet's channel
    shuffle behind each grouped convolution (arXiv:1707.01083), the paper's future work.
    Raises SchemeError.
    """
    layers, c_in = [], 3
    for stage, (repeats, c_out, g) in enumerate(
        zip(LAYERS[architecture], channels(width), groups, strict=True), start=1
    ):
        for _ in range(repeats):
            if c_in % g or c_out % g:
                raise SchemeError(f"{g}: must divide conv-{stage}'s channels, {c_in} and {c_out}")
            layers.append(Convolution(stage, c_in, c_out, g, shuffle and g > 1))
            c_in = c_out
    return layers


def read_and_written(stage: int, width: float = 1.0) -> tuple[int, int]:
    """Channels that the first convolution of conv-``stage`` (1 to 5) reads, and writes."""
    every = channels(width)
    return (3 if stage == 1 else every[stage - 2]), every[stage - 1]


def allowed_groups(stage: int, width: float = 1.0) -> list[int]:
    """Every number of groups that conv-``stage`` (1 to 5) can have, in rising order."""
    c_in, c_out = read_and_written(stage, width)
    return [g for g in range(1, c_out + 1) if c_in % g == 0 and c_out % g == 0]


def conv_macs(c_in: int, c_out: int, size: int, groups: int, kernel: int = KERNEL) -> int:
    """Multiply-accumulates of one "same"-padded, stride-1 convolution on one image.

    Input (c_in, size, size), output (c_out, size, size); bias and batch norm not counted.
    Raises SchemeError if ``groups`` does not divide both channel counts.
    Source: size**2 outputs a channel, each kernel**2 * c_in / groups products.
    """
    if c_in % groups or c_out % groups:
        raise SchemeError(f"groups={groups} must divide c_in={c_in} and c_out={c_out}")
    return size**2 * c_out * kernel**2 * (c_in // groups)


def closed_form(
    architecture: str,
    groups: list[int],
    *,
    classes: int,
    input_size: int,
    classifier_width: int,
    classifier_pool: int,
    shuffle: bool = False,
    width: float = 1.0,
) -> Counts:
    """Counts of the whole network for one (3, input_size, input_size) image.

    Each stage ends in 2x2 max-pooling (sizes round down); the classifier reads a map of
    ``classifier_pool`` squared, adaptively pooled. A shuffle multiplies nothing and has no
    parameters; ``width`` narrows the convolutions, and what the classifier reads.
    Raises SchemeError.
    """
    macs = parameters = 0
    for layer in convolutions(architecture, groups, shuffle=shuffle, width=width):
        size = input_size // 2 ** (layer.stage - 1)
        macs += conv_macs(layer.c_in, layer.c_out, size, layer.groups)
        weights = layer.c_out * KERNEL**2 * (layer.c_in // layer.groups)
        parameters += weights + 3 * layer.c_out  # bias; batch norm's weight and bias
    widths = [layer.c_out * classifier_pool**2, classifier_width, classifier_width, classes]
    linear = sum(a * b for a, b in itertools.pairwise(widths))
    return Counts(macs, linear, parameters + linear + sum(widths[1:]))
