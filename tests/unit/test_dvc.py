"""DVC on this machine: where it is, whether it started us, and what it means by what it says."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from groupconv.engines import dvc, recording
from groupconv.ground.errors import StepError
from project import ROOT

# What DVC 3.67.1 writes to stderr.
DISK = """\
ERROR: failed to transfer 'f57c' - [Errno 28] No space left on device: 'a' -> 'b'
ERROR: unexpected error - [Errno 28] No space left on device

Having any troubles? Hit us up at https://dvc.org/support, we are always happy to help!
"""
CONFLICT = """\
'./dvc.lock' is invalid (possible merge conflicts).

While scanning a simple key, in line 652, column 1
  652 <<<<<<< HEAD
"""
LOCKED = "ERROR: failed to commit report - Unable to acquire lock. Most likely another DVC\n"


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (DISK, "[Errno 28] No space left on device"),
        (CONFLICT, "'./dvc.lock' is invalid (possible merge conflicts)."),
        (LOCKED, LOCKED.removeprefix("ERROR: ").strip()),
        ("WARNING: old\n", "dvc commit gave no reason"),
        ("", "dvc commit gave no reason"),
    ],
)
def test_the_cause_is_one_line(said, cause):
    assert recording.reason(said) == cause


@pytest.fixture
def python_alone(tmp_path, monkeypatch):
    """A Python with no dvc beside it, a PATH without one, and no configuration of DVC's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "bin" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("DVC_SYSTEM_CONFIG_DIR", "DVC_GLOBAL_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    dvc.cache_folder.cache_clear()
    yield tmp_path
    dvc.cache_folder.cache_clear()


def program(folder, text="#!/bin/sh\necho /data/cache\n"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "dvc"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_dvc_is_the_one_beside_python_else_the_one_on_path(python_alone):
    assert dvc.command() is None
    on_path = program(python_alone / "bin")
    assert dvc.command() == on_path
    beside = program(python_alone / "venv" / "bin")
    assert dvc.command() == beside


def test_the_cache_is_found_without_the_program_unless_it_is_configured(python_alone):
    assert dvc.cache_folder() == str(python_alone / ".dvc" / "cache")
    dvc.cache_folder.cache_clear()
    (python_alone / ".dvc").mkdir()
    (python_alone / ".dvc" / "config").write_text("[cache]\n    dir = /data/cache\n")
    with pytest.raises(StepError, match="no such program beside Python or on PATH"):
        dvc.cache_folder()
    program(python_alone / "bin")
    assert dvc.cache_folder() == "/data/cache"


def test_another_dvc_is_named_with_its_version_and_this_environments_is_not(python_alone):
    """DVC 2 takes dvc.yaml for invalid: the file is not what is wrong."""
    on_path = program(python_alone / "bin", "#!/bin/sh\necho 2.58.2\n")
    assert dvc.named(on_path) == f"{on_path} 2.58.2: "
    program(python_alone / "bin", "#!/bin/sh\necho it is broken >&2; exit 1\n")
    assert dvc.named(on_path) == f"{on_path}: "
    assert dvc.named(program(python_alone / "venv" / "bin")) == ""


def test_a_dvc_whose_environment_was_moved_is_one_line(python_alone):
    moved = program(python_alone / "bin", "#!/gone/bin/python\n")
    (python_alone / ".dvc").mkdir()
    (python_alone / ".dvc" / "config").write_text("[cache]\n    dir = /data/cache\n")
    with pytest.raises(StepError, match=f"{moved}: cannot be started: No such file or directory"):
        dvc.cache_folder()


@pytest.mark.parametrize(
    ("stage", "root", "ours"),
    [
        ("train@A-0", ".", True),
        ("dvc.yaml:train@A-0", ".", True),
        ("code", ".", True),
        ("paint", ".", False),  # a user's own stage of this repository
        ("train", "..", False),  # a stage of that name in another project's repository
        ("dvc.yaml:train", "../another", False),
        ("dvc.yaml:all", "../another", False),
        (None, None, False),
    ],
)
def test_only_our_own_stage_of_this_repository_counts(tmp_path, monkeypatch, stage, root, ours):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    for name, value in (("DVC_STAGE", stage), ("DVC_ROOT", root and os.path.abspath(root))):
        monkeypatch.delenv(name, raising=False)
        if value:
            monkeypatch.setenv(name, value)
    assert dvc.started_us() is ours


def test_an_experiment_works_in_a_folder_of_its_own(tmp_path, monkeypatch):
    folder = tmp_path / dvc.EXPERIMENTS / "tmp1"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DVC_STAGE", "train@A-0")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert dvc.started_us()
    assert Path.cwd() == folder


def test_a_clone_that_shares_an_environment_gets_the_plots_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "envs").mkdir()
    shutil.copy(ROOT / "envs" / "plots_page.py", tmp_path / "envs")
    assert dvc.plots_page().startswith(".dvc/plots/page.html: FileNotFoundError")
    (tmp_path / ".dvc" / "plots").mkdir(parents=True)
    assert dvc.plots_page() == ""
    assert "{plot_divs}" in dvc.PLOTS_PAGE.read_text(encoding="utf-8")
    assert [path.name for path in dvc.PLOTS_PAGE.parent.iterdir()] == ["page.html"]
