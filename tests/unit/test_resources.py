from pathlib import Path

import psutil
import pytest
from groupconv.ground import provenance
from groupconv.ground.errors import DeviceError
from groupconv.settings import config, resources

PARAMS = config.load("params.yaml")


def training_mb(params, scheme):
    groups = params["schemes"][scheme]["groups"]
    return resources.training_mb(params["model"], groups, params["train"]["batch_size"])


def test_the_baseline_is_the_largest_training_and_the_papers_is_larger():
    needs = {scheme: training_mb(PARAMS, scheme) for scheme in PARAMS["schemes"]}
    assert max(needs, key=needs.get) == "baseline"
    assert training_mb(config.load("configs/paper.yaml"), "E") > 3000


def test_too_little_memory_is_one_line():
    resources.check_memory(1, "a test")
    with pytest.raises(
        DeviceError, match=r"^a test needs about 1,000,000,000 MB of memory, [\d,]+ "
    ):
        resources.check_memory(10**9, "a test")


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
