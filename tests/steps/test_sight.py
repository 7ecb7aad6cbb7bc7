"""The figure of what conv-5 sees: its strips are those of the closed form."""

import numpy as np
import pytest
from groupconv.network.reach import conv5_sees
from groupconv.pages import drawing, sight
from groupconv.settings import config
from results_tree import inputs
from texts import overlapping

pytestmark = pytest.mark.usefixtures("strict_figures")
SCHEMES = config.load("params.yaml")["schemes"]


def drawn(schemes, architecture="vgg13_bn"):
    params = {"model": {"architecture": architecture}, "schemes": schemes}
    return drawing.reach(inputs(params=params))


def titles(figure):
    return [axis.get_title() for axis in figure.axes if axis.axison]


@pytest.mark.parametrize("architecture", ["vgg13_bn", "vgg19_bn"])
def test_d_sees_one_channel_of_conv_1_and_e_two(architecture):
    assert titles(drawn(SCHEMES, architecture)) == [
        *("baseline: 64 of 64", "A: 64 of 64", "B: 64 of 64", "C: 64 of 64"),
        *("D: 1 of 64", "E: 2 of 64"),
    ]


def test_with_a_shuffle_all_and_of_a_narrow_network_its_own():
    schemes = {
        "baseline": SCHEMES["baseline"],
        "D": {**SCHEMES["D"], "shuffle": True},
        "N": {"groups": [1, 1, 1, 1, 1], "width": 0.625},
    }
    assert titles(drawn(schemes)) == ["baseline: 64 of 64", "D: 64 of 64", "N: 40 of 40"]


@pytest.mark.parametrize("scheme", [*SCHEMES.values(), {"groups": [1, 2, 4, 8, 8]}])
def test_a_strip_has_what_the_channel_sees_of_its_stage(scheme):
    seen = sight.seen_by_stage("vgg13_bn", scheme)
    assert [len(channels) for channels in seen] == [64, 128, 256, 512, 512]
    assert np.array_equal(seen[0], conv5_sees("vgg13_bn", **scheme)[256])
    assert np.flatnonzero(seen[4]).tolist() == [256]  # itself
    groups = scheme["groups"][4]
    assert seen[3].sum() == 512 // groups  # two layers of the same groups


def test_pieces_are_the_runs_of_what_is_seen():
    of = np.array([True, False, False, True, True, False, False, True])
    assert sight.pieces(of) == [(0, 1 / 8), (3 / 8, 5 / 8), (7 / 8, 1)]
    assert sight.pieces(np.zeros(4, bool)) == []


@pytest.mark.parametrize("count", [1, 2, 6, 12])
def test_few_and_many_schemes_have_room(count):
    names = ["baseline", "E", "narrow_0_625", *(f"scheme_{i}" for i in range(9))][:count]
    figure = drawn(dict.fromkeys(names, SCHEMES["E"]))
    assert len(titles(figure)) == count
    assert overlapping(figure) == []
