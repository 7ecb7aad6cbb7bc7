"""What is refused before the first job: each line, and that what can be made is not refused."""

import copy
from collections import Counter
from importlib import metadata

import pytest
from groupconv.data.sources import SOURCES
from groupconv.ground import machine
from groupconv.settings import comments, config, preflight, reads, resources

PARAMS = config.load("params.yaml")
ALL = set(reads.READS)


@pytest.fixture
def large(monkeypatch):
    """A machine with 8 cores, 64 GB and a GPU, and a torch that is built for it."""
    monkeypatch.setattr(machine, "cores", lambda: 8)
    monkeypatch.setattr(machine, "memory_mb", lambda: 64_000)
    monkeypatch.setattr(machine, "may_have_gpu", lambda: True)
    monkeypatch.setattr(machine, "cpu_has_bf16", lambda: False)
    monkeypatch.setattr(metadata, "version", lambda _: "2.9.0")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def changed(**sections):
    params = copy.deepcopy(PARAMS)
    for section, keys in sections.items():
        params[section] |= keys
    return params


def said(steps=ALL, cores=8, here=True, conda=False, **sections):
    return preflight.checks(changed(**sections), steps, cores=cores, here=here, conda=conda)


@pytest.mark.parametrize("path", comments.files(), ids=lambda path: path.name)
def test_what_can_be_made_is_not_refused(path, large):
    assert preflight.checks(config.load(path), ALL, cores=8) == []


def test_more_threads_than_cores(large):
    cuda = {"device": "cuda", "threads": 4}
    assert said(train=cuda, latency=cuda) == []
    assert said(cores=1, train={"threads": 2}) == [
        "params.yaml: train.threads = 2: --cores is 1; allowed: 1, or more --cores"
    ]
    assert said(cores=3, latency={"threads": 4}) == [
        "params.yaml: latency.threads = 4: --cores is 3; allowed: 1 to 3, or more --cores"
    ]
    line = "params.yaml: train.threads = 9: this machine has 8 cores; allowed: 1 to 8"
    assert said(cores=16, train={"threads": 9}) == [line]
    assert said(cores=None, here=False, train={"threads": 9}) == []  # of a cluster's node
    assert said(steps={"figures"}, train={"threads": 9}) == []


def test_cuda_without_a_gpu(large, monkeypatch):
    cuda = {"device": "cuda"}
    monkeypatch.setattr(machine, "may_have_gpu", lambda: False)
    line = "params.yaml: {}.device = cuda: this machine has none; allowed: auto, cpu"
    assert said(train=cuda, latency=cuda) == [line.format("train"), line.format("latency")]
    assert said(train={"device": "auto"}) == []
    assert said(here=False, train=cuda) == []
    assert said(steps={"latency", "prepare"}, train=cuda) == []
    assert said(steps={"evaluate"}, train=cuda) == [line.format("train")]


def test_bf16_on_a_cpu_without_it(large, monkeypatch):
    bf16 = {"precision": "bf16"}
    monkeypatch.setattr(machine, "cpu", lambda: "AMD EPYC 7763 avx2")
    line = "params.yaml: train.precision = bf16: AMD EPYC 7763 avx2 has no bf16 arithmetic"
    of_cpu = [f"{line}; allowed: fp32"]
    assert said(train=bf16) == []  # the GPU's; the step asks it
    assert said(train=bf16 | {"device": "cpu"}) == of_cpu
    monkeypatch.setattr(machine, "may_have_gpu", lambda: False)
    assert said(train=bf16) == said(steps={"training_speed"}, train=bf16) == of_cpu
    assert said(here=False, train=bf16) == said(steps={"evaluate"}, train=bf16) == []
    monkeypatch.setattr(machine, "cpu_has_bf16", lambda: True)
    assert said(train=bf16) == []


