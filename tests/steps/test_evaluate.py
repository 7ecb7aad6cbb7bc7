import csv
import json
import math

import numpy as np
import pandas as pd
import pytest
import torch
from groupconv.ground.errors import DataError
from groupconv.network import predict
from groupconv.network.loader import NOT_NORMALIZED, Part, Square, scaled
from groupconv.network.vgg import vgg
from groupconv.results import intervals
from groupconv.settings import config, reads
from groupconv.steps import evaluate

PARAMS = config.load("configs/tiny.yaml")
CLASSES = 7
PER_CLASS = {"train": 1, "val": 3, "test": 4}
IMAGES = {"test": 28, "val": 21}


@pytest.fixture
def files(tmp_path):
    """Paths of manifest, fitted images and a checkpoint of random weights; IMAGES, 7 classes."""
    rng = np.random.default_rng(1)
    table = [
        {
            "id": f"{split}{label}{i}",
            "class": chr(ord("あ") + label),
            "split": split,
        }
        for label in range(CLASSES)
        for split, count in PER_CLASS.items()
        for i in range(count)
    ]
    manifest = tmp_path / "manifest.csv"
    with open(manifest, "w", newline="") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)
    pixels = tmp_path / "square.npy"
    np.save(pixels, rng.integers(0, 256, (len(table), 1, 32, 32), dtype=np.uint8))

    params = reads.params_of(PARAMS, "train", scheme="E", seed=0)
    model = vgg(**params["schemes"]["E"], classes=CLASSES, seed=0, **params["model"])
    saved = {
        "weights": model.state_dict(),
        "epoch": 3,
        "params": params,
        "pixels_sha256": Square(str(pixels), 32).sha256(),
        "classes": sorted({row["class"] for row in table}),
        "normalization": {"mean": [0.4] * 3, "deviation": [0.2] * 3},
    }
    torch.save(saved, tmp_path / "checkpoint.pt")
    return str(manifest), str(pixels), str(tmp_path / "checkpoint.pt")


def evaluated(files, folder):
    """Run the step; returns the paths of both tables of predictions and of test.json."""
    made = [folder / name for name in ("predictions.csv", "val_predictions.csv", "test.json")]
    params = reads.params_of(PARAMS, "evaluate", scheme="E", seed=0)
    manifest, pixels, checkpoint = files
    evaluate.run(params, manifest, pixels, checkpoint, checkpoint, *map(str, made))
    return made


@pytest.mark.parametrize("name", IMAGES)
def test_the_rows_are_those_of_the_network_and_the_totals_those_of_the_rows(files, tmp_path, name):
    *tables, test = evaluated(files, tmp_path)
    rows, record = pd.read_csv(tables[name == "val"]), json.loads(test.read_text())
    assert list(rows.columns) == "id class predicted correct in_top5 loss".split()

    saved = torch.load(files[2], weights_only=True)
    part = Part(files[0], Square(files[1], 32), name)
    model = vgg(groups=[1, 32, 32, 32, 32], classes=CLASSES, seed=9, **saved["params"]["model"])
    model.load_state_dict(saved["weights"])
    x = scaled(part.taken(torch.arange(len(part))), saved["normalization"])
    with torch.inference_mode():
        chances = model.eval()(x).double().softmax(1).numpy()
    for row, p in zip(rows.itertuples(), chances, strict=True):
        ranked = [part.classes[i] for i in np.argsort(-p)]
        truth = rows["class"][row.Index]
        assert row.predicted == ranked[0]
        assert row.correct == (ranked[0] == truth)
        assert row.in_top5 == (truth in ranked[:5])
        assert row.loss == pytest.approx(-math.log(p[part.classes.index(truth)]), rel=1e-4)
    assert rows["id"].tolist() == part.ids

    n, hits, hits5 = IMAGES[name], rows["correct"].sum(), rows["in_top5"].sum()
    assert 0 < hits5 < n  # else the test of top-5 would say nothing
    assert (record["classes"], record["epoch"], record["chance"]) == (CLASSES, 3, 1 / CLASSES)
    of = {key: record[{"test": "", "val": "val_"}[name] + key] for key in evaluate.totals(rows)}
    assert (of["images"], of["top1"], of["top5"]) == (n, hits / n, hits5 / n)
    assert of["loss"] == pytest.approx(rows["loss"].mean())
    assert (of["top1_low"], of["top1_high"]) == intervals.wilson(hits, n)
    assert (of["top5_low"], of["top5_high"]) == intervals.wilson(hits5, n)


