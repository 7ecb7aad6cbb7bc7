import numpy as np
import pytest
import torch
from groupconv.network.vgg import vgg
from groupconv.steps import latency

SMALL = {"classes": 7, "input_size": 64, "classifier_width": 16, "classifier_pool": 2}


@pytest.fixture
def model():
    groups, rule = [1, 32, 32, 32, 32], "kaiming_grouped"
    net = vgg("vgg13_bn", groups, initialization=rule, seed=0, dropout=0.5, **SMALL)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return net.eval()


def test_folding_changes_no_output_and_leaves_no_batch_norm(model):
    folded = latency.folded(model)
    image = torch.randn(1, 3, 64, 64)
    assert latency.difference(model, folded, image) < latency.TOLERANCE
    assert not [m for m in folded.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    with torch.no_grad():
        next(folded.parameters()).mul_(1.01)
    assert latency.difference(model, folded, image) > latency.TOLERANCE


def test_every_round_has_every_model_once_in_a_new_order(model):
    models = {(s, v): model for s in ("baseline", "E") for v in ("eager", "folded")}
    rows = latency.interleaved(models, torch.zeros(1, 3, 64, 64), 5, 1, seed=0)
    orders = {n: [(s, v) for r, _, s, v, _ in sorted(rows) if r == n] for n in range(1, 6)}
    assert all(set(order) == set(models) and len(order) == 4 for order in orders.values())
    assert len({tuple(order) for order in orders.values()}) > 1
    again = latency.interleaved(models, torch.zeros(1, 3, 64, 64), 5, 1, seed=0)
    assert [row[:4] for row in rows] == [row[:4] for row in again]
    assert all(row[4] > 0 for row in rows)


def test_a_change_is_the_median_of_pairs_so_a_slow_machine_cancels():
    rows, rng = [], np.random.default_rng(0)
    for n in range(1, 31):
        slow = 1 + rng.random()
        rows += [(n, 1, "baseline", "eager", 100 * slow), (n, 2, "E", "eager", 45 * slow)]
    found = latency.totals(rows, {("baseline", "eager"): 0.0, ("E", "eager"): 0.0})
    assert found["E"]["eager"]["change"] == pytest.approx(-0.55)
    assert found["baseline"]["eager"]["change"] == 0
    assert found["E"]["eager"]["runs"] == 30
    record = found["E"]["eager"]
    assert record["low_ms"] <= record["median_ms"] <= record["high_ms"]
