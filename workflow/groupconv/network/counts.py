"""What each layer costs for one image, by closed form: MACs, parameters, activations, bytes.

An example: conv-1's second layer at 224x224 multiplies 1.85 G times, has 37,056 parameters with
its batch norm, writes 3.2 M activations and moves 25.8 MB. Knows no torch.
"""

import itertools
from dataclasses import asdict, dataclass

from groupconv.network.architecture import KERNEL, conv_macs, convolutions

FLOAT = 4  # bytes
OF_A_STAGE = 3  # modules of a convolution in VGG.features: itself, batch norm, ReLU


@dataclass(frozen=True)
class Layer:
    """One convolution with its batch norm and ReLU, or one linear layer, for one image.

    name: its module's in the network
    stage: 1 to 5 for conv-1 to conv-5; 0: the classifier
    inputs, outputs: numbers that it reads and writes; pooling is not counted
    weights: numbers of its kernel
    parameters: those, the bias, and batch norm's two for each channel
    macs: multiply-accumulates
    """

    name: str
    stage: int
    groups: int
    inputs: int
    outputs: int
    weights: int
    parameters: int
    macs: int

    @property
    def bytes_moved(self) -> int:
        """fp32, at least: inputs, weights and biases read once, outputs written once.

        Batch norm folded, ReLU done on the way out; pooling and shuffles, which move data and
        multiply nothing, are no layer here. Biases are one for each channel, and left out: less
        than 0.3% of any layer.
        """
        return FLOAT * (self.inputs + self.weights + self.outputs)

    def row(self) -> dict:
        """For a table."""
        return {**asdict(self), "bytes_moved": self.bytes_moved}


def layers(
    architecture: str,
    groups: list[int],
    *,
    classes: int,
    input_size: int,
    classifier_width: int,
    classifier_pool: int,
    shuffle: bool = False,
    width: float = 1.0,
) -> list[Layer]:
    """Every layer from input to output; the keywords are those of architecture.closed_form.

    A shuffle multiplies nothing, has no parameters and no module of its own. Raises SchemeError.
    """
    planned = convolutions(architecture, groups, shuffle=shuffle, width=width)
    found, place = [], 0
    for i, c in enumerate(planned):
        size = input_size // 2 ** (c.stage - 1)
        weights = c.c_out * KERNEL**2 * (c.c_in // c.groups)
        found.append(
            Layer(
                name=f"features.{place}",
                stage=c.stage,
                groups=c.groups,
                inputs=c.c_in * size**2,
                outputs=c.c_out * size**2,
                weights=weights,
                parameters=weights + 3 * c.c_out,
                macs=conv_macs(c.c_in, c.c_out, size, c.groups),
            )
        )
        ends = i + 1 == len(planned) or planned[i + 1].stage != c.stage
        place += OF_A_STAGE + ends  # a stage ends in its pooling
    widths = [planned[-1].c_out * classifier_pool**2, classifier_width, classifier_width, classes]
    for i, (a, b) in enumerate(itertools.pairwise(widths)):  # each but the last: ReLU and dropout
        found.append(Layer(f"classifier.{3 * i}", 0, 1, a, b, a * b, a * b + b, a * b))
    return found


def totals(of: list[Layer]) -> dict[str, int]:
    """Of all layers, and of the convolutions alone."""
    conv = [layer for layer in of if layer.stage]
    return {
        "parameters": sum(layer.parameters for layer in of),
        "conv_parameters": sum(layer.parameters for layer in conv),
        "activations": sum(layer.outputs for layer in of),
        "conv_activations": sum(layer.outputs for layer in conv),
        "bytes_moved": sum(layer.bytes_moved for layer in of),
        "conv_bytes_moved": sum(layer.bytes_moved for layer in conv),
    }
