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


@given(n=st.integers(1, 100_000), data=st.data())
def test_wilson_is_scipys_to_the_last_bit(n, data):
    k = data.draw(st.integers(0, n))
    low, high = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert intervals.wilson(k, n) == (low, high)


def test_wilson_at_a_published_value():
    assert intervals.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-4)  # Newcombe 1998


def test_wilson_covers_as_it_says():
    n, p, rng = 260, 0.65, np.random.default_rng(0)
    hits = rng.binomial(n, p, 2000)
    ends = {k: intervals.wilson(k, n) for k in set(hits.tolist())}
    assert np.mean([ends[k][0] <= p <= ends[k][1] for k in hits]) == pytest.approx(0.95, abs=0.02)


def test_a_share_over_pages_is_near_wilsons_where_they_do_not_matter():
    low, high = intervals.of_share(0.65, 0.65 * 0.35 / 260, 259)
    assert (low, high) == pytest.approx(intervals.wilson(169, 260), abs=0.005)
    for share in (0.0, 1.0):
        low, high = intervals.of_share(share, 1 / 260**2, 14)
        assert 0 <= low <= share <= high <= 1
        assert high - low < 0.1
