"""`snakemake --use-conda`: which environment a step gets, and that it gets nothing else."""

import os
import shutil

from groupconv.ground.errors import StepError
from groupconv.settings import resources

ALONE = "export PYTHONNOUSERSITE=1; "  # packages of `pip install --user` would shadow its own


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

    conda puts a step's in the place that the active one has on PATH, which may be behind the Python
    that Snakemake runs in. With none active it comes first.
    """
    for variable in ("CONDA_PREFIX", "CONDA_SHLVL"):
        os.environ.pop(variable, None)
