"""Counts of each layer: their sums are the closed form's, and two layers by hand."""

import pytest
from groupconv.network import counts
from groupconv.network.architecture import FULL_MODEL, LAYERS, closed_form
from paper import GROUPS


@pytest.mark.parametrize("architecture", LAYERS)
@pytest.mark.parametrize("more", [{}, {"shuffle": True}, {"width": 0.625}])
def test_the_layers_add_up(architecture, more):
    for scheme, groups in GROUPS.items():
        if "width" in more and scheme != "baseline":
            continue  # 40 channels have no 32 groups
        given = {"groups": groups, **more, **FULL_MODEL}
        layers = counts.layers(architecture, **given)
        total = closed_form(architecture, **given)
        assert sum(layer.macs for layer in layers) == total.macs
        assert sum(layer.macs for layer in layers if layer.stage) == total.conv_macs
        assert counts.totals(layers)["parameters"] == total.parameters


def test_two_layers_by_hand():
    layers = {layer.name: layer for layer in counts.layers("vgg13_bn", GROUPS["E"], **FULL_MODEL)}
    second = layers["features.3"]  # conv-1's, 64 channels to 64, not grouped
    assert second.macs == 224**2 * 64 * 9 * 64
    assert second.parameters == 64 * 9 * 64 + 64 + 2 * 64
    assert second.outputs == second.inputs == 64 * 224**2
    assert second.bytes_moved == 4 * (2 * 64 * 224**2 + 64 * 9 * 64)
    first = layers["classifier.0"]
    assert (first.inputs, first.outputs, first.macs) == (25088, 4096, 25088 * 4096)
