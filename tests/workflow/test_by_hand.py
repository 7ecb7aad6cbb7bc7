"""A step by hand: the command that its log begins with, pasted into a shell at the root."""

import json
import os
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from project import SNAKEMAKE

STEPS = "prepare split macs summary claims tables figures report".split()


def typed(folder, line, together=True):
    """Type a line into a shell in ``folder``, in an activated environment and nothing of ours."""
    kept = {name: os.environ[name] for name in ("HOME", "TMPDIR") if name in os.environ}
    path = os.pathsep.join([str(Path(SNAKEMAKE).parent), os.defpath])
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env={**kept, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if together else subprocess.PIPE,
        text=True,
        check=False,
    )


@pytest.fixture
def shell(finished):
    """Types a line in the finished project."""
    return partial(typed, finished[0].folder)


def first_line(project, log):
    return (project.folder / "logs" / log).read_text(encoding="utf-8").splitlines()[0]


def test_every_log_begins_with_the_command_that_made_it(finished):
    project, _ = finished
    logs = sorted((project.folder / "logs").rglob("*.log"))
    assert len(logs) == 11 + 3 * 3  # the raw file was there
    for log in logs:
        step = log.relative_to(project.folder / "logs").parts[0].removesuffix(".log")
        assert first_line(project, log).startswith(f"python workflow/step.py {step} '{{"), log


@pytest.mark.parametrize("log", ["split.log", "macs/E.log", "figures.log"])
def test_pasted_it_makes_the_same_and_shows_its_progress_once(finished, shell, log):
    project, _ = finished
    command = first_line(project, log)
    paths = dict(word.split("=", 1) for word in command.split("' ", 1)[1].split() if "=" in word)
    out = project.folder / next(paths[n] for n in ("manifest", "macs", "folder") if n in paths)
    files = sorted(out.iterdir()) if out.is_dir() else [out]
    if log == "figures.log":
        files = [path for path in files if path.suffix == ".svg"]
    before = [path.read_bytes() for path in files]
    for path in files:
        path.unlink()
    run = shell(command)
    assert run.returncode == 0, run.stdout
    label = Path(log).with_suffix("").as_posix().replace("/", " ")
    assert run.stdout.count(f"{label}: started\n") == 1
    assert [path.read_bytes() for path in files] == before
    assert "Nothing to be done" in project.snakemake("-n").stdout


def test_a_training_shows_its_epochs_and_gives_the_same_weights(finished, tmp_path):
    project, _ = finished  # in a copy: its history has other times
    shutil.copytree(project.folder, tmp_path, symlinks=True, dirs_exist_ok=True)
    checkpoint = tmp_path / "results/schemes/E/seed0/checkpoint.pt"
    before = checkpoint.read_bytes()
    run = typed(tmp_path, first_line(project, "train/E/seed0.log"))
    assert run.returncode == 0, run.stdout
    assert run.stdout.count("train E seed 0: epoch 2/2") == 1
    assert checkpoint.read_bytes() == before


def test_into_another_file_it_leaves_no_record(finished, shell, tmp_path):
    project, _ = finished
    module = "workflow/groupconv/steps/macs.py"
    before = (project.folder / module).read_text(encoding="utf-8")
    (project.folder / module).write_text(f"{before}ANOTHER = 1\n", encoding="utf-8")
    try:
        command = first_line(project, "macs/E.log")
        own = "results/schemes/E/macs.json"
        run = shell(command.replace(f"macs={own}", f"macs={tmp_path / 'macs.json'}"))
        assert "macs E: not at the workflow's own files: no record of it is kept" in run.stdout
        assert (tmp_path / "macs.json").read_bytes() == (project.folder / own).read_bytes()
        assert "macs E: its code changed: steps/macs.py" in project.snakemake("-n").stdout
    finally:
        (project.folder / module).write_text(before, encoding="utf-8")


def test_it_explains_itself(shell):
    run = shell("python workflow/step.py --help")
    assert run.returncode == 0
    assert "python workflow/step.py STEP PARAMS name=path" in run.stdout
    run = shell("python workflow/step.py macs --help")
    assert run.returncode == 0
    assert run.stdout.startswith("python workflow/step.py macs PARAMS macs=PATH\n")
    run = shell("python workflow/step.py")
    assert run.returncode == 1
    assert "STEP is one of the modules in workflow/groupconv/steps" in run.stdout


