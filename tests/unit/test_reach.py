"""What conv-5 can see of conv-1: by the closed form, and in the network itself."""

import pytest
import torch
from groupconv.network.reach import conv5_sees
from groupconv.network.vgg import VGG
from paper import GROUPS

SMALL = {"classes": 2, "input_size": 32, "classifier_width": 4, "classifier_pool": 1, "dropout": 0}
SEEN = {"baseline": 64, "A": 64, "B": 64, "C": 64, "D": 1, "E": 2}


@pytest.mark.parametrize("name", ["vgg13_bn", "vgg19_bn"])
@pytest.mark.parametrize("scheme", GROUPS)
def test_d_and_e_are_networks_side_by_side_until_they_shuffle(name, scheme):
    found = conv5_sees(name, GROUPS[scheme])
    assert found.shape == (512, 64)
    assert set(found.sum(1)) == {SEEN[scheme]}
    assert found.any(0).all()  # together they see all
    assert conv5_sees(name, GROUPS[scheme], shuffle=True).all()


def of_the_network(groups, stage=1, **more):
    """Disturb one channel of conv-``stage`` at a time, and look which channels of conv-5 change.

    Positive weights: no effect can cancel another, or die in a ReLU.
    """
    model = VGG("vgg13_bn", groups, **SMALL, **more).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.abs_()
    behind = model.features[7 * stage - 1 : -1]
    channels, side = model.features[7 * stage - 4].out_channels, 32 >> stage
    maps = torch.rand(1, channels, side, side, dtype=torch.double).repeat(channels + 1, 1, 1, 1)
    maps[range(channels), range(channels)] += 1
    with torch.inference_mode():
        out = behind(maps).flatten(2).sum(2)  # (disturbed or not, channels of conv-5)
    return ((out[:-1] / out[-1] - 1).abs() > 1e-9).T.numpy()


@pytest.mark.parametrize(
    ("groups", "more"),
    [
        *((groups, {}) for groups in GROUPS.values()),
        (GROUPS["D"], {"shuffle": True}),
        (GROUPS["E"], {"shuffle": True}),
        ([1, 16, 16, 16, 16], {"width": 0.25}),
        ([1, 16, 1, 16, 16], {"width": 0.25}),
        ([1, 1, 2, 64, 64], {"shuffle": True}),
        ([1, 64, 64, 64, 2], {}),
        (GROUPS["D"], {"stage": 3}),
        (GROUPS["E"], {"stage": 2, "shuffle": True}),
    ],
)
def test_the_network_sees_what_the_closed_form_says(groups, more):
    expected = conv5_sees("vgg13_bn", groups, **more)
    assert (of_the_network(groups, **more) == expected).all()
