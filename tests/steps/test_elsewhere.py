"""Networks on other back ends: how often they agree, and the file for programs without torch."""

import json
import re
import runpy
import shutil

import numpy as np
import pytest
import torch
from groupconv.ground.errors import DataError, StepError
from groupconv.network import agreement as agreeing
from groupconv.network import restored
from groupconv.network.back_ends import eager
from groupconv.network.back_ends.table import BACK_ENDS
from groupconv.network.loader import Part, Square
from groupconv.network.vgg import vgg
from groupconv.settings import config, reads
from groupconv.steps import agreement, export
from project import ROOT

PARAMS = config.load("configs/tiny.yaml")
INT8 = "folded_int8_classifier"


@pytest.fixture
def trained(fitted, tmp_path):
    """Paths: manifest, fitted images, templates of both checkpoints; random weights."""
    manifest, pixels = fitted
    classes = Part(manifest, Square(pixels, 32), "train").classes
    for scheme in ("baseline", "E"):
        params = reads.params_of(PARAMS, "train", scheme=scheme, seed=0)
        model = vgg(**params["schemes"][scheme], classes=len(classes), seed=0, **params["model"])
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
        saved = {
            "weights": model.state_dict(),
            "epoch": 3,
            "params": params,
            "pixels_sha256": Square(pixels, 32).sha256(),
            "classes": classes,
            "normalization": {"mean": [0.4] * 3, "deviation": [0.2] * 3},
        }
        torch.save(saved, tmp_path / f"{scheme}0.pt")
        torch.save(saved | {"epoch": 2}, tmp_path / f"{scheme}0-best.pt")
    files = ("{scheme}{seed}.pt", "{scheme}{seed}-best.pt")
    return manifest, pixels, *(str(tmp_path / name) for name in files)


def asked(*names):
    own = reads.params_of(PARAMS, "agreement")
    own["evaluate"]["checkpoint"] = "last"
    own["schemes"] = {name: own["schemes"][name] for name in ("baseline", "E")}
    own["latency"] |= {"back_ends": ["eager", "folded", *names], "threads": 1, "device": "cpu"}
    return own


def test_every_network_is_asked_about_real_images(trained, tmp_path):
    path = tmp_path / "agreement.json"
    agreement.run(asked(INT8, "cuda_graphs_bf16"), *trained, str(path))
    record = json.loads(path.read_text())
    assert record["skipped"] == {"cuda_graphs_bf16": "it runs on CUDA alone"}
    assert list(record["schemes"]) == ["baseline", "E"]
    for scheme, of in record["schemes"].items():
        assert of["checkpoint"].endswith(f"{scheme}0.pt")
        assert list(of["back_ends"]) == [INT8]  # fp32's are held against eager before each timing
        row = of["back_ends"][INT8]
        assert row["images"] == 15  # of the test part, all there are
        assert 0 < row["difference_from_eager"] < 0.1
        assert row["low"] <= row["top1_agreement"] <= row["high"]
        assert row["enough"] is False  # 15 of 15 would show nothing
        assert row["why_not"] == "too few test images (15 of at least 100)"


@pytest.mark.parametrize(("which", "epoch"), [("last", 3), ("best_val", 2)])
def test_the_network_that_is_evaluated_is_asked(trained, tmp_path, which, epoch):
    params = asked(INT8)
    params["evaluate"]["checkpoint"] = which
    agreement.run(params, *trained, str(tmp_path / "a.json"))
    record = json.loads((tmp_path / "a.json").read_text())
    assert {of["epoch"] for of in record["schemes"].values()} == {epoch}


def test_the_record_says_whether_a_back_end_counts_and_why_not():
    row = {"images": 1000, "agree": 990}
    assert agreement.judged(row, (0.98, 1.0)) == {
        **row,
        "top1_agreement": 0.99,
        "low": 0.98,
        "high": 1.0,
        "enough": True,
    }
    found = agreement.judged(row | {"agree": 989}, (0.98, 1.0))
    assert found["why_not"] == "eager's class for 989 of 1,000, less than 99%"


def test_without_a_back_end_below_fp32_no_network_is_asked(tmp_path):
    agreement.run(asked(), "no.csv", "no.npy", "no.pt", "no.pt", str(tmp_path / "a.json"))
    record = json.loads((tmp_path / "a.json").read_text())
    assert record["back_ends"] == record["schemes"] == {}
    assert (record["least"], record["least_images"]) == (0.99, 100)


def test_a_back_end_that_gives_other_classes_does_not_agree(trained, monkeypatch):
    found = restored.restored(trained[2].format(scheme="E", seed=0))
    (test,) = restored.parts_of(found, *trained[:2], "test")
    images = found.images(test, 15)
    torch.backends.cudnn.allow_tf32 = True
    same = agreeing.agreement(found, [INT8], images, images, torch.device("cpu"))
    assert not torch.backends.cudnn.allow_tf32  # what is called fp32 is fp32
    assert same[INT8]["agree"] >= 13

    def opposite(network, image, calibration):
        return lambda x: -network(x)

    monkeypatch.setattr(eager, INT8, opposite)
    other = agreeing.agreement(found, [INT8], images, images, torch.device("cpu"))
    assert other[INT8]["agree"] == 0
    assert other[INT8]["difference_from_eager"] == pytest.approx(2)