def changed(files, split, rows=slice(None)):
    """Other pixels in images of one part."""
    pixels, table = np.load(files[1]), pd.read_csv(files[0])
    of_part = table[table["split"] == split][rows].index
    pixels[of_part] = (np.arange(32 * 32) % 256).reshape(32, 32)
    np.save(files[1], pixels)
    saved = torch.load(files[2], weights_only=True)
    torch.save({**saved, "pixels_sha256": Square(files[1], 32).sha256()}, files[2])


def test_each_table_rests_on_the_images_of_its_own_part(files, tmp_path):
    def content():
        return [path.read_bytes() for path in evaluated(files, tmp_path)]

    first = content()
    changed(files, "train")
    assert content() == first
    changed(files, "val", slice(1))
    second = content()
    assert [a == b for a, b in zip(first, second, strict=True)] == [True, False, False]
    changed(files, "test", slice(1))
    assert [a == b for a, b in zip(second, content(), strict=True)] == [False, True, False]


def test_the_size_of_its_batches_changes_no_prediction(files, tmp_path, monkeypatch):
    first = pd.read_csv(evaluated(files, tmp_path)[0])
    monkeypatch.setattr("groupconv.network.predict.BATCH", 5)
    second = pd.read_csv(evaluated(files, tmp_path)[0])
    pd.testing.assert_frame_equal(first, second, rtol=1e-4)


def test_prediction_leaves_the_network_as_it_was(files):
    saved = torch.load(files[2], weights_only=True)
    model = vgg(groups=[1, 32, 32, 32, 32], classes=CLASSES, seed=0, **saved["params"]["model"])
    part = Part(files[0], Square(files[1], 32), "test")
    before = {key: value.clone() for key, value in model.state_dict().items()}
    predict.predict(model.train(), part, NOT_NORMALIZED)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_other_classes_than_it_was_trained_on_are_refused(files, tmp_path):
    table = pd.read_csv(files[0])
    table.loc[table["class"] == "あ", "class"] = "ん"
    table.to_csv(files[0], index=False)
    with pytest.raises(DataError, match=r"checkpoint\.pt: trained on other classes than .*\.csv"):
        evaluated(files, tmp_path)
    assert not (tmp_path / "test.json").exists()


def test_other_pixels_than_it_was_trained_on_are_refused(files, tmp_path):
    np.save(files[1], 255 - np.load(files[1]))
    with pytest.raises(DataError, match=r"checkpoint\.pt: trained on other pixels than .*\.npy"):
        evaluated(files, tmp_path)
    assert not (tmp_path / "test.json").exists()


def damaged(whole: bytes, how: str) -> bytes:
    half = len(whole) // 2  # among the weights
    return {
        "empty": b"",
        "truncated": whole[:-1000],
        "one bit": whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :],
        "no checkpoint": b"a text\n" * 100,
    }[how]


@pytest.mark.parametrize("how", ["empty", "truncated", "one bit", "no checkpoint"])
def test_a_damaged_checkpoint_is_one_line(files, tmp_path, how):
    with open(files[2], "rb+") as file:
        content = damaged(file.read(), how)
        file.seek(0)
        file.truncate()
        file.write(content)
    with pytest.raises(DataError, match=r"checkpoint\.pt: not a checkpoint that can be") as caught:
        evaluated(files, tmp_path)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("*predictions.csv"))


@pytest.mark.parametrize("content", [[1, 2], {"weights": {}}, torch.zeros(3)])
def test_another_file_of_torchs_is_one_line(files, tmp_path, content):
    torch.save(content, files[2])
    with pytest.raises(DataError, match="it has not all of classes, epoch, normalization, params"):
        evaluated(files, tmp_path)
