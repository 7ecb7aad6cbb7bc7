import copy
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from groupconv.ground import machine
from groupconv.ground.errors import DataError, DeviceError, StepError
from groupconv.network import device, loader, predict, resume, seeds, training
from groupconv.network.vgg import vgg
from groupconv.settings import config, reads
from groupconv.steps import evaluate, train
from hypothesis import given
from hypothesis import strategies as st

PARAMS = config.load("configs/tiny.yaml")
EITHER = pytest.mark.parametrize("precision", ["fp32", "bf16"])
AT_REST = ["train_eval_loss", "train_eval_top1"]


def params_for(scheme="E", **changes):
    params = copy.deepcopy(PARAMS)
    params["train"] |= {"epochs": 2, "batch_size": 8} | changes
    return params, reads.params_of(params, "train", scheme=scheme, seed=3)


def refused(fitted, folder, precision):
    """Whether this CPU has no arithmetic of that precision; then the step must say so."""
    if precision == "fp32" or machine.cpu_has_bf16():
        return False
    with pytest.raises(
        DeviceError, match=r"^params\.yaml: train\.precision = bf16: .* allowed: fp32"
    ):
        trained(fitted, folder, device="cpu", precision=precision)
    return True


def trained(fitted, folder, **changes):
    """Run the step; returns the paths of its checkpoint, best checkpoint and history."""
    folder.mkdir(exist_ok=True)
    paths = [str(folder / name) for name in ("c.pt", "b.pt", "h.csv")]
    train.run(params_for(**changes)[1], *fitted, *paths)
    return [Path(path) for path in paths]


@pytest.fixture(scope="module")
def settings():
    return PARAMS["train"]


def test_it_learns_what_can_be_learnt_and_evaluation_agrees(fitted, tmp_path):
    checkpoint, best, history = trained(fitted, tmp_path / "a", epochs=12)
    table = pd.read_csv(history)
    assert list(table.columns) == training.HISTORY
    assert table["epoch"].tolist() == list(range(1, 13))
    assert np.isfinite(table.drop(columns=AT_REST).to_numpy()).all()
    assert table[AT_REST].isna().all(axis=None)
    assert table["val_top1"].max() > 0.6  # chance is a third

    part = reads.params_of(PARAMS, "evaluate", scheme="E", seed=3)
    predictions, of_val, test = (tmp_path / name for name in ("p.csv", "v.csv", "t.json"))
    evaluated = [*fitted, *2 * [str(checkpoint)], *map(str, (predictions, of_val, test))]
    evaluate.run(part, *evaluated)
    rows, record = pd.read_csv(predictions), json.loads(test.read_text())
    assert len(rows) == record["images"] == 15
    assert record["top1"] == (rows["class"] == rows["predicted"]).mean() == rows["correct"].mean()
    assert record["top1_low"] < record["top1"] <= record["top1_high"]
    assert record["loss"] == pytest.approx(rows["loss"].mean())
    assert record["top5"] == 1  # there are three classes
    assert record["epoch"] == 12
    # The validation part of the last epoch's weights, seen twice.
    assert len(pd.read_csv(of_val)) == record["val_images"]
    assert record["val_top1"] == table["val_top1"].iloc[-1]
    assert record["val_loss"] == pytest.approx(table["val_loss"].iloc[-1], abs=1e-5)

    saved = torch.load(checkpoint, weights_only=True)
    assert saved["params"]["schemes"] == {"E": {"groups": [1, 32, 32, 32, 32]}}
    assert saved["versions"]["torch"]
    best_epoch = torch.load(best, weights_only=True)["epoch"]
    assert best_epoch == table["epoch"][table["val_top1"].argmax()]

    checkpoint.write_bytes(checkpoint.read_bytes()[:-1000])
    with pytest.raises(DataError, match=r"c\.pt: not a checkpoint that can be read") as caught:
        evaluate.run(part, *evaluated)
    assert "\n" not in str(caught.value)


