"""A whole training: it learns, repeats to the bit, resumes, and says what is wrong."""

import copy
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from groupconv.ground import machine
from groupconv.ground.errors import DataError, DeviceError, StepError
from groupconv.network import device, loader, predict, resume, training
from groupconv.network.vgg import vgg
from groupconv.settings import config, reads
from groupconv.steps import evaluate, train

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


def test_a_diverging_training_names_the_learning_rate(fitted, tmp_path):
    with pytest.raises(StepError, match=r"train\.learning_rate = 1e\+?20: .*diverged"):
        trained(fitted, tmp_path, learning_rate=1e20)
    assert not list(tmp_path.glob("*.pt"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="hardware: has a GPU")
def test_cuda_that_is_not_there_is_refused(fitted, tmp_path):
    with pytest.raises(DeviceError, match=r"train\.device = cuda: this machine has none"):
        trained(fitted, tmp_path, device="cuda")


def test_more_threads_than_cores_are_refused():
    with pytest.raises(DeviceError, match=r"train\.threads = 4096: this machine has \d+ cores?"):
        device.set_threads(4096, "train.threads")


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
