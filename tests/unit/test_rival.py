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
    assert rival.stops_falling({2: 0.7, 4: 0.79, 8: 0.99, 16: 0.99}) == 4
    assert rival.stops_falling({2: 0.995, 4: 0.7, 8: 0.985}) == 4  # a step on the way
    assert rival.stops_falling({2: 1.0}) == 1
    assert rival.stops_falling({2: 0.7}) is None
    assert rival.stops_falling({2: 0.7, 4: math.nan}) is None


def test_a_doubling_is_of_one_round_and_has_the_interval_of_processes():
    rows = []
    for process, factor in enumerate((0.97, 1.0, 1.03), start=1):
        for n, slow in enumerate((1.0, 4.0, 2.0)):  # of the machine, which a ratio does not see
            for scheme, ms in (("baseline", 100), ("g2", 70 * factor), ("E", 69.5 * factor)):
                rows.append((process, n, scheme, "eager", ms * slow))
    runs = pd.DataFrame(rows, columns=["process", "round", "scheme", "variant", "latency_ms"])
    found = rival.doublings(runs, {1: "baseline", 2: "g2", 4: "E"}, "eager")
    middle, low, high = found[2]
    assert 0.6 < low < middle < high < 0.8
    assert middle == pytest.approx(0.7, rel=0.001)
    assert found[4] == pytest.approx((69.5 / 70,) * 3)
    assert [rival.stops_falling({m: of[at] for m, of in found.items()}) for at in (0, 1, 2)] == [
        2
    ] * 3


def test_unpaired_medians_would_see_a_gain_that_no_round_has():
    rows = []
    for process in (1, 2, 3):
        for n, slow in enumerate((1.0, 1.5, 3.0)):
            rows.append((process, n, "baseline", "eager", 100 * slow))
            # In the middle round it is lucky, in the others a little slower.
            rows.append((process, n, "E", "eager", 100 * slow * (0.9 if n == 1 else 1.01)))
    runs = pd.DataFrame(rows, columns=["process", "round", "scheme", "variant", "latency_ms"])
    medians = runs.groupby("scheme")["latency_ms"].median()
    assert medians["E"] / medians["baseline"] == pytest.approx(0.9)
    ratios = rival.doublings(runs, {1: "baseline", 2: "E"}, "eager")
    assert ratios[2] == pytest.approx((1.01, 1.01, 1.01))
    assert rival.stops_falling({m: of[0] for m, of in ratios.items()}) == 1
