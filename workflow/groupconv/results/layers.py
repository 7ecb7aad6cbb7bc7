"""How many convolutions of the paper's network a scheme groups."""

from groupconv.network.architecture import convolutions


def grouped_layers(groups: list[int]) -> int:
    """Convolutions of VGG13BN that are grouped: the paper counts those of this network."""
    return sum(layer.groups > 1 for layer in convolutions("vgg13_bn", groups))
