"""What envs/*.yaml declare."""

from pathlib import Path

import yaml
from project import ROOT

PIP_NAMES = {
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "matplotlib-base": "matplotlib",
    "seaborn-base": "seaborn",
}


def pip_name(name: str) -> str:
    """What pip calls the package that conda-forge calls ``name``."""
    return PIP_NAMES.get(name, name)


def declared(folder: Path = ROOT / "envs") -> dict[str, dict[str, str]]:
    """For each environment file the version of each package, as written after its name, if any."""
    return {
        path.name: {
            spec.partition(" ")[0]: spec.partition(" ")[2]
            for spec in yaml.safe_load(path.read_text())["dependencies"]
        }
        for path in sorted(folder.glob("*.yaml"))
    }