def test_cuda_that_cannot_be_used(large, monkeypatch):
    cuda = {"device": "cuda"}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert said(train=cuda) == [
        "params.yaml: train.device = cuda: CUDA_VISIBLE_DEVICES = '' hides every GPU; unset it, "
        "or auto"
    ]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert said(train=cuda) == []
    monkeypatch.setattr(metadata, "version", lambda _: "2.9.0+cpu")
    assert said(conda=True, train=cuda) == []
    assert said(train=cuda) == [
        "params.yaml: train.device = cuda: torch 2.9.0+cpu is built without CUDA; allowed: auto, "
        "cpu; TORCH=auto bash envs/setup.sh gets one with it"
    ]


def test_more_memory_than_the_machine_has(large):
    needed = resources.training_mb(PARAMS["model"], {"groups": [1] * 5}, 10**6)
    line = f"params.yaml: train.batch_size = 1000000: train baseline needs about {needed:,} MB"
    assert said(train={"batch_size": 10**6}) == [f"{line} of memory, this machine has 64,000 MB"]
    assert said(here=False, train={"batch_size": 10**6}) == []
    assert said(steps={"prepare"}, train={"batch_size": 10**6}) == []
    (line,) = said(model={"classifier_width": 65536})
    assert line.startswith("params.yaml: model.classifier_width = 65536: train ")
    many = {f"F{i}": {"groups": [1] * 5} for i in range(900)}
    (line,) = said(schemes=many)
    assert line.startswith("params.yaml: schemes: 906 of them: latency needs about ")


def test_more_images_or_classes_than_were_published(large):
    assert said(data={"min_images": 103}) == [
        "params.yaml: data.min_images = 103: the source has no two classes of so many images; "
        "allowed: 3 to 102"
    ]
    assert said(data={"source": "cifar100", "min_images": 600, "classes": 100}) == []
    assert said(data={"source": "cifar100", "classes": 101}) == [
        "params.yaml: data.classes = 101: the source has 100; allowed: 2 to 100, or null for all"
    ]
    assert said(data={"source": "char-shape", "min_images": 10**6}) == []  # not known
    assert said(steps={"train"}, data={"min_images": 110}) == []


def test_the_sample_has_so_many_images(wheel):
    scans = SOURCES["sample"].read([str(wheel)], None)
    counts = Counter(character.label for scan in scans for character in scan.characters)
    assert preflight.PUBLISHED["sample"] == (len(counts), counts.most_common(2)[1][1])


def test_fewer_images_of_ones_own_than_are_asked_for(large, pictures, tmp_path):
    folder = pictures(tmp_path / "mine {x}", a=3, b=5, c=5)  # braces are no field to fill

    def of(min_images, classes=None):
        data = {"source": "folder", "folder": str(folder)}
        return said(data={**data, "min_images": min_images, "classes": classes})

    assert of(5) == of(5, 2) == of(3, 3) == []
    assert of(6) == [
        f"params.yaml: data.min_images = 6: {folder} has 0 classes of so many images; "
        "the largest (b) has 5, the second (c) 5; allowed: 3 to 5"
    ]
    assert of(5, 3) == [
        f"params.yaml: data.classes = 3: {folder} has 2 classes of at least 5 images; "
        "allowed: 2, or null for all"
    ]


def test_imagenets_parts_are_counted_together(large, pictures, tmp_path):
    for part in ("train", "val"):
        pictures(tmp_path / "mine" / part, a=2, b=3)
    data = {"source": "folder", "folder": str(tmp_path / "mine")}
    assert said(data={**data, "min_images": 4}) == []
    (line,) = said(data={**data, "min_images": 5})
    assert line.endswith(
        "has 1 class of so many images; the largest (b) has 6, the second (a) 4; allowed: 3 to 4"
    )


@pytest.mark.parametrize(("count", "allowed"), [(2, "none: a class needs 3"), (3, "3")])
def test_no_range_ends_below_its_beginning(count, allowed, large, pictures, tmp_path):
    data = {"source": "folder", "folder": str(pictures(tmp_path / "mine", a=9, b=count))}
    (line,) = said(data={**data, "min_images": 9})
    assert line.endswith(f"the second (b) {count}; allowed: {allowed}")


def test_a_folder_that_is_not_there_is_a_line(large):
    (line,) = said(data={"source": "folder", "folder": "nowhere"})
    assert line.startswith("params.yaml: data.folder = nowhere: no such folder")
