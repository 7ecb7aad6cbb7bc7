"""The training loop: rates, batches, means and decay, an epoch at a time."""

import copy

import pytest
import torch
from groupconv.network import loader, predict, seeds, training
from groupconv.network.vgg import vgg
from hypothesis import given
from hypothesis import strategies as st
from test_train import EITHER, PARAMS, params_for, refused


@pytest.fixture(scope="module")
def settings():
    return PARAMS["train"]


@given(
    iterations=st.integers(1, 300),
    schedule=st.sampled_from(("constant", "step", "cosine")),
    warmup=st.floats(0, 0.9),
)
def test_the_learning_rate_rises_to_its_peak_and_never_passes_it(iterations, schedule, warmup):
    settings = {"learning_rate": 0.1, "schedule": schedule, "warmup_fraction": warmup}
    rates = [training.learning_rate(i, iterations, settings) for i in range(iterations)]
    assert all(0 < rate <= 0.1 + 1e-12 for rate in rates)
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


def test_the_schedules_at_known_points():
    def rate(i, schedule, warmup=0.0):
        settings = {"learning_rate": 1.0, "schedule": schedule, "warmup_fraction": warmup}
        return training.learning_rate(i, 90, settings)

    assert [rate(i, "step") for i in (0, 29, 30, 60)] == pytest.approx([1, 1, 0.1, 0.01])
    assert rate(45, "cosine") == pytest.approx(0.5)
    assert rate(89, "constant") == 1
    assert rate(4, "constant", 0.1) == pytest.approx(5 / 9)


def test_means_are_weighted_by_image():
    logits, labels = torch.eye(3) * 10, torch.tensor([0, 1, 0])
    loss, top1 = predict.accuracy(logits, labels)
    assert top1 == pytest.approx(2 / 3)
    each = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
    assert loss == pytest.approx(each.mean().item())


def prepared(fitted, epochs=2, batch_size=9, **changes):
    """What train_one_epoch takes: 48 images in batches of 9, the last of 3."""
    settings = params_for(epochs=epochs, batch_size=batch_size, **changes)[0]["train"]
    part = loader.Part(fitted[0], loader.Square(fitted[1], 32), "train")
    sizes = PARAMS["model"] | {"dropout": 0.5}
    model = vgg(groups=[1, 32, 32, 32, 32], classes=3, seed=0, **sizes)
    return model, training.new_optimizer(model, settings), part, loader.NOT_NORMALIZED, settings


def test_an_epochs_loss_and_top1_are_means_over_its_images(fitted):
    model, optimizer, part, statistics, settings = prepared(fitted, augment=False)
    settings["learning_rate"], settings["weight_decay"] = 0.0, 0.0
    loss, top1 = training.train_one_epoch(model, optimizer, part, statistics, settings, 3, 1, "")
    generator = seeds.generator(3, 1)
    torch.manual_seed(generator.initial_seed())
    losses, hits = [], []
    for pixels, labels in part.batches(torch.randperm(len(part), generator=generator), 9):
        with torch.no_grad():
            logits = model(loader.scaled(pixels, statistics))
        losses.append(torch.nn.functional.cross_entropy(logits, labels, reduction="none"))
        hits.append(logits.argmax(1) == labels)
    assert [len(batch) for batch in hits] == [9] * 5 + [3]
    assert top1 == torch.cat(hits).double().mean().item()
    assert loss == pytest.approx(torch.cat(losses).double().mean().item(), rel=1e-4)
    unweighted = torch.stack([batch.mean() for batch in losses]).mean().item()
    assert abs(loss - unweighted) > 1e-3 * loss  # else the test could not tell


@EITHER
def test_an_epoch_depends_on_the_past_through_weights_and_momentum_alone(
    fitted, tmp_path, precision
):
    if refused(fitted, tmp_path, precision):
        return
    model, optimizer, part, statistics, settings = prepared(fitted, precision=precision)
    training.train_one_epoch(model, optimizer, part, statistics, settings, 3, 1, "")
    past = copy.deepcopy((model.state_dict(), optimizer.state_dict()))
    training.train_one_epoch(model, optimizer, part, statistics, settings, 3, 2, "")

    later, later_optimizer, *_ = prepared(fitted, precision=precision)
    later.load_state_dict(past[0])
    later_optimizer.load_state_dict(past[1])
    torch.rand(17)  # another state of the global generator
    training.train_one_epoch(later, later_optimizer, part, statistics, settings, 3, 2, "")
    ends = model.state_dict(), later.state_dict()
    assert all(torch.equal(ends[0][key], ends[1][key]) for key in ends[0])


@pytest.mark.parametrize(("seed", "epoch"), [(3, 2), (4, 1)])
def test_the_order_of_an_epoch_is_that_of_seed_and_epoch(fitted, seed, epoch, monkeypatch):
    model, optimizer, part, statistics, settings = prepared(fitted)
    orders, batches = [], part.batches
    monkeypatch.setattr(part, "batches", lambda o, n: orders.append(o.tolist()) or batches(o, n))
    for s, e in ((3, 1), (3, 1), (seed, epoch)):
        training.train_one_epoch(model, optimizer, part, statistics, settings, s, e, "")
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == list(range(48))


def test_weight_decay_leaves_norms_and_biases_alone_where_a_key_says_so(fitted):
    def moved(decayed):
        model, optimizer, *_ = prepared(fitted, decay_norm_and_bias=decayed, weight_decay=0.1)
        for group in optimizer.param_groups:
            group["lr"] = 0.5
        for parameter in model.parameters():
            torch.nn.init.ones_(parameter)
            parameter.grad = torch.zeros_like(parameter)
        optimizer.step()  # without a gradient weight decay alone moves anything
        return {name: bool((p != 1).all()) for name, p in model.named_parameters()}

    assert all(moved(True).values())
    found = moved(False)
    assert found["features.0.weight"] is found["classifier.6.weight"] is True
    assert found["features.1.weight"] is found["features.1.bias"] is False
    assert found["features.0.bias"] is found["classifier.6.bias"] is False
    weights = {name for name, decays in found.items() if decays}
    assert len(weights) == 13  # ten convolutions and three linear layers


def test_bf16_computes_the_layers_in_it_and_keeps_the_rest_in_fp32(fitted, tmp_path):
    if refused(fitted, tmp_path / "a", "bf16"):
        return
    ends = {}
    for precision in ("fp32", "bf16"):
        model, optimizer, part, *_ = prepared(fitted)
        model.eval()  # no dropout, and no statistics of a few images
        kinds = []
        for layer in (model.features[0], model.classifier[-1]):
            layer.register_forward_hook(
                lambda layer, given, out, kinds=kinds: kinds.append(out.dtype)
            )
        x, labels = (
            loader.scaled(part.taken(torch.arange(9)), loader.NOT_NORMALIZED),
            part.labels[:9],
        )
        loss, logits = training.training_step(model, optimizer, x, labels, 0.01, precision)
        assert set(kinds) == {torch.bfloat16 if precision == "bf16" else torch.float32}
        assert loss.dtype == logits.dtype == torch.float32
        state = model.state_dict()
        assert {v.dtype for v in state.values()} == {torch.float32, torch.int64}
        assert loss == torch.nn.functional.cross_entropy(logits, labels)
        ends[precision] = logits
    assert 0 < (ends["bf16"] - ends["fp32"]).abs().max() < 0.1 * ends["fp32"].abs().max()
