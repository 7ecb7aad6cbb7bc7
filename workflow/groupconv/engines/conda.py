"""`snakemake --use-conda`: which environment a step gets, and that it gets nothing else."""

import os
import shutil

from groupconv.ground.errors import StepError
from groupconv.settings import resources

# Snakemake runs `source activate PATH; CHECKED python workflow/step.py ...`. A failed activation
# stops nothing; $_ is PATH, the last word before. The step runs in that environment, or it fails.
CHECKED = "asked=$_; set -euo pipefail; . envs/activated.sh; "
# To a file's channels conda adds those that the user has configured, or its own `defaults`. The
# word `nodefaults` in the file prevents that up to conda 26.5; since 26.7 it is a channel itself.
CHANNELS = {
    "CONDA_CHANNELS": "conda-forge",
    "CONDA_DEFAULT_CHANNELS": "conda-forge",  # what `defaults` means where it is configured
    "CONDA_CHANNEL_PRIORITY": "strict",  # other channels give only what conda-forge does not have
}


def torch_environment(device: str) -> str:
    """The CUDA build where the job asks for a GPU, as resources.gpus decides, else the CPU one.

    The path is relative to workflow/rules/.
    """
    return f"../../envs/torch-{'cuda' if resources.gpus(device) else 'cpu'}.yaml"


def check(params: dict) -> None:
    """Raise StepError if conda is not here, or would not install what ``params`` ask for."""
    if not shutil.which("conda"):
        raise StepError(
            "--use-conda: no conda command (24.7.1 or newer) on this machine's PATH: install "
            "Miniforge, https://github.com/conda-forge/miniforge, or leave --use-conda out"
        )
    for step in ("train", "latency"):
        wanted = params[step]["device"] == "cuda" and not resources.gpus("auto")
        if wanted and not os.getenv("CONDA_OVERRIDE_CUDA"):
            raise StepError(
                f"params.yaml: {step}.device = cuda: with --use-conda on a machine without an "
                "NVIDIA driver, state the CUDA version that the GPU's driver allows: "
                "CONDA_OVERRIDE_CUDA=12.9 snakemake ..."
            )


def leave_active_one() -> None:
    """Forget the active environment.

    conda puts a step's environment where the active one stands on PATH, perhaps behind Snakemake's
    own Python. If none is active, the step's comes first.
    """
    for variable in ("CONDA_PREFIX", "CONDA_SHLVL"):
        os.environ.pop(variable, None)


def alone() -> str:
    """Make conda take packages from conda-forge alone; returns the start of each step's command.

    conda inherits the environment variables of this process.
    """
    os.environ.update(CHANNELS)
    return CHECKED
