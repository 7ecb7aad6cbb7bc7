"""Snakemake alone, a stand-in for conda, a channel: --use-conda as far as it can be run here."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import channel
import pytest
from project import ROOT, tiny

STAND_IN = Path(__file__).with_name("stand_in.py")
CONDA = f'#!/bin/sh\nCONDA_EXE=$0 exec {sys.executable} {STAND_IN} "$@"\n'
# As conda does it: in the place of the active environment, first where none is active.
ACTIVATE = """
if ! [ -d "$1/conda-meta" ]; then
    echo "EnvironmentLocationNotFound: Not a conda environment: $1" >&2
    return 1
fi
if [ -n "${CONDA_SHLVL:-}" ]; then
    PATH=":$PATH:" PATH=${PATH/":$CONDA_PREFIX/bin:"/":$1/bin:"}
else
    PATH=$1/bin:$PATH
fi
export PATH CONDA_PREFIX=$1 CONDA_SHLVL=1
"""


@dataclass
class User:
    """Someone who has conda and Snakemake, in a shell with conda's own environment active."""

    environment: dict[str, str]

    def run(self, folder: Path, *command: str) -> subprocess.CompletedProcess:
        """Run ``command`` in ``folder``; stdout and stderr together, as on a terminal."""
        return subprocess.run(
            command,
            cwd=folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def snakemake_alone(tmp_path_factory):
    """A virtual environment with the pinned Snakemake and what that itself requires."""
    venv = tmp_path_factory.mktemp("alone") / "venv"
    requirements = ROOT / "envs" / "requirements.in"
    (pin,) = [line for line in requirements.read_text().split() if line.startswith("snakemake==")]
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "-q", "--python", sys._base_executable, venv], check=True)
    subprocess.run(
        [uv, "pip", "install", "-q", "-c", ROOT / "envs" / "requirements.txt", pin],
        check=True,
        env={**os.environ, "VIRTUAL_ENV": str(venv)},
    )
    return venv


@pytest.fixture(scope="session")
def user(tmp_path_factory, snakemake_alone):
    """Also has a broken pandas from `pip install --user`, which must not get into a step."""
    folder = tmp_path_factory.mktemp("conda")
    channel.make(folder / "conda-forge")
    bin_ = folder / "base" / "bin"
    bin_.mkdir(parents=True)
    (bin_ / "activate").write_text(ACTIVATE)
    (bin_ / "conda").write_text(CONDA)
    (bin_ / "conda").chmod(0o755)
    own = folder / "user" / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages"
    own.mkdir(parents=True)
    (own / "pandas.py").write_text("raise ImportError('from pip install --user')")
    yield User(
        {
            **os.environ,
            "PATH": os.pathsep.join([f"{snakemake_alone}/bin", str(bin_), os.defpath]),
            "PYTHONUSERBASE": str(folder / "user"),
            "CONDA_PREFIX": str(folder / "base"),
            "CONDA_SHLVL": "1",
            "CONDA_PKGS_DIRS": str(folder / "packages"),
            "CONDA_CHANNEL_ALIAS": f"{folder.as_uri()}/",
        }
    )
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def finished_by_conda(tmp_path_factory, wheel, user):
    """A project after one complete run with --use-conda, and what was on the screen."""
    project = tiny(tmp_path_factory.mktemp("finished_by_conda"), wheel)
    project.edit("  D: {groups: [1, 64, 64, 64, 64]}\n", "")  # two schemes are enough
    (project.folder / "data" / "raw" / "sample" / wheel.name).unlink()  # the download is a step too
    run = user.run(project.folder, "snakemake", "--cores", "2", "--use-conda")
    assert run.returncode == 0, run.stdout
    yield project, run.stdout
    shutil.rmtree(project.folder)
