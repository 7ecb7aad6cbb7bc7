import pytest
from groupconv.ground.errors import SchemeError
from groupconv.network import architecture
from groupconv.network.architecture import (
    CHANNELS,
    FULL_MODEL,
    allowed_groups,
    channels,
    closed_form,
    convolutions,
)
from groupconv.settings import config
from paper import GROUPS

MACS = {  # G, computed by hand from the formula in the paper's Section 2
    "baseline": 11.3090,
    "A": 8.5778,
    "B": 7.6674,
    "C": 4.9362,
    "D": 2.2050,
    "E": 2.3495,
}
PARAMETERS = {  # M
    "baseline": 133.545376,
    "A": 132.674,
    "B": 125.417,
    "C": 124.546,
    "D": 124.328,
    "E": 124.475,
}
SAVED = {  # % of the MACs, A to E
    "vgg13_bn": (24.15, 32.20, 56.35, 80.50, 79.22),
    "vgg16_bn": (29.42, 38.25, 67.67, 85.33, 83.97),
    "vgg19_bn": (32.46, 41.73, 74.19, 88.11, 86.71),
}


@pytest.mark.parametrize("scheme", GROUPS)
def test_counts_of_vgg13_bn(scheme):
    counts = closed_form("vgg13_bn", GROUPS[scheme], **FULL_MODEL)
    assert round(counts.macs / 1e9, 4) == MACS[scheme]
    assert counts.parameters / 1e6 == pytest.approx(PARAMETERS[scheme], abs=5e-4)


def test_counts_of_the_baseline_to_the_last():
    counts = closed_form("vgg13_bn", GROUPS["baseline"], **FULL_MODEL)
    assert (counts.conv_macs, counts.linear_macs) == (11_184_832_512, 124_125_184)
    assert counts.parameters == 133_545_376


@pytest.mark.parametrize("name", SAVED)
def test_what_the_schemes_save(name):
    base = closed_form(name, GROUPS["baseline"], **FULL_MODEL).macs
    saved = [1 - closed_form(name, GROUPS[s], **FULL_MODEL).macs / base for s in "ABCDE"]
    assert tuple(round(100 * s, 2) for s in saved) == SAVED[name]


def test_the_default_has_the_papers_schemes():
    params = config.load("params.yaml")
    assert {name: scheme["groups"] for name, scheme in params["schemes"].items()} == GROUPS


def test_groups_that_do_not_divide_are_refused_by_stage():
    with pytest.raises(SchemeError, match=r"48: must divide conv-4's channels, 256 and 512"):
        convolutions("vgg13_bn", [1, 1, 1, 48, 1])
    with pytest.raises(SchemeError, match="groups=3 must divide c_in=64"):
        architecture.conv_macs(64, 64, 8, 3)


def test_allowed_groups_are_those_that_build():
    assert allowed_groups(1) == [1]
    assert allowed_groups(2) == [1, 2, 4, 8, 16, 32, 64]
    for g in range(1, 200):
        groups = [1, 1, g, 1, 1]
        if g in allowed_groups(3):
            convolutions("vgg19_bn", groups)
        else:
            with pytest.raises(SchemeError):
                convolutions("vgg19_bn", groups)


def test_a_narrower_network_has_multiples_of_4_channels():
    assert channels() == channels(1) == CHANNELS
    assert channels(0.625) == (40, 80, 160, 320, 320)
    assert channels(0.5625) == (36, 72, 144, 288, 288)  # every sixteenth is exact
    assert channels(0.64) == (40, 80, 164, 328, 328)
    assert channels(0.0625) == (4, 8, 16, 32, 32)
    for hundredth in range(7, 400):
        width = hundredth / 100
        for wanted, got in zip(CHANNELS, channels(width), strict=True):
            assert got % 4 == 0
            assert abs(got - width * wanted) <= 2


def test_the_fair_rival_saves_what_its_channels_say():  # statistics: -74% of the MACs at 0.5
    base = closed_form("vgg13_bn", GROUPS["baseline"], **FULL_MODEL)
    half = closed_form("vgg13_bn", GROUPS["baseline"], width=0.5, **FULL_MODEL)
    assert round(100 * (half.macs / base.macs - 1)) == -74
    assert round(100 * (half.parameters / base.parameters - 1)) == -44
    assert closed_form("vgg13_bn", GROUPS["baseline"], width=1.0, **FULL_MODEL) == base


def test_a_shuffle_costs_nothing_and_stands_behind_grouped_convolutions_alone():
    for groups in GROUPS.values():
        plain, shuffled = (convolutions("vgg16_bn", groups, shuffle=s) for s in (False, True))
        assert not any(layer.shuffled for layer in plain)
        assert [layer.shuffled for layer in shuffled] == [layer.groups > 1 for layer in plain]
        assert closed_form("vgg16_bn", groups, shuffle=True, **FULL_MODEL) == closed_form(
            "vgg16_bn", groups, **FULL_MODEL
        )


def test_groups_must_divide_the_narrower_channels():
    assert allowed_groups(3, 0.625) == [1, 2, 4, 5, 8, 10, 16, 20, 40, 80]
    convolutions("vgg13_bn", [1, 1, 80, 1, 1], width=0.625)
    with pytest.raises(SchemeError, match=r"64: must divide conv-3's channels, 80 and 160"):
        convolutions("vgg13_bn", [1, 1, 64, 1, 1], width=0.625)
