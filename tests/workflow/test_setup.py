"""envs/setup.sh refuses in one line; what it makes works without activation."""

import os
import shutil
import subprocess
import sys

from project import ROOT, copy_of_checkout


def set_up(folder, python, **environment):
    run = subprocess.run(
        ["bash", "envs/setup.sh"],
        cwd=copy_of_checkout(folder),
        env={**os.environ, "PYTHON": str(python), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert not (folder / ".venv").exists()
    return run.stderr.strip()


def test_python_without_ensurepip_names_debians_package(tmp_path):
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "ensurepip.py").write_text("raise ImportError")
    path = str(tmp_path / "without")
    said = set_up(tmp_path / "copy", sys.executable, PYTHONPATH=path)
    version = "{}.{}".format(*sys.version_info)
    assert said == (
        f"setup: {sys.executable} has no venv or ensurepip: apt-get install python{version}-venv"
    )


def test_another_word_for_the_back_ends_is_refused(tmp_path):
    said = set_up(tmp_path / "copy", sys.executable, BACKENDS="yes")
    assert said == "setup: BACKENDS=yes: allowed: 1"


def test_an_old_python_is_refused_by_version(tmp_path):
    python = tmp_path / "python"
    # Answers as Python 3.10 would: its version, then that it is too old.
    python.write_text('#!/bin/sh\ncase "$2" in *version_info\\[*) echo 3.10;; *) exit 1;; esac\n')
    python.chmod(0o755)
    said = set_up(tmp_path / "copy", python)
    assert "is Python 3.10; allowed: 3.11 or newer (PYTHON=... chooses another)" in said


def test_a_build_of_torch_that_does_not_exist_is_said(tmp_path):
    said = set_up(tmp_path / "copy", sys.executable, TORCH="cuda")
    assert said == (
        "setup: TORCH=cuda: no build of torch; allowed: auto, cpu, or CUDA's version as in cu126"
    )


def test_no_python_at_all_is_said(tmp_path):
    assert "not found: install Python 3.11" in set_up(tmp_path / "copy", tmp_path / "none")


def test_a_program_of_the_environment_finds_its_neighbours_without_activation(tmp_path):
    """`.venv/bin/dvc repro` starts `snakemake`."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path], check=True)
    (packages,) = tmp_path.glob("lib/python*/site-packages")
    shutil.copy(ROOT / "envs" / "on_path.pth", packages)
    found = "subprocess.getoutput('command -v python')"
    asked = f"import os, subprocess; print(os.getenv('PATH'), {found})"
    for before in ("/usr/bin:/bin", f"/usr/bin:{tmp_path}/bin"):
        said = subprocess.run(
            [tmp_path / "bin" / "python", "-c", asked],
            env={"PATH": before},
            capture_output=True,
            text=True,
            check=True,
        )
        path, found = said.stdout.split()
        assert path == f"{tmp_path}/bin:{before.replace(f':{tmp_path}/bin', '')}"
        assert found == f"{tmp_path}/bin/python"
