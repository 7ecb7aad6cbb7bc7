from pathlib import Path

import psutil
import pytest
from groupconv.ground import provenance
from groupconv.ground.errors import DeviceError
from groupconv.network.back_ends.table import BACK_ENDS
from groupconv.settings import config, reads, resources

PARAMS = config.load("params.yaml")


def training_mb(params, scheme):
    entry = params["schemes"][scheme]
    return resources.training_mb(params["model"], entry, params["train"]["batch_size"])


def test_the_baseline_is_the_largest_training_and_the_papers_is_larger():
    needs = {scheme: training_mb(PARAMS, scheme) for scheme in PARAMS["schemes"]}
    assert max(needs, key=needs.get) == "baseline"
    assert training_mb(config.load("configs/paper.yaml"), "E") > 3000


def test_too_little_memory_is_one_line():
    resources.check_memory(1, "a test", "a.b = 1")
    line = r"^params.yaml: a.b = 1: a test needs about 1,000,000,000 MB of memory, [\d,]+ MB are"
    with pytest.raises(DeviceError, match=line):
        resources.check_memory(10**9, "a test", "a.b = 1")


def test_the_key_is_named_that_most_of_the_memory_comes_from():
    part = reads.params_of(PARAMS, "train", scheme="baseline", seed=0)

    def key(batch_size, **model):
        changed = {"model": part["model"] | model, "train": part["train"]}
        changed["train"] = part["train"] | {"batch_size": batch_size}
        return resources.memory_key("train", {**part, **changed})

    assert key(2000) == "train.batch_size = 2000"
    assert key(2000, classifier_width=65536) == "model.classifier_width = 65536"
    assert key(2, input_size=1024) == "model.input_size = 1024"
    latency = reads.params_of(PARAMS, "latency")
    assert resources.memory_key("latency", latency) == "schemes: 6 of them"
    for step in reads.READS:  # of any step, without an error
        resources.memory_key(step, reads.params_of(PARAMS, step, scheme="E", seed=0))
    assert (
        resources.memory_key("prepare", reads.params_of(PARAMS, "prepare"))
        == "data.image_size = 64"
    )


def test_latency_holds_one_classifier_for_all_schemes_of_one_width():
    def mb(**schemes):
        own = reads.params_of({**PARAMS, "schemes": schemes}, "latency")
        return resources.latency_mb(own)

    whole, classifier = {"groups": [1, 1, 1, 1, 1]}, 4 * 124_125_184 // 10**6
    assert mb(baseline=whole) > resources.PROCESS_MB + classifier
    assert mb(baseline=whole, E={"groups": [1, 32, 32, 32, 32]}) - mb(baseline=whole) < 20
    assert mb(baseline=whole, narrow={**whole, "width": 0.5}) - mb(baseline=whole) > classifier / 2


def test_gpus_are_asked_for_where_they_are_used(monkeypatch):
    monkeypatch.delenv(resources.GPUS, raising=False)
    assert resources.gpus("cpu") == 0
    assert resources.gpus("cuda") == 1
    assert resources.gpus("auto") == int(Path("/proc/driver/nvidia/gpus").is_dir())


@pytest.mark.parametrize(("submitting", "node"), [(0, 4), (1, 0)])
def test_a_node_asks_for_what_the_submitting_machine_decided(monkeypatch, submitting, node):
    monkeypatch.setattr(resources, "gpus_here", lambda: node)
    monkeypatch.setenv(resources.GPUS, str(submitting))
    assert resources.gpus("auto") == submitting


def test_a_record_says_on_which_machine_it_was_made():
    record = provenance.machine()
    assert record["cpu"]
    assert 1 <= record["cores"] <= psutil.cpu_count()
    assert provenance.versions("torch")["torch"][0].isdigit()


def test_jobs_share_the_machine_by_memory_and_gpus(monkeypatch):
    machine_mb = psutil.virtual_memory().total / 10**6
    assert resources.share(1, 0) == 1
    assert resources.share(int(0.4 * machine_mb), 0) in (500, 501)
    assert resources.share(10**9, 0) == resources.WHOLE
    monkeypatch.setattr(resources, "gpus_here", lambda: 4)
    assert resources.share(1, 1) == 250


def test_every_library_that_copies_weights_says_how_often():
    for name, row in BACK_ENDS.items():
        shared = row.module in ("eager", "winograd", "own", "cuda") and row.precision == "fp32"
        assert (name in resources.COPIES) != shared or row.module == "cuda", name
    assert resources.COPIES.keys() | resources.QUANTISING.keys() <= BACK_ENDS.keys()
    own = reads.params_of(PARAMS, "latency")
    more = own["latency"] | {"back_ends": ["eager", "folded", "onnxruntime"]}
    added = resources.latency_mb({**own, "latency": more}) - resources.latency_mb(own)
    assert 6 * 600 < added < 6 * 1000 + 1700