@EITHER
def test_two_runs_give_the_same_bytes_whatever_the_test_part_holds(fitted, tmp_path, precision):
    if refused(fitted, tmp_path / "a", precision):
        return
    first = trained(fitted, tmp_path / "a", precision=precision)
    second = trained(fitted, tmp_path / "b", precision=precision)
    assert first[0].read_bytes() == second[0].read_bytes()
    assert first[1].read_bytes() == second[1].read_bytes()
    timings = ["seconds", "images_per_s"]
    a, b = (pd.read_csv(paths[2]).drop(columns=timings) for paths in (first, second))
    assert a.equals(b)
    other = trained(fitted, tmp_path / "c", learning_rate=0.001, precision=precision)
    assert first[0].read_bytes() != other[0].read_bytes()
    pixels, table = np.load(fitted[1]), pd.read_csv(fitted[0])
    pixels[table["split"] == "test"] = 0
    np.save(fitted[1], pixels)
    blind = trained(fitted, tmp_path / "d", precision=precision)
    for one, same in zip(first[:2], blind[:2], strict=True):
        one, same = (torch.load(path, weights_only=True) for path in (one, same))
        assert one["pixels_sha256"] != same["pixels_sha256"]
        assert all(torch.equal(v, same["weights"][k]) for k, v in one["weights"].items())


@EITHER
def test_an_interrupted_training_ends_with_the_same_bytes(
    fitted, tmp_path, precision, monkeypatch, capfd
):
    if refused(fitted, tmp_path / "a", precision):
        return
    whole = trained(fitted, tmp_path / "a", epochs=3, precision=precision)
    save = resume.Resume.save

    def interrupted(*state):
        save(*state)
        raise KeyboardInterrupt

    monkeypatch.setattr(resume.Resume, "save", interrupted)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            trained(fitted, tmp_path / "b", epochs=3, precision=precision)
    monkeypatch.undo()
    resumed = trained(fitted, tmp_path / "b", epochs=3, precision=precision)
    assert "resumed after epoch 2/3" in capfd.readouterr().err
    assert [p.read_bytes() for p in whole[:2]] == [p.read_bytes() for p in resumed[:2]]


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


def test_a_diverging_training_names_the_learning_rate(fitted, tmp_path):
    with pytest.raises(StepError, match=r"train\.learning_rate = 1e\+?20: .*diverged"):
        trained(fitted, tmp_path, learning_rate=1e20)
    assert not list(tmp_path.glob("*.pt"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="hardware: has a GPU")
def test_cuda_that_is_not_there_is_refused(fitted, tmp_path):
    with pytest.raises(DeviceError, match=r"train\.device = cuda: this machine has none"):
        trained(fitted, tmp_path, device="cuda")


def test_more_threads_than_cores_are_refused():
    with pytest.raises(DeviceError, match=r"train\.threads = 4096: this machine has \d+ cores"):
        device.set_threads(4096, "train.threads")


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


def test_a_last_update_that_diverges_is_seen_in_the_validation(fitted, tmp_path):
    huge = {"epochs": 1, "batch_size": 48, "learning_rate": 1e30, "warmup_fraction": 0.0}
    with pytest.raises(StepError, match=r"the validation loss of epoch 1 is (nan|inf)"):
        trained(fitted, tmp_path, **huge)
    assert not list(tmp_path.glob("*.pt"))


def test_the_schedule_runs_over_all_epochs(fitted, tmp_path):
    shape = {"epochs": 3, "batch_size": 8, "schedule": "cosine", "warmup_fraction": 0.0}
    *_, history = trained(fitted, tmp_path, learning_rate=0.01, **shape)
    rates = pd.read_csv(history)["learning_rate"]  # of each epoch's last of 6 iterations
    assert rates.tolist() == pytest.approx(
        [0.005 * (1 + np.cos(np.pi * i / 18)) for i in (5, 11, 17)]
    )


def test_the_training_part_in_eval_mode_is_measured_where_a_key_says_so(fitted, tmp_path):
    checkpoint, _, history = trained(fitted, tmp_path / "a", evaluate_training_part=True)
    last = pd.read_csv(history).iloc[-1]
    saved = torch.load(checkpoint, weights_only=True)
    own = saved["params"]
    part = loader.Part(fitted[0], loader.Square(fitted[1], 32), "train")
    model = vgg(**own["schemes"]["E"], classes=3, seed=0, **own["model"])
    model.load_state_dict(saved["weights"])
    model.to(memory_format=torch.channels_last)
    logits = predict.predict(model, part, saved["normalization"])
    expected = predict.accuracy(logits, part.labels)
    assert (last["train_eval_loss"], last["train_eval_top1"]) == pytest.approx(expected, rel=1e-5)
    assert last["train_eval_loss"] != pytest.approx(last["train_loss"], rel=1e-3)
    without = torch.load(trained(fitted, tmp_path / "b")[0], weights_only=True)["weights"]
    assert all(torch.equal(saved["weights"][key], without[key]) for key in without)


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
