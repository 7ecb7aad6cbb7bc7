"""The waterfall adds up, each loss is the one that was put in; the roofline by hand."""

import math

import pandas as pd
import pytest
import torch
from groupconv.network import counts, roofline, variants
from groupconv.network.architecture import FULL_MODEL
from groupconv.network.back_ends import eager
from groupconv.results import roofline as floors
from groupconv.results import waterfall
from groupconv.results.waterfall import CLASSIFIER, CONV1, FLOOR, GROUPED, KERNEL, Part

SMALL = {"classes": 7, "input_size": 64, "classifier_width": 16, "classifier_pool": 2}


def test_the_bars_add_up_and_name_each_loss():
    # The baseline: 1000 MACs in 100 ms. The scheme has 200 of them, and would take 20 ms.
    parts = [
        Part(CONV1, 100, 10.0, 10.0),  # at the baseline's rate: no loss
        Part(GROUPED, 60, 16.0, 9.0),  # 6 at its rate, 9 on the roofline
        Part(CLASSIFIER, 40, 14.0, 14.0),  # 4 at its rate: memory
    ]
    bars = waterfall.waterfall(100.0, 1000, parts, between_ms=5.0, whole_ms=46.0)
    assert sum(bar.ms for bar in bars[:-1]) == pytest.approx(bars[-1].ms)
    found = {(bar.what, bar.why): bar.ms for bar in bars}
    assert found["MACs saved", "if time followed MACs"] == pytest.approx(-80)
    assert found[CLASSIFIER, FLOOR] == pytest.approx(10)
    assert found[CLASSIFIER, KERNEL] == pytest.approx(0)
    assert found[GROUPED, FLOOR] == pytest.approx(3)
    assert found[GROUPED, KERNEL] == pytest.approx(7)
    assert found[CONV1, FLOOR] == found[CONV1, KERNEL] == pytest.approx(0)
    assert found[waterfall.BETWEEN, "no MACs"] == 5
    assert bars[-2].ms == pytest.approx(1)


def test_a_layer_is_bound_by_the_ceiling_that_takes_longer():
    layers = {n.name: n for n in counts.layers("vgg13_bn", [1, 32, 32, 32, 32], **FULL_MODEL)}
    most = {"flop_per_s": 100e9, "bytes_per_s": 20e9}
    first = floors.floor(layers["classifier.0"], most)
    assert first["bound"] == "memory"  # every weight is used once
    assert first["floor_ms"] == pytest.approx(4 * 25088 * 4096 / 20e9 * 1e3, rel=0.001)
    conv = floors.floor(layers["features.3"], most)
    assert conv["bound"] == "arithmetic"
    assert conv["floor_ms"] == pytest.approx(2 * layers["features.3"].macs / 100e9 * 1e3)


def test_the_table_has_the_median_of_every_module_and_the_waterfall_is_its(tmp_path):
    schemes = {"E": [1, 32, 32, 32, 32], "baseline": [1] * 5}
    layers = {name: counts.layers("vgg13_bn", of, **FULL_MODEL) for name, of in schemes.items()}
    rows = []
    for ms in (9.0, 2.0, 4.0):
        for name, of in layers.items():
            modules = [*(layer.name for layer in of), "features.1"]
            rows += [(name, "eager", module, ms) for module in modules]
    runs = pd.DataFrame(rows, columns=["scheme", "variant", "module", "ms"])
    most = {"flop_per_s": 100e9, "bytes_per_s": 20e9}
    found = floors.table(runs, layers, most)
    assert list(dict.fromkeys(found["scheme"])) == ["E", "baseline"]
    assert set(found["ms"]) == {4.0}
    assert set(found["runs"]) == {3}
    found.to_csv(tmp_path / "layers.csv", index=False)
    read, whole_ms = pd.read_csv(tmp_path / "layers.csv"), {"baseline": 80.0, "E": 56.0}
    bars = waterfall.of_scheme(read, whole_ms, "E", "eager")
    assert (bars[0].ms, bars[-1].ms) == (80, 56)
    assert sum(bar.ms for bar in bars[:-1]) == pytest.approx(56)
    macs = [sum(layer.macs for layer in of) for of in layers.values()]
    assert bars[1].ms == pytest.approx(-80 * (1 - macs[0] / macs[1]))
    assert {bar.what: bar.ms for bar in bars}[waterfall.BETWEEN] == 4
    assert floors.table(runs.head(0), layers, None).empty


