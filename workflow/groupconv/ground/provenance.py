"""What a result was made with: the machine and the versions."""

import platform
from importlib import metadata

import psutil

from groupconv.ground.machine import cores, cpu


def machine() -> dict:
    """CPU and GPU name, cores that this process may use, memory (GiB), system, Python."""
    return {
        "cpu": cpu(),
        "cores": cores(),
        "ram_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpu": _gpu(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
    }


def versions(*packages: str) -> dict[str, str]:
    """The installed version of each package, by importlib.metadata."""
    return {package: metadata.version(package) for package in packages}


def _gpu() -> str | None:
    import torch  # slow to import, and not in every step's environment

    return torch.cuda.get_device_name() if torch.cuda.is_available() else None
