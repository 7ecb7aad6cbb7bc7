"""Which texts of a figure lie on each other."""

from collections.abc import Iterator
from itertools import combinations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of texts that overlap by more than a tenth, or that leave the figure."""
    figure.canvas.draw()
    shown = [
        (text.get_text(), text.get_window_extent())
        for text in _texts(figure)
        if text.get_text() and text.get_visible()
    ]
    page = figure.bbox.padded(1)
    outside = [
        (name, "the edge")
        for name, box in shown
        if min(box.x0, box.y0) < page.x0 or box.x1 > page.x1 or box.y1 > page.y1
    ]
    return outside + [
        (a, b)
        for (a, one), (b, other) in combinations(shown, 2)
        if one.shrunk(0.9, 0.9).overlaps(other.shrunk(0.9, 0.9))
    ]


def _texts(figure: Figure) -> Iterator[Text]:
    yield from figure.texts
    for legend in figure.legends:
        yield from legend.get_texts()
    for axes in figure.axes:
        yield from (axes.title, *axes.texts, *(_ticks(axes) if axes.axison else ()))
        for child in axes.child_axes:
            yield from _ticks(child)


def _ticks(axes: Axes) -> Iterator[Text]:
    """An axis' name and the labels of its ticks; those beyond its ends are not drawn."""
    for axis in (axes.xaxis, axes.yaxis):
        if not axis.get_visible():
            continue
        yield axis.label
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks():
            if low <= tick.get_loc() <= high:
                yield from (tick.label1, tick.label2)
