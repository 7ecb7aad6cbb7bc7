"""The width that takes as long as a scheme, of times that are known."""

import math

import pandas as pd
import pytest
from groupconv.results import rival


def test_between_two_widths_the_logarithm_is_straight():
    assert rival.equal_width({0.5: 0.9, 0.625: 1.0, 0.75: 1.2}) == pytest.approx(0.625)
    middle = rival.equal_width({0.5: 0.5, 0.75: 2.0, 1.0: 3.0})
    assert middle == pytest.approx(0.625)  # 1 is the geometric mean of 0.5 and 2
    assert math.isnan(rival.equal_width({0.5: 1.1, 1.0: 2.0}))  # narrower than any that was timed


def test_noise_that_crosses_twice_gives_the_widest_crossing():
    found = rival.equal_width({0.375: 0.9, 0.5: 1.01, 0.5625: 0.99, 0.625: 1.1})
    assert 0.5625 < found < 0.625


def test_the_width_is_of_each_process_and_has_their_interval():
    rows = []
    for process, factor in enumerate((0.98, 1.0, 1.02), start=1):
        for n in range(3):
            slow = 1 + n
            for scheme, ms in (("E", 60 * factor), ("w5", 50), ("w7", 70), ("baseline", 100)):
                rows.append((process, 3 * process + n, scheme, "eager", ms * slow))
    runs = pd.DataFrame(rows, columns=["process", "round", "scheme", "variant", "latency_ms"])
    plain = {"w5": 0.5, "w7": 0.7, "baseline": 1.0}
    width, low, high = rival.width_of(runs, "E", plain, "eager")
    assert low < width < high
    assert width == pytest.approx(0.6, abs=0.02)


def test_time_stops_falling_where_a_doubling_gains_nothing():
    assert rival.stops_falling({1: 100.0, 2: 70.0, 4: 55.0, 8: 54.5, 16: 54.0}) == 4
    assert rival.stops_falling({1: 100.0, 2: 99.5, 4: 70.0, 8: 69.0}) == 4  # a step on the way
    assert rival.stops_falling({1: 100.0, 2: 100.0}) == 1
    assert rival.stops_falling({1: 100.0, 2: 70.0}) is None
