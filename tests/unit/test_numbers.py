"""A number of the paper is reproduced, contradicted, or neither: on made-up changes."""

from math import nan

import pytest
from groupconv.results import numbers
from groupconv.results.verdicts import CANNOT_TELL, CONTRADICTED, MACHINE, REPRODUCED
from test_verdicts import change


@pytest.mark.parametrize(
    ("value", "error", "seed_sd", "expected"),
    [
        (-2.5, 0.2, 0.3, REPRODUCED),
        (-2.5, 2.0, 0.3, CANNOT_TELL),  # both -2.49 and 0 are inside
        (2.5, 0.2, 0.3, CONTRADICTED),
        (2.5, 0.2, nan, CANNOT_TELL),  # one seed never contradicts
        (-2.5, 0.2, nan, REPRODUCED),
        (-2.5, nan, nan, CANNOT_TELL),
    ],
)
def test_a_number_is_reproduced_if_a_run_like_the_papers_may_give_it(
    value, error, seed_sd, expected
):
    verdict = numbers.reproduced(change(value, error, seed_sd=seed_sd), -2.49, 13439)
    assert verdict.word == expected


def test_a_prediction_is_of_other_images_and_another_seed():
    """Its half width: t times the root of our variance, the paper's sampling and the seeds'."""
    low, high = numbers.prediction(change(-2.5, 0.3, seed_sd=0.4), 10000)
    assert (high - low) / 2 == pytest.approx(1.962 * (0.3**2 + 0.37**2 + 0.4**2) ** 0.5, rel=1e-3)


@pytest.mark.parametrize(
    ("eager", "folded", "expected"),
    [
        (-54.7, -54.9, REPRODUCED),
        (-40, -54.7, MACHINE),
        (-40, -62, MACHINE),  # it lies between the two
        (-40, -45, CONTRADICTED),
    ],
)
def test_a_time_is_one_machines(eager, folded, expected):
    found = {"latency": change(eager, 0.5), "latency_folded": change(folded, 0.5)}
    assert numbers.timed(found, -54.73).word == expected


def test_a_time_too_wide_to_tell_from_none_is_not_reproduced():
    """An interval of -78 to 15 has the paper's number in it, and no saving at all."""
    wide = {"latency": change(-50, 40)}
    assert numbers.timed(wide, -54.73).word == CANNOT_TELL
    assert numbers.timed(wide, 0).word == CANNOT_TELL
    assert numbers.timed(wide, -300).word == CONTRADICTED
