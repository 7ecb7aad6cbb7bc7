"""Figures 9 and 10: changes with their intervals, and the paper's numbers where they may stand."""

import pandas as pd
import pytest
from groupconv.pages import drawing, forest
from results_tree import comparison, inputs
from texts import overlapping

pytestmark = pytest.mark.usefixtures("strict_figures")
LATENCIES = {"eager": "latency", "folded": "latency_folded"}


def given(schemes, changes, papers=None, **more):
    """Inputs with the same ``changes``, {measure: change}, for every scheme but the baseline."""
    numbers = {"test_top1": 0.7, "macs": 11_309_000_000, "latency_ms": 370.4}
    numbers["latency_folded_ms"] = 290.0
    summary = pd.DataFrame([{"scheme": s, **numbers} for s in ("baseline", *schemes)])
    rows = [comparison(m, s, c, **more) for m, c in changes.items() for s in schemes]
    return inputs(
        summary=summary.set_index("scheme", drop=False),
        comparisons=pd.DataFrame(rows),
        papers=papers or {},
        runs=pd.DataFrame({"variant": list(LATENCIES)}),
    )


def drawn(axis):
    """[(y, [ends of the lines there])], from the top, and the crosses as (x, y)."""
    lines = {}
    for collection in axis.collections:
        for (left, y), (right, _) in collection.get_segments():
            lines.setdefault(y, []).append((left, right))
    crosses = [tuple(line.get_xydata()[0]) for line in axis.lines if line.get_marker() == "x"]
    return sorted(lines.items()), crosses


def test_a_row_has_its_change_with_both_intervals_and_their_numbers():
    figure = drawing.accuracy(given(["A", "E"], {"test_top1": -1.5}))
    axis = figure.axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["A", "E"]
    rows, _ = drawn(axis)
    assert rows == [(y, [(-4.5, 1.5), (-3.5, 0.5)]) for y in (0, 1)]
    numbers = axis.child_axes[0].get_yticklabels()
    assert [label.get_text() for label in numbers] == ["−1.5 pt [−3.5, +0.5]"] * 2
    assert axis.get_xlabel() == "change of test top-1 accuracy (points)"


def test_figure_9_says_what_its_intervals_are_about_and_what_it_cannot_show():
    more = {"kind": "the scheme, other seeds and images", "seeds": 3, "images": 13_221}
    more |= {"note": "15 pages, which vary as wholes", "smallest_difference": 1.1}
    figure = drawing.accuracy(given(["D"], {"test_top1": -1.5}, **more))
    assert figure.get_suptitle().replace("\n", " ") == (
        "Baseline: 70.0%. Intervals: the scheme, other seeds and images (13,221 images, 3 seeds, "
        "15 pages, which vary as wholes)."
    )
    (band,) = figure.axes[0].patches
    assert (band.get_x(), band.get_width()) == (-1.1, 2.2)
    unlike = given(["A", "D"], {"test_top1": -1.5}, **more)  # as in a study on its way
    unlike.comparisons["seeds"] = [1, 3]
    assert "images, 1 to 3 seeds, 15" in drawing.accuracy(unlike).get_suptitle().replace("\n", " ")


def test_the_papers_numbers_are_crosses_where_they_may_stand():
    changes = {"test_top1": -1.5, "macs": -79.2, "latency": -51.1, "latency_folded": -63.0}
    theirs = {("E", "test_top1"): -2.49, ("E", "macs"): -80.0, ("E", "latency"): -54.73}
    with_them, without = given(["D", "E"], changes, theirs), given(["D", "E"], changes)
    assert drawn(drawing.accuracy(with_them).axes[0])[1] == [(-2.49, 1)]
    axis = drawing.cost(with_them).axes[0]
    rows = dict(
        zip(axis.child_axes[0].get_yticks(), axis.child_axes[0].get_yticklabels(), strict=True)
    )
    at = {rows[y].get_text().split()[1]: x for x, y in drawn(axis)[1]}
    assert at == {"G": -80.0, "ms": -54.73}
    for figure in (drawing.accuracy(without), drawing.cost(without)):
        assert drawn(figure.axes[0])[1] == []
        assert "the paper" not in " ".join(t.get_text() for t in figure.legends[0].get_texts())


def test_figure_10_has_exact_macs_and_an_interval_for_each_way_to_run():
    changes = {"macs": -79.2, "latency": -51.1, "latency_folded": -63.0}
    figure = drawing.cost(given(["E"], changes))
    texts = [t.get_text() for t in figure.axes[0].child_axes[0].get_yticklabels()]
    assert sorted(texts) == sorted(
        [
            *("11.31 G", "370 ms", "290 ms"),  # the baseline's own
            "11.31 G  −79.2%",
            "370 ms  −51.1% [−53.1, −49.1]",
            "290 ms  −63.0% [−65.0, −61.0]",
        ]
    )


@pytest.mark.parametrize("more", [0, 1, 11])
@pytest.mark.parametrize("name", ["accuracy", "cost"])
def test_few_and_many_schemes_have_room(name, more):
    schemes = ["E", "narrow_0_625", *(f"scheme_{i}" for i in range(10))][:more]
    changes = {"test_top1": -12.5, "macs": -79.2, "latency": 51.1, "latency_folded": -63.0}
    kind = "the scheme, other seeds and images"
    of = given(schemes, changes, {("E", "macs"): -80.0}, kind=kind)
    if not schemes:
        of = inputs(**{**vars(of), "comparisons": pd.DataFrame(columns=comparison("macs", "E", 1))})
    assert overlapping(getattr(drawing, name)(of)) == []


def test_a_measure_of_one_scheme_alone_leaves_the_others_without_a_row():
    of = given(["A", "E"], {"test_top1": -1.5})
    of.comparisons.drop(index=0, inplace=True)
    axis = forest.accuracy(of, "test_top1", "accuracy", "").axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["E"]
