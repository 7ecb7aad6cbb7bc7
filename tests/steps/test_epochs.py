"""Figures 3 to 8: what a line is of, the seeds' band, and the axes that schemes share."""

import copy

import pandas as pd
import pytest
from groupconv.pages import drawing, epochs
from groupconv.settings import config
from matplotlib import pyplot as plt
from results_tree import inputs
from texts import overlapping

pytestmark = pytest.mark.usefixtures("strict_figures")
PARAMS = config.load("params.yaml")


def history(losses, **more):
    """One training's history.csv: its training losses, and 1 less on the validation part."""
    top1 = [0.5] * len(losses)
    columns = {"train_loss": losses, "val_loss": [loss - 1 for loss in losses]}
    columns |= {"train_top1": top1, "val_top1": top1, **more}
    return pd.DataFrame({"epoch": range(1, len(losses) + 1), **columns})


def given(histories, augment=True, dropout=0.0):
    params = copy.deepcopy(PARAMS)
    params["train"]["augment"], params["model"]["dropout"] = augment, dropout
    return inputs(params=params, histories=histories)


def labels(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_line_is_the_mean_of_the_seeds_in_a_band_of_their_range():
    figure = drawing.curves(given({"E": [history([3.0, 1.0]), history([5.0, 1.0])]}), "E")
    loss = figure.axes[1]
    training, validation = loss.lines
    assert training.get_ydata().tolist() == [4.0, 1.0]
    assert validation.get_ydata().tolist() == [3.0, 0.0]
    band = loss.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (1.0, 5.0)
    assert loss.get_ylim()[1] > 5.0
    assert [axis.get_ylabel() for axis in figure.axes] == ["top-1 accuracy (%)", "loss (nats)"]


@pytest.mark.parametrize(
    ("augment", "dropout", "words"),
    [
        (True, 0.5, "training: mean while the weights change, augmented, dropout"),
        (True, 0.0, "training: mean while the weights change, augmented"),
        (False, 0.0, "training: mean while the weights change"),
    ],
)
def test_the_running_mean_of_training_is_called_what_it_is(augment, dropout, words):
    of = given({"E": [history([3.0, 1.0])]}, augment, dropout)
    assert labels(drawing.curves(of, "E")) == [words, "validation part after the epoch (eval mode)"]


def test_training_in_eval_mode_has_its_own_line_where_it_was_measured():
    measured = history([3.0, 1.0], train_eval_loss=[2.5, 0.5], train_eval_top1=[0.6, 0.9])
    empty = history([3.0, 1.0], train_eval_loss=[None, None], train_eval_top1=[None, None])
    figure = drawing.curves(given({"E": [measured]}), "E")
    assert labels(figure)[1] == "training part after the epoch (eval mode)"
    assert figure.axes[1].lines[1].get_ydata().tolist() == [2.5, 0.5]
    for histories in ([empty], [history([3.0, 1.0])]):
        assert len(drawing.curves(given({"E": histories}), "E").axes[1].lines) == 2


def test_every_scheme_is_drawn_on_the_same_axes_with_the_baseline_behind_it():
    of = given({"baseline": [history([4.0, 2.0])], "E": [history([6.0, 3.0, 1.0])]})
    figure = drawing.all_curves(of)
    assert [axis.get_title() for axis in figure.axes[:2]] == ["baseline", "E"]
    baseline, scheme = figure.axes[2:]
    assert scheme.lines[0].get_ydata().tolist() == [3.0, 1.0]  # the baseline's validation
    assert len(baseline.lines) == 2
    for axis in (baseline, drawing.curves(of, "baseline").axes[1], scheme):
        assert (axis.get_xlim(), axis.get_ylim()) == ((0.5, 3.5), (0.0, 6.0 * 1.05))


@pytest.mark.parametrize("count", [1, 2, 6, 12])
def test_few_and_many_schemes_have_room(count):
    names = ["baseline", "E", "narrow_0_625", *(f"scheme_{i}" for i in range(9))][:count]
    losses = [5 / epoch for epoch in range(1, 26)]
    of = given({name: [history(losses), history(losses)] for name in names}, dropout=0.5)
    figure = drawing.all_curves(of)
    assert sum(axis.axison for axis in figure.axes) == 2 * count
    assert overlapping(figure) == []
    assert overlapping(drawing.curves(of, names[-1])) == []


@pytest.mark.parametrize(("letters", "columns"), [(1, 3), (18, 2), (40, 1)])
def test_a_legend_has_as_many_columns_as_fit(letters, columns):
    of = given({name * letters: [history([5, 4, 3])] for name in "abcd"}, dropout=0.5)
    figure = drawing.together(of)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    box = legend.get_window_extent()
    assert 0 <= box.x0 < box.x1 <= figure.bbox.x1
    assert len({text.get_window_extent().x0 for text in legend.get_texts()}) == columns


def test_texts_that_overlap_would_be_noticed():
    figure, axis = plt.subplots()
    axis.set_title("loss")
    axis.text(0.5, 1.02, "epoch", transform=axis.transAxes)
    assert ("loss", "epoch") in overlapping(figure)


def test_one_epoch_has_one_whole_number_on_its_axis():
    figure = drawing.curves(given({"E": [history([0.5])]}), "E")
    for axis in figure.axes:
        assert [tick for tick in axis.get_xticks() if 0.5 < tick < 1.5] == [1]


def test_points_that_would_touch_are_left_out():
    few, many = (
        epochs.of_all(given({name: [history([1.0] * n)] for name in ("baseline", *"ABCDE")}))
        for n in (4, 100)
    )
    assert few.axes[0].lines[0].get_markersize() > 0
    assert many.axes[0].lines[0].get_markersize() == 0
