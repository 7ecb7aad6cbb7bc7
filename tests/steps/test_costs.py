"""Figures of the cost on numbers that are known."""

import pandas as pd
import pytest
from groupconv.pages import alts, costs, drawing, forest, words
from groupconv.results.waterfall import Loss
from results_tree import inputs, layer_rows

SCHEMES = ("baseline", "D", "E")
MS = {"baseline": 100.0, "D": 60.0, "E": 45.0}


@pytest.fixture
def given():
    of = {
        s: {v: {"median_ms": ms * f, "low_ms": ms * f - 5, "high_ms": ms * f + 5} for v, f in speed}
        for s, ms in MS.items()
        for speed in [(("eager", 1), ("folded", 0.8), ("folded_bf16", 0.4))]
    }
    rows = [
        {"scheme": s, "test_top1": a, "test_top1_low": a - 0.02, "test_top1_high": a + 0.02}
        for s, a in zip(SCHEMES, (0.8, 0.7, 0.75), strict=True)
    ]
    summary = pd.DataFrame(rows).set_index("scheme", drop=False)
    timed = {s: {v: of[s][v] for v in ("eager", "folded")} for s in SCHEMES}
    return inputs(
        summary=summary.assign(macs=[11e9, 2.3e9, 2.4e9]),
        layers=pd.DataFrame(layer_rows(SCHEMES, timed)).replace("", None).infer_objects(),
        latency={
            "schemes": of,
            "back_ends": {"eager": "fp32", "folded": "fp32", "folded_bf16": "bf16"},
            "ceilings": {"flop_per_s": 8e10, "bytes_per_s": 1.5e10},
        },
    )


def test_the_bars_of_the_waterfall_begin_where_the_last_ended(given):
    figure = drawing.waterfall(given)
    assert [axis.get_title(loc="right") for axis in figure.axes] == [
        "eager PyTorch: 68% of the MACs saved, 55% of the time",
        "batch norm folded: 68% of the MACs saved, 55% of the time",
    ]
    bars = figure.axes[0].patches
    assert bars[0].get_width() == 100
    assert bars[-1].get_width() == pytest.approx(45)
    at = 100.0
    for bar in bars[1:-1]:
        assert bar.get_x() == pytest.approx(at)
        at += bar.get_width()
    assert at == pytest.approx(45)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert (names[0], names[-1]) == ("baseline", "E")
    assert "grouped layers, lost by kernels +16.0 ms" in alts.waterfall(given)


def test_the_roofline_has_the_ceilings_and_the_rate_of_each_layer(given):
    figure = drawing.roofline(given)
    roof, *points = figure.axes[0].lines
    assert max(roof.get_ydata()) == 80
    assert roof.get_ydata()[0] == pytest.approx(0.3 * 15)
    rates = [y for line in points for y in line.get_ydata()]
    assert max(rates) == pytest.approx(2 * 10**10 / 0.025 / 1e9)
    assert "E 80 to 200" in alts.roofline(given)


@pytest.mark.parametrize(
    ("flop_of", "bytes_of"),
    [
        ("a matrix product", "memory"),
        ("a plain 3x3 convolution", "baseline's classifier.0 (folded)"),
        ("my_own_scheme_wide's features.10 (folded)", "my_own_scheme_wide's classifier.0 (folded)"),
    ],
)
def test_the_roofline_says_in_full_of_what_its_ceilings_are(given, flop_of, bytes_of):
    given.latency["ceilings"] |= {"flop_of": flop_of, "bytes_of": bytes_of}
    figure = drawing.roofline(given)
    label, *_ = figure.legends[0].get_texts()
    words = " ".join(label.get_text().split())
    assert words == f"ceilings: 80 GFLOP/s of {flop_of}, 15.0 GB/s of {bytes_of}"
    figure.canvas.draw()
    box = figure.legends[0].get_window_extent()
    assert 0 <= box.x0 < box.x1 <= figure.bbox.x1


def test_without_layers_the_figures_say_what_was_not_timed(given):
    bare = inputs(**{**vars(given), "layers": given.layers.head(0)})
    for name in ("waterfall", "roofline"):
        text = getattr(drawing, name)(bare).axes[0].texts[0].get_text()
        assert text == getattr(alts, name)(bare) == costs.NOT_TIMED


def test_time_in_the_pareto_figure_is_of_the_fastest_in_fp32(given):
    assert costs.fastest(given.latency, "E") == ("folded", 36, 31, 41)
    macs, time = drawing.pareto(given).axes
    fronts = [list(axis.lines[-1].get_xdata()) for axis in (macs, time)]
    assert fronts == [pytest.approx([2.3, 2.4, 11]), pytest.approx([36, 80])]
    assert "E: 75.0%, 2.40 G MACs, 36.0 ms" in alts.pareto(given)


def test_of_many_back_ends_figure_10_shows_the_fastest_and_leaves_none_out_unsaid():
    few, many = (
        inputs(runs=pd.DataFrame({"variant": [*("eager", "folded", "a", "b", "c")[:n]]}))
        for n in (4, 5)
    )
    assert [one.measure for one in forest.cost_series(few)] == [
        *("macs", "latency", "latency_a", "latency_b", "latency_folded")
    ]
    assert [one.measure for one in forest.cost_series(many)] == ["macs", "latency", "best_latency"]


@pytest.mark.parametrize(
    ("value", "least", "text"),
    [
        (254.4, 0, "254 ms"),
        (254.4, 1, "254.4 ms"),
        (9.53, 0, "9.5 ms"),
        (0.834, 1, "0.83 ms"),
        (0.04, 0, "0.040 ms"),
        (0.0, 1, "0.0 ms"),
    ],
)
def test_a_time_shows_two_figures_of_a_gpu_too(value, least, text):
    assert words.ms(value, least) == text


def test_a_gpus_waterfall_does_not_round_its_steps_away():
    bars = [Loss(str(i), "", ms) for i, ms in enumerate((1.4, -1.104, 0.042, 0.338))]
    assert costs.milliseconds(bars) == ["1.40", "-1.10", "+0.04", "0.34"]
    slow = [Loss(str(i), "", ms) for i, ms in enumerate((254.4, -201.2, 42.04, 95.3))]
    assert costs.milliseconds(slow) == ["254.4", "-201.2", "+42.0", "95.3"]
