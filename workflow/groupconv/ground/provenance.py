"""What a result was made with: the machine and the versions."""

import os
import platform
from importlib import metadata
from pathlib import Path

import psutil


def machine() -> dict:
    """CPU and GPU name, cores that this process may use, memory (GiB), system, Python."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "ram_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpu": _gpu(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
    }


def versions(*packages: str) -> dict[str, str]:
    """The installed version of each package, by importlib.metadata."""
    return {package: metadata.version(package) for package in packages}


def _cpu() -> str:
    """The model's name, with its vector extensions, which decide the kernels that are used."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    flags = facts.get("flags", "").split()
    widest = next((f for f in ("amx_bf16", "avx512f", "avx2") if f in flags), "")
    return " ".join(filter(None, [facts.get("model name", platform.machine()), widest]))


def _gpu() -> str | None:
    import torch  # slow to import, and not in every step's environment

    return torch.cuda.get_device_name() if torch.cuda.is_available() else None