PART = json.dumps({"split": {"seed": 0, "unit": "image", "division": "published"}})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"spilt '{PART}'", "spilt: no such step; did you mean split?"),
        ("zzz {}", "zzz: no such step; allowed: agreement, claims, download, evaluate, "),
        ("split '{\"split\": '", "split: PARAMS = '{\"split\": ': not JSON: "),
        ("split {}", "split: PARAMS: split: missing; it needs split"),
        ("split", "split: PARAMS = '': not JSON: "),
        (f"split '{PART}'", "split: index=PATH is missing; it needs index, manifest"),
        (f"split '{PART}' indx=a manifest=b", "split: indx=: no such path; did you mean index?"),
        (f"split '{PART}' index= manifest=b", "split: index= has no path"),
        (
            f"split '{PART}' index=a index=b manifest=c",
            "split: index= stands 2 times; it takes one",
        ),
        (f"split '{PART}' data/index.csv", "split: data/index.csv: not name=path"),
        (f"split '{PART}' --cash=x", "--cash: unknown option; allowed: "),
        (
            f"split '{PART}' index=data/none.csv manifest=data/none.out",
            "data/none.csv: No such file or directory",
        ),
    ],
)
def test_what_is_wrong_is_one_line(shell, words, said):
    run = shell(f"python workflow/step.py {words}", together=False)
    assert run.returncode == 1
    last = run.stderr.splitlines()[-1]
    assert last.startswith(f"error: {said}"), run.stderr
    assert "Traceback" not in run.stderr


def test_it_is_this_folders_code_though_python_leaves_the_scripts_folder_out(project):
    words = ("workflow/step.py", "macs", '{"model": 1}')
    with project.popen(sys.executable, *words, PYTHONSAFEPATH="1") as run:
        screen, _ = run.communicate()
    assert screen.splitlines()[-1].startswith("error: macs: PARAMS: ")


def test_another_folder_is_one_line(finished):
    project, _ = finished
    run = typed(project.folder / "data", f"python ../workflow/step.py split '{PART}'")
    assert run.returncode == 1
    said = f"{project.folder / 'data'}: a step runs at the repository's root: cd {project.folder}"
    assert said in run.stdout.splitlines()[-1]


def test_a_dry_run_shows_commands(finished):
    project, _ = finished
    screen = project.snakemake("-n", "-p", "-R", "split").stdout
    shown = [line for line in screen.splitlines() if line.startswith("python workflow/step.py")]
    assert any(line.startswith("python workflow/step.py split '{") for line in shown)
    assert not [
        line
        for line in project.snakemake("-n", "-R", "split").stdout.splitlines()
        if line.startswith("python workflow/step.py")
    ]


@pytest.mark.parametrize(
    ("log", "name", "other"),
    [
        ("square.log", "images", "data/index.csv"),
        ("square.log", "images", "empty"),
        ("evaluate/E/seed0.log", "last", "archive"),
        ("claims.log", "comparisons", "archive"),
        ("evaluate/E/seed0.log", "pixels", "data/manifest.csv"),
        ("evaluate/E/seed0.log", "last", "data/manifest.csv"),
        ("claims.log", "latency", "empty"),
        ("claims.log", "summary", "data/index.csv"),
        ("claims.log", "comparisons", "results/summary.csv"),
        ("tables.log", "claims", "results/latency.json"),
        ("report.log", "agreement", "params.yaml"),
    ],
)
def test_another_file_than_the_step_can_read_is_one_line(finished, shell, log, name, other):
    project, _ = finished
    (project.folder / "empty").touch()
    (project.folder / "archive").write_bytes(b"PK\x03\x04 no archive")
    results = project.folder / "results"
    before = {path: path.read_bytes() for path in results.rglob("*.*") if path.is_file()}
    command, count = re.subn(rf"\b{name}=\S+", f"{name}={other}", first_line(project, log), count=1)
    assert count
    run = shell(command)
    assert run.returncode == 1, run.stdout
    assert "Traceback" not in run.stdout
    assert run.stdout.splitlines()[-1].startswith("error: ")
    assert other in run.stdout.splitlines()[-1]
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("words", ["split --help", "--help", ""])
def test_what_it_explains_may_be_read_by_who_wants_no_more(shell, words):
    run = shell(f"set -o pipefail; for i in 1 2 3; do python workflow/step.py {words} | true; done")
    assert run.stdout == ""
