"""How many convolutions of the paper's network a scheme groups."""

from itertools import combinations

from groupconv.network.architecture import convolutions


def grouped_layers(groups: list[int]) -> int:
    """Convolutions of VGG13BN that are grouped: the paper counts those of this network."""
    return sum(layer.groups > 1 for layer in convolutions("vgg13_bn", groups))


def untied(layers: dict[str, int]) -> list[tuple[str, str]]:
    """Pairs of schemes, the one with fewer grouped layers first; equal ones are in no pair."""
    pairs = (sorted(pair, key=layers.get) for pair in combinations(layers, 2))
    return [(fewer, more) for fewer, more in pairs if layers[fewer] != layers[more]]
