"""`snakemake --use-conda` with environments that are solved and installed as conda packages.

By a stand-in for conda and from a channel made of pip's builds: see stand_in.py and channel.py.
What is tested here is the workflow and envs/, not conda and not conda-forge's packages.
"""

import json
import os
import shutil
import subprocess

import pytest
from declared import declared
from groupconv.settings import resources

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def installed(project):
    """The packages in each environment that Snakemake made, by the environment's file."""
    names = {(project.folder / "envs" / file).read_text(): file for file in declared()}
    return {
        names[made.read_text()]: {
            json.loads(record.read_text())["name"]
            for record in made.with_suffix("").glob("conda-meta/*.json")
        }
        for made in (project.folder / ".snakemake" / "conda").glob("*.yaml")
        if made.read_text() in names
    }


def test_the_snakefile_parses_with_snakemake_alone(snakemake_alone, project):
    for absent in ("torch", "pandas", "dvc", "PIL"):
        python = [snakemake_alone / "bin" / "python", "-c", f"import {absent}"]
        assert subprocess.run(python, capture_output=True, check=False).returncode
    run = subprocess.run(
        [snakemake_alone / "bin" / "snakemake", "-n"],
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "train" in run.stdout + run.stderr


def test_the_whole_workflow_runs_in_environments_that_hold_what_is_declared(finished_by_conda):
    project, screen = finished_by_conda
    assert (project.folder / "results" / "report.html").exists(), screen
    made = installed(project)
    assert made.keys() == {"data.yaml", "torch-cpu.yaml", "report.yaml"}
    for file, packages in made.items():
        assert declared()[file].keys() <= packages
    assert "pytorch" in made["torch-cpu.yaml"] - made["data.yaml"] - made["report.yaml"]
    assert "matplotlib-base" in made["report.yaml"] - made["torch-cpu.yaml"]


def test_a_result_equals_that_of_a_run_without_conda(finished_by_conda, project):
    finished, _ = finished_by_conda
    of_e = "results/schemes/E"
    run = project.snakemake("--cores", "2", f"{of_e}/seed0/test.json", f"{of_e}/macs.json")
    assert run.returncode == 0, run.stdout
    for name in ("data/manifest.csv", f"{of_e}/seed0/predictions.csv", f"{of_e}/macs.json"):
        assert (finished.folder / name).read_bytes() == (project.folder / name).read_bytes(), name


def test_a_step_whose_environment_is_empty_fails_and_the_last_word_names_it(
    finished_by_conda, user
):
    project, _ = finished_by_conda
    claims = project.folder / "results" / "claims.json"
    kept = claims.read_bytes()
    report = (project.folder / "envs" / "report.yaml").read_text()
    copies = (project.folder / ".snakemake" / "conda").glob("*.yaml")
    (environment,) = [copy.with_suffix("") for copy in copies if copy.read_text() == report]
    aside = environment.rename(environment.with_suffix(".aside"))
    environment.mkdir()
    claims.unlink()
    try:
        run = user.run(
            project.folder, "snakemake", "--cores", "2", "--use-conda", "results/claims.json"
        )
    finally:
        environment.rmdir()
        aside.rename(environment)
    assert run.returncode == 1
    assert not claims.exists()
    claims.write_bytes(kept)
    last = run.stdout[run.stdout.rindex("failed: claims") :]
    assert "\nerror: --use-conda: envs/report.yaml: its environment is not in use: " in last


@pytest.mark.parametrize(
    ("file", "package", "target", "module"),
    [
        ("data.yaml", "pillow", "data/images.npy", "PIL"),
        ("torch-cpu.yaml", "iopath", "results/schemes/E/macs.json", "iopath"),
    ],
)
def test_a_step_fails_without_what_its_environment_declares(
    finished_by_conda, user, tmp_path, file, package, target, module
):
    finished, _ = finished_by_conda
    made = tmp_path / "made"
    leave = shutil.ignore_patterns(".snakemake", file)
    shutil.copytree(finished.folder, made, ignore=leave, copy_function=os.link)
    whole = (finished.folder / "envs" / file).read_text()
    less = "".join(line for line in whole.splitlines(True) if f"- {package} =" not in line)
    assert less != whole
    (made / "envs" / file).write_text(less)
    (made / target).unlink()
    run = user.run(made, "snakemake", "--cores", "2", "--use-conda", target)
    assert run.returncode == 1
    assert f"No module named '{module}'" in run.stdout


@pytest.mark.skipif(resources.gpus("auto"), reason="hardware: has a GPU")
def test_the_cuda_build_is_made_without_a_driver_only_where_one_is_stated(project, user):
    params = project.folder / "params.yaml"
    params.write_text(params.read_text().replace("device: auto", "device: cuda"))
    create = ("snakemake", "--cores", "1", "--use-conda", "--conda-create-envs-only")
    run = user.run(project.folder, *create)
    assert run.returncode == 1
    said = [line for line in run.stdout.splitlines() if line.startswith("params.yaml: ")]
    assert len(said) == 1, run.stdout
    assert "CONDA_OVERRIDE_CUDA=" in said[0]
    run = user.run(project.folder, "env", "CONDA_OVERRIDE_CUDA=12.9", *create)
    assert run.returncode == 0, run.stdout
    assert "pytorch-gpu" in installed(project)["torch-cuda.yaml"]


def test_pin_files_are_taken_first(finished_by_conda, user):
    project, _ = finished_by_conda
    run = user.run(project.folder, "bash", "envs/pin.sh", "report.yaml")
    assert run.returncode == 0, run.stdout
    pins = project.folder / "envs" / "report.linux-64.pin.txt"
    try:
        run = user.run(
            project.folder, "snakemake", "--cores", "2", "--use-conda", "results/report.html"
        )
        assert run.returncode == 0, run.stdout
        assert "Using pinnings from " in run.stdout
        assert "Failed to install conda environment from pin file" not in run.stdout
    finally:
        pins.unlink()