@pytest.mark.parametrize("measured", [1e9, 1e15])
def test_no_layer_is_faster_than_its_floor(measured):
    schemes = {"baseline": [1] * 5, "E": [1, 32, 32, 32, 32]}
    layers = {name: counts.layers("vgg13_bn", of, **FULL_MODEL) for name, of in schemes.items()}
    rows = [
        (scheme, "eager", layer.name, (0.5 + i % 3) * (1 + turn))
        for scheme, of in layers.items()
        for i, layer in enumerate(of)
        for turn in (0.0, 0.1, -0.1)
    ]
    runs = pd.DataFrame(rows, columns=["scheme", "variant", "module", "ms"])
    two = [{"flop_per_s": measured * n, "flop_of": f"{n}", "bytes_per_s": measured} for n in (1, 2)]
    most = floors.highest(two, runs, layers)
    assert (most["flop_of"] == "2") == (measured == 1e15)  # else a layer's own
    assert (most["bytes_of"] == "memory") == (measured == 1e15)
    found = floors.table(runs, layers, most)
    assert (found["floor_ms"] <= found["ms"] * (1 + 1e-9)).all()
    bars = waterfall.of_scheme(found, {"baseline": 50, "E": 20}, "E", "eager")
    assert min(bar.ms for bar in bars if bar.why == KERNEL) > -1e-9


def test_the_ceiling_is_the_best_of_products_and_a_convolution(monkeypatch):
    monkeypatch.setattr(roofline, "SIDES", (64, 96))
    monkeypatch.setattr(roofline, "MAP", 8)
    monkeypatch.setattr(roofline, "LARGE", (64, 64))
    calls, taken = [], {64: 1.0, 96: 9.0, 8: 0.1}

    def clocked(run, x):
        calls.append(x.shape)
        return run(x), taken[x.shape[-1]]

    monkeypatch.setattr(roofline, "clocked", clocked)
    found = roofline.ceilings(torch.device("cpu"))
    assert found["flop_of"] == roofline.CONVOLUTION
    assert found["flop_per_s"] == pytest.approx(2 * 9 * 256 * 256 * 8 * 8 / 0.1e-3)
    taken[8] = 1e6
    found, before = roofline.ceilings(torch.device("cpu")), len(calls)
    assert found["flop_of"] == roofline.PRODUCT
    assert found["flop_per_s"] == pytest.approx(2 * 64**3 / 1e-3)
    assert calls[before // 2 :].count((1, 256, 8, 8)) == roofline.LEAST  # the budget is spent


@pytest.mark.parametrize("folded", [False, True])
def test_a_pass_taken_apart_is_the_pass_and_names_every_layer(monkeypatch, folded):
    monkeypatch.setattr(variants, "FULL_MODEL", SMALL)
    scheme = {"groups": [1, 32, 32, 32, 32], "shuffle": True}
    network = variants.full_model("vgg13_bn", scheme, 0)
    image = torch.randn(1, 3, 64, 64)
    models = {("E", "eager"): network, ("E", "folded"): eager.folded(network, image, image)}
    model = models["E", "folded" if folded else "eager"]
    named = roofline.folded_modules(network, model) if folded else roofline.modules(network)
    with torch.inference_mode():
        x = image
        for _, module in named:
            x = module(x)
        assert torch.equal(x, model(image))
    rows = roofline.by_module(models, image, range(1, 3), [0])
    own = [row[2:] for row in rows if row[1] == ("folded" if folded else "eager")]
    found = dict(own)
    assert len(own) == 2 * len(found) == 2 * len(named)
    assert roofline.by_module(models, image, range(1, 1), [0]) == []
    wanted = {layer.name for layer in counts.layers("vgg13_bn", **scheme, **SMALL)}
    assert wanted <= found.keys()
    kinds = (torch.nn.Conv2d, torch.nn.Linear)
    assert {name for name, module in named if isinstance(module, kinds)} == wanted
    assert all(ms >= 0 and math.isfinite(ms) for ms in found.values())