def test_images_are_taken_evenly_and_never_twice(trained):
    found = restored.restored(trained[2].format(scheme="E", seed=0))
    (test,) = restored.parts_of(found, *trained[:2], "test")
    assert len(found.images(test, 1000)) == len(test)
    every = found.images(test, len(test))
    assert torch.equal(found.images(test, 2), every[[0, -1]])


def test_a_checkpoint_of_other_pixels_is_one_line(trained, tmp_path):
    pixels = np.load(trained[1])
    pixels[0] ^= 1
    np.save(tmp_path / "other.npy", pixels)
    files = (trained[0], str(tmp_path / "other.npy"), *trained[2:])
    with pytest.raises(DataError, match=r"baseline0.pt: trained on other pixels than .*other.npy"):
        agreement.run(asked(INT8), *files, str(tmp_path / "a.json"))
    assert not (tmp_path / "a.json").exists()


def swapped(trained):
    """E's file is the baseline's network."""
    one, other = (trained[2].format(scheme=s, seed=0) for s in ("baseline", "E"))
    shutil.copy(one, other)
    return rf"^{re.escape(other)}: a network of baseline, groups \[1, 1, 1, 1, 1\]; asked for: E"


def test_another_schemes_checkpoint_is_one_line(trained, tmp_path):
    line = swapped(trained)
    with pytest.raises(DataError, match=rf"{line}, groups \[1, 32, 32, 32, 32\]$"):
        agreement.run(asked(INT8), *trained, str(tmp_path / "a.json"))


def test_another_schemes_checkpoint_is_not_exported(trained, tmp_path):
    pytest.importorskip("onnxruntime")
    line = swapped(trained)
    with pytest.raises(DataError, match=f"{line}$"):
        exported(trained, tmp_path / "model.onnx")


def test_a_scheme_whose_groups_were_changed_since_is_another(trained):
    found = restored.restored(trained[2].format(scheme="E", seed=0))
    restored.check_scheme(found, "E", {"groups": [1, 32, 32, 32, 32], "width": 1.0})
    for entry in ({"groups": [1, 16, 16, 16, 16]}, {**found.entry, "shuffle": True}):
        with pytest.raises(DataError, match="asked for: E, groups"):
            restored.check_scheme(found, "E", entry)


def test_the_benchmark_takes_no_other_schemes_checkpoint(trained, tmp_path, monkeypatch):
    line = swapped(trained)
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    program = runpy.run_path(str(ROOT / "benchmarks" / "latency.py"))
    folder, data = tmp_path / "results" / "schemes", tmp_path / "data"
    data.mkdir()
    for source, name in zip(trained, ("manifest.csv", "square.npy"), strict=False):
        shutil.copy(source, data / name)
    schemes = {name: PARAMS["schemes"][name] for name in ("baseline", "E")}
    for scheme in schemes:
        (folder / scheme / "seed0").mkdir(parents=True)
        made = trained[2].format(scheme=scheme, seed=0)
        shutil.copy(made, folder / scheme / "seed0" / "checkpoint.pt")
    given = ["eager", INT8], 0, torch.device("cpu")
    line = line.replace(re.escape(made), re.escape(f"{folder}/E/seed0/checkpoint.pt"))
    with pytest.raises(DataError, match=line):
        program["agreements"](folder, schemes, *given)
    found = program["agreements"](folder, {"baseline": schemes["baseline"]}, *given)
    assert list(found) == [("baseline", INT8)]
    assert found["baseline", INT8].images == 15


def exported(trained, path, **changes):
    own = reads.params_of(PARAMS, "export", scheme="E", seed=0)
    last = trained[2].format(scheme="E", seed=0)
    export.run(own, *trained[:2], last, last, str(path))


def test_an_exported_network_is_the_checkpoints_for_any_number_of_images(trained, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    exported(trained, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    facts = session.get_modelmeta().custom_metadata_map
    assert len(json.loads(facts["classes"])) == 3
    given = json.loads(facts["input"])
    assert given == {"size": 32, "mean": [0.4] * 3, "deviation": [0.2] * 3}
    found = restored.restored(trained[2].format(scheme="E", seed=0))
    (test,) = restored.parts_of(found, *trained[:2], "test")
    images = found.images(test, 7)
    with torch.inference_mode():
        expected = found.network(images)
    (made,) = session.run(None, {"image": images.numpy()})
    assert torch.allclose(torch.from_numpy(made), expected, atol=1e-5)


def test_a_file_that_computes_something_else_is_not_written(trained, tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from groupconv.network import interchange

    monkeypatch.setattr(interchange, "TOLERANCE", 1e-12)
    line = r"^.*model.onnx: its logits differ from those of .*E0.pt by .* of the largest; allowed"
    with pytest.raises(StepError, match=line):
        exported(trained, tmp_path / "model.onnx")
    assert not list(tmp_path.glob("model.onnx*"))


def test_without_the_packages_export_says_what_brings_them(trained, tmp_path, monkeypatch):
    row = BACK_ENDS["onnxruntime"]
    absent = type(row)("ort", "fp32", packages=("no_such_package",))
    monkeypatch.setitem(BACK_ENDS, "onnxruntime", absent)
    with pytest.raises(
        StepError, match=r"^export: no_such_package: not installed; BACKENDS=1 bash"
    ):
        exported(trained, tmp_path / "model.onnx")
