"""What is asked of Linux alone has another way on macOS: tried by taking Linux's away."""

import os
import re

import numpy as np
import psutil
import pytest
import torch
from groupconv.ground import machine, provenance
from groupconv.ground.errors import DeviceError
from groupconv.network import device
from project import ROOT


@pytest.fixture
def macos(monkeypatch, tmp_path):
    """The standard library without what macOS lacks, and no /proc."""
    for name in ("sched_getaffinity", "process_cpu_count"):
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.setattr(machine, "CPU_INFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(machine, "GPU_SIGNS", ())


def test_cores_are_those_of_the_machine_where_the_system_does_not_say(macos, monkeypatch):
    assert machine.cores() == os.cpu_count()
    assert provenance.machine()["cores"] == os.cpu_count()
    with pytest.raises(DeviceError, match=rf"train.threads = 9999: .* {os.cpu_count()} cores"):
        device.set_threads(9999, "train.threads")
    monkeypatch.setattr(os, "process_cpu_count", lambda: 3, raising=False)  # Python 3.13
    assert machine.cores() == 3


def test_a_cpu_has_a_name_without_proc(macos, monkeypatch, tmp_path):
    assert provenance.machine()["cpu"]
    sysctl = tmp_path / "sysctl"
    sysctl.write_text(
        '#!/bin/sh\n[ "$*" = "-n machdep.cpu.brand_string" ] && echo "Apple M2"\n'
        '[ "$*" = "-n hw.optional.arm.FEAT_BF16" ] && echo 1\n'
    )
    sysctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert provenance.machine()["cpu"] == "Apple M2"
    assert machine.cpu_has_bf16()


@pytest.mark.parametrize(
    ("line", "has"),
    [
        ("flags\t\t: fpu avx2 avx512f avx512_bf16", True),
        ("flags\t\t: fpu avx2 amx_bf16", True),
        ("flags\t\t: fpu avx2 avx512f", False),
        ("Features\t: fp asimd i8mm bf16", True),
        ("Features\t: fp asimd", False),
        ("model name\t: bf16", False),
    ],
)
def test_bf16_arithmetic_is_told_by_the_flags(macos, line, has):
    machine.CPU_INFO.write_text(f"processor\t: 0\n{line}\n")
    assert machine.cpu_has_bf16() is has


def test_memory_is_the_containers_where_it_has_less(monkeypatch, tmp_path):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(machine, "MEMORY_LIMITS", (str(limit),))
    whole = psutil.virtual_memory().total // 10**6
    for text, mb in (("50000000\n", 50), ("max\n", whole), (str(2**63 - 4096), whole)):
        limit.write_text(text)
        assert machine.memory_mb() == mb
    limit.unlink()
    assert machine.memory_mb() == whole


def test_a_gpu_is_told_by_its_driver(macos, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not machine.may_have_gpu()
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert machine.may_have_gpu()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(machine, "GPU_SIGNS", (str(tmp_path),))
    assert machine.may_have_gpu()


def cuda_is_full():
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a")


@pytest.mark.parametrize(
    ("asks", "memory"),
    [
        (lambda: torch.empty(10**15), "machine"),
        (lambda: np.empty(10**15), "machine"),
        (lambda: bytearray(10**15), "machine"),
        (cuda_is_full, "GPU"),
    ],
)
def test_too_little_memory_is_one_line_with_the_key_that_asks_for_it(asks, memory):
    with pytest.raises(DeviceError) as caught, machine.enough_memory("train E", "train.a = 9"):
        asks()
    assert str(caught.value) == (
        f"params.yaml: train.a = 9: train E needs more memory than the {memory} has free; "
        "make that smaller, or run less beside it"
    )


@pytest.mark.parametrize("error", [RuntimeError("shape"), FileNotFoundError(2, "none", "a")])
def test_any_other_error_stays_as_it_is(error):
    with pytest.raises(type(error)) as caught, machine.enough_memory("train E", "train.a = 9"):
        raise error
    assert caught.value is error


def test_only_this_module_calls_what_macos_lacks():
    """`os.sched_getaffinity` in another one would end in a traceback there."""
    linux = "sched_|posix_fallocate|process_cpu_count|/proc/|/sys/|memfd|epoll|prctl|O_DIRECT"
    modules = (ROOT / "workflow").rglob("*.py")
    found = {path.name for path in modules if re.search(linux, path.read_text("utf-8"))}
    assert found == {"machine.py", "resources.py"}  # this counts NVIDIA's GPUs: without /proc, 0
