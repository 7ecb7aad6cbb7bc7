import numpy as np
import pytest
from groupconv.results import intervals
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats


@given(n=st.integers(1, 500), data=st.data())
def test_wilson_holds_the_estimate_and_stays_in_the_unit(n, data):
    k = data.draw(st.integers(0, n))
    low, high = intervals.wilson(k, n)
    assert 0 <= low <= k / n + 1e-12
    assert k / n - 1e-12 <= high <= 1


def test_wilson_at_a_published_value():
    assert intervals.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-4)  # Newcombe 1998


def test_wilson_covers_as_it_says():
    n, p, rng = 260, 0.65, np.random.default_rng(0)
    hits = rng.binomial(n, p, 2000)
    ends = {k: intervals.wilson(k, n) for k in set(hits.tolist())}
    assert np.mean([ends[k][0] <= p <= ends[k][1] for k in hits]) == pytest.approx(0.95, abs=0.02)


def test_the_smallest_difference_is_found_with_its_power():
    n, p, rng = 400, 0.65, np.random.default_rng(0)
    d = intervals.smallest_difference(n, p)
    a, b = (rng.binomial(n, q, 20_000) / n for q in (p - d / 2, p + d / 2))
    z = (b - a) / np.sqrt((a * (1 - a) + b * (1 - b)) / n)
    assert np.mean(abs(z) > stats.norm.ppf(0.975)) == pytest.approx(0.8, abs=0.03)
    assert intervals.smallest_difference(100, 1.0) > 0


def test_paired_difference_is_deterministic_and_covers():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        a = rng.random(150) < 0.7
        b = np.where(rng.random(150) < 0.2, rng.random(150) < 0.4, a)
        truth = 0.7 - (0.8 * 0.7 + 0.2 * 0.4)
        _, low, high = intervals.paired_difference(a, b, np.random.default_rng(1), resamples=300)
        covered += low <= truth <= high
    assert 0.89 <= covered / 200 <= 0.99
    once, again = (intervals.paired_difference(a, b, np.random.default_rng(2)) for _ in range(2))
    assert once == again
    assert once[0] == pytest.approx(a.mean() - b.mean())


def test_several_seeds_widen_by_what_they_differ():
    alike = np.tile(np.arange(100) < 60, (3, 1))
    apart = np.stack([np.arange(100) < k for k in (40, 60, 80)])
    narrow, wide = (intervals.mean_over_seeds(h, np.random.default_rng(0)) for h in (alike, apart))
    assert narrow[0] == wide[0] == pytest.approx(0.6)
    assert wide[2] - wide[1] > narrow[2] - narrow[1]
    assert intervals.mean_over_seeds(alike[:1], None)[1:] == intervals.wilson(60, 100)


@pytest.mark.parametrize("n", [6, 30, 101])
def test_the_medians_interval_covers(n):
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(1000):
        _, low, high = intervals.median_interval(rng.exponential(size=n))
        inside += low <= np.log(2) <= high
    assert inside / 1000 > 0.935
