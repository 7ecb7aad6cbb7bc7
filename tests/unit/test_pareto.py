from groupconv.results.pareto import front
from hypothesis import given
from hypothesis import strategies as st

POINTS = st.dictionaries(st.text(max_size=3), st.tuples(st.integers(0, 5), st.integers(0, 5)))


def test_what_another_beats_is_not_on_the_front():
    points = {"wide": (9, 80), "E": (2, 75), "D": (2, 70), "A": (8, 74), "twin": (2, 75)}
    assert front(points) == ["E", "twin", "wide"]
    assert front({"alone": (1, 1)}) == ["alone"]
    assert front({}) == []


@given(POINTS)
def test_the_front_beats_all_others_and_rises(points):
    best = front(points)
    line = [points[name] for name in best]
    assert line == sorted(line)
    assert [a for _, a in line] == sorted(a for _, a in line)
    for name in points.keys() - set(best):
        cost, accuracy = points[name]
        assert any(c <= cost and a >= accuracy for c, a in line)
