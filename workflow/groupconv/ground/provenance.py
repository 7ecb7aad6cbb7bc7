"""What a result was made with: the machine, the versions and the commit."""

import platform
import subprocess
from importlib import metadata

import psutil

from groupconv.ground.machine import cores, cpu, governor

LONGEST_S = 10  # that a program may take to say its version


def machine() -> dict:
    """CPU and GPU name, cores that this process may use, memory (GiB), clock, system, Python."""
    return {
        "cpu": cpu(),
        "cores": cores(),
        "ram_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "governor": governor(),
        "gpu": _gpu(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
    }


def versions(*packages: str) -> dict[str, str]:
    """The installed version of each package, by importlib.metadata."""
    return {package: metadata.version(package) for package in packages}


def program_version(program: str) -> str:
    """The first line that a program says of its version; "" if it says none."""
    try:
        run = subprocess.run(
            [program, "--version"], capture_output=True, errors="replace", timeout=LONGEST_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout.partition("\n")[0].strip() if run.returncode == 0 else ""


def commit() -> str:
    """The commit in this folder, and whether tracked files differ from it; "" without git."""

    def said(*words: str) -> str | None:
        try:
            run = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
        except OSError:
            return None
        return run.stdout.strip() if run.returncode == 0 else None

    found = said("rev-parse", "--short=10", "HEAD")
    if not found:
        return ""
    changed = said("status", "--porcelain", "--untracked-files=no", "--", "workflow", "params.yaml")
    return f"{found} with uncommitted changes" if changed else found


def _gpu() -> str | None:
    import torch  # slow to import, and not in every step's environment

    return torch.cuda.get_device_name() if torch.cuda.is_available() else None
