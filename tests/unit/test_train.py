import copy
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from groupconv import config, device, evaluate, train
from groupconv.errors import DataError, DeviceError, StepError
from hypothesis import given
from hypothesis import strategies as st

PARAMS = config.load("configs/tiny.yaml")


def params_for(scheme="E", **changes):
    params = copy.deepcopy(PARAMS)
    params["train"] |= {"epochs": 2, "batch_size": 8} | changes
    return params, config.reads(params, "train", scheme=scheme, seed=3)


def trained(packed, folder, **changes):
    """Run the step; returns the paths of its checkpoint, best checkpoint and history."""
    folder.mkdir(exist_ok=True)
    paths = [str(folder / name) for name in ("c.pt", "b.pt", "h.csv")]
    train.run(params_for(**changes)[1], *packed, *paths)
    return [Path(path) for path in paths]


@pytest.fixture(scope="module")
def settings():
    return PARAMS["train"]


def test_it_learns_what_can_be_learnt_and_evaluation_agrees(packed, tmp_path):
    checkpoint, best, history = trained(packed, tmp_path / "a", epochs=12)
    table = pd.read_csv(history)
    assert list(table.columns) == train.HISTORY
    assert table["epoch"].tolist() == list(range(1, 13))
    assert np.isfinite(table.to_numpy()).all()
    assert table["val_top1"].max() > 0.6  # chance is a third

    part = config.reads(PARAMS, "evaluate", scheme="E", seed=3)
    predictions, test = tmp_path / "p.csv", tmp_path / "t.json"
    evaluate.run(part, *packed, str(checkpoint), str(predictions), str(test))
    rows, record = pd.read_csv(predictions), json.loads(test.read_text())
    assert len(rows) == record["images"] == 15
    assert record["top1"] == (rows["class"] == rows["predicted"]).mean() == rows["correct"].mean()
    assert record["top1_low"] < record["top1"] <= record["top1_high"]
    assert record["loss"] == pytest.approx(rows["loss"].mean())
    assert record["top5"] == 1  # there are three classes
    assert record["epoch"] == 12

    saved = torch.load(checkpoint, weights_only=True)
    assert saved["params"]["groups"] == [1, 32, 32, 32, 32]
    assert saved["versions"]["torch"]
    best_epoch = torch.load(best, weights_only=True)["epoch"]
    assert best_epoch == table["epoch"][table["val_top1"].argmax()]

    checkpoint.write_bytes(checkpoint.read_bytes()[:-1000])
    with pytest.raises(DataError, match=r"c\.pt: not a checkpoint that can be read") as caught:
        evaluate.run(part, *packed, str(checkpoint), str(predictions), str(test))
    assert "\n" not in str(caught.value)


def test_two_runs_give_the_same_bytes_whatever_the_test_part_holds(packed, tmp_path):
    first = trained(packed, tmp_path / "a")
    pixels, table = np.load(packed[1]), pd.read_csv(packed[0])
    for row in table[table["split"] == "test"].itertuples():
        pixels[row.offset : row.offset + row.height * row.width * row.channels] = 0
    np.save(packed[1], pixels)
    second = trained(packed, tmp_path / "b")
    assert first[0].read_bytes() == second[0].read_bytes()
    assert first[1].read_bytes() == second[1].read_bytes()
    timings = ["seconds", "images_per_s"]
    a, b = (pd.read_csv(paths[2]).drop(columns=timings) for paths in (first, second))
    assert a.equals(b)
    other = trained(packed, tmp_path / "c", learning_rate=0.001)
    assert first[0].read_bytes() != other[0].read_bytes()


def test_a_diverging_training_names_the_learning_rate(packed, tmp_path):
    with pytest.raises(StepError, match=r"train\.learning_rate = 1e\+?20: .*diverged"):
        trained(packed, tmp_path, learning_rate=1e20)
    assert not list(tmp_path.glob("*.pt"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="hardware: has a GPU")
def test_cuda_that_is_not_there_is_refused(packed, tmp_path):
    with pytest.raises(DeviceError, match=r"train\.device = cuda: this machine has none"):
        trained(packed, tmp_path, device="cuda")


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
    rates = [train.learning_rate(i, iterations, settings) for i in range(iterations)]
    assert all(0 < rate <= 0.1 + 1e-12 for rate in rates)
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


def test_the_schedules_at_known_points():
    def rate(i, schedule, warmup=0.0):
        settings = {"learning_rate": 1.0, "schedule": schedule, "warmup_fraction": warmup}
        return train.learning_rate(i, 90, settings)

    assert [rate(i, "step") for i in (0, 29, 30, 60)] == pytest.approx([1, 1, 0.1, 0.01])
    assert rate(45, "cosine") == pytest.approx(0.5)
    assert rate(89, "constant") == 1
    assert rate(4, "constant", 0.1) == pytest.approx(5 / 9)


def test_means_are_weighted_by_image():
    logits, labels = torch.eye(3) * 10, torch.tensor([0, 1, 0])
    loss, top1 = train.accuracy(logits, labels)
    assert top1 == pytest.approx(2 / 3)
    each = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
    assert loss == pytest.approx(each.mean().item())
