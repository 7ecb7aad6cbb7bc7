"""What this machine has, where Linux, macOS and Python versions tell it in different ways."""

import contextlib
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import psutil

from groupconv.ground.errors import DeviceError

CPU_INFO = Path("/proc/cpuinfo")
GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
BF16 = {"avx512_bf16", "amx_bf16", "bf16"}  # flags; the last is ARM's
# Files that tell an NVIDIA or AMD GPU's driver; the third is Windows', under WSL.
GPU_SIGNS = ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/dxg", "/dev/kfd")
# Of a container's or a job's memory, in bytes.
MEMORY_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")

# What torch says for the CPU, for CUDA and for its libraries, and the system for a mapped file.
NO_MEMORY = re.compile("out of memory|[Cc]an(no|')t allocate memory|_ALLOC_FAILED")
OF_GPU = re.compile("CUDA|CUDNN|CUBLAS|HIP")


def cores() -> int:
    """CPU cores that this process may use; all of the machine's where the system does not say."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    if hasattr(os, "process_cpu_count"):  # Python 3.13
        return os.process_cpu_count() or 1
    return os.cpu_count() or 1


def cpu() -> str:
    """The CPU's name, with its vector extensions, which decide the kernels that are used."""
    try:
        text = CPU_INFO.read_text()
    except OSError:
        return _brand() or platform.processor() or platform.machine()
    facts = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    flags = facts.get("flags", "").split()
    widest = next((f for f in ("amx_bf16", "avx512f", "avx2") if f in flags), "")
    return " ".join(filter(None, [facts.get("model name", platform.machine()), widest]))


def governor() -> str | None:
    """The rule for the CPU's clock, as performance or powersave; None: the system does not say."""
    try:
        return GOVERNOR.read_text().strip()
    except OSError:  # a virtual machine, macOS
        return None


def _brand() -> str:
    """As macOS has it: "Apple M2"."""
    return _asked_macos("machdep.cpu.brand_string")


def _asked_macos(name: str) -> str:
    if not shutil.which("sysctl"):
        return ""
    asked = ["sysctl", "-n", name]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def cpu_has_bf16() -> bool:
    """Whether the CPU has instructions for bf16 arithmetic, as x86 and ARM name them."""
    try:
        text = CPU_INFO.read_text()
    except OSError:
        return _asked_macos("hw.optional.arm.FEAT_BF16") == "1"
    lines = [line for line in text.splitlines() if line.startswith(("flags", "Features"))]
    return any(BF16 & set(line.split()) for line in lines[:1])


def memory_mb() -> int:
    """Memory that this process may use at most, MB: the machine's, or its container's."""
    found = [psutil.virtual_memory().total]
    for path in map(Path, MEMORY_LIMITS):
        if path.exists() and (text := path.read_text().strip()).isdigit():
            found.append(int(text))
    return min(found) // 10**6


@contextlib.contextmanager
def enough_memory(what: str, key: str):
    """Raise DeviceError, one line, if the block runs out of memory, this machine's or a GPU's.

    ``what`` needs it; ``key`` with its value, as "train.batch_size = 20", decides how much, if
    any does.
    """
    try:
        yield
    except (MemoryError, RuntimeError, OSError) as error:
        if not out_of_memory(error):
            raise
        memory = "GPU" if OF_GPU.search(str(error)) else "machine"
        needs = f"{what} needs more memory than the {memory} has free"
        raise DeviceError(
            f"params.yaml: {key}: {needs}; make that smaller, or run less beside it"
            if key
            else f"{needs}; run less beside it"
        ) from error


def out_of_memory(error: Exception) -> bool:
    """Whether that is what it says, of this machine or a GPU."""
    of_library = isinstance(error, RuntimeError | OSError) and NO_MEMORY.search(str(error))
    return isinstance(error, MemoryError) or bool(of_library)


def may_have_gpu() -> bool:
    """Whether anything tells of a GPU that torch could use, without asking torch, which is slow."""
    return any(map(os.path.exists, GPU_SIGNS)) or bool(shutil.which("nvidia-smi"))
