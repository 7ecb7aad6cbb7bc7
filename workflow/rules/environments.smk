# Snakemake --use-conda: which environment a rule gets, and that it gets nothing else.

import shutil

from snakemake.settings.types import DeploymentMethod


def torch_environment(device):
    """The CUDA build where the job asks for a GPU, as `resources.gpus` decides, else the CPU one."""
    return f"../../envs/torch-{'cuda' if resources.gpus(device) else 'cpu'}.yaml"


if DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method:
    if workflow.is_main_process and not shutil.which("conda"):
        sys.exit(
            "--use-conda: no conda command (24.7.1 or newer) on this machine's PATH: install "
            "Miniforge, https://github.com/conda-forge/miniforge, or leave --use-conda out"
        )
    if workflow.is_main_process and not resources.gpus("auto"):
        for step in ("train", "latency"):
            wanted = config[step]["device"] == "cuda"
            if wanted and not os.getenv("CONDA_OVERRIDE_CUDA"):
                sys.exit(
                    f"params.yaml: {step}.device = cuda: with --use-conda on a machine without an "
                    "NVIDIA driver, state the CUDA version that the GPU's driver allows: "
                    "CONDA_OVERRIDE_CUDA=12.9 snakemake ..."
                )
    # conda puts an environment in the place that the active one has on PATH, which may be behind
    # the Python that Snakemake runs in. With none active it comes first.
    for variable in ("CONDA_PREFIX", "CONDA_SHLVL"):
        os.environ.pop(variable, None)
    # Packages of `pip install --user` would shadow the environment's.
    shell.prefix("export PYTHONNOUSERSITE=1; ")
