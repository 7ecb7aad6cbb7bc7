"""What a person sees: progress, the table at the end, one clear line where something is wrong."""

import os
import re
import sys
import time

import psutil
import pytest
from groupconv.ground import machine
from project import tiny


def assert_one_clear_line(run, line):
    """The complaint stands alone on its line, without a traceback."""
    assert run.returncode == 1, run.stdout
    assert line in run.stdout.splitlines(), run.stdout
    assert "Traceback" not in run.stdout


def test_a_run_shows_its_steps_its_trainings_and_the_table_last(finished):
    _, screen = finished
    jobs = len(re.findall(": not made yet$", screen, re.M))
    made = re.findall(
        r"^(\w.*): made in \d+ (?:s|min)(?:; (\d+)% of the run, .* left.*)?$", screen, re.M
    )
    assert len(made) == jobs
    percents = [int(percent) for _, percent in made if percent]
    assert percents == sorted(percents)
    assert percents[-1] > 50
    for scheme in ("baseline", "D", "E"):
        for epoch in (1, 2):
            assert re.search(
                rf"^train {scheme} seed 0: epoch {epoch}/2.*images/s.*loss.*left", screen, re.M
            ), screen
    assert not re.search(r"\r|\x1b|Building DAG|Provided|Job stats|\d steps", screen)
    table = screen[screen.rindex(": made in ") :]
    for scheme in ("baseline", "D", "E"):
        assert re.search(rf"^ *{scheme} .*%", table, re.M), table


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "  epochs: 2",
            "  epochs: 2\n  learnig_rate: 0.1",
            "params.yaml: train.learnig_rate = 0.1: unknown key; did you mean train.learning_rate?",
        ),
        (
            "source: sample",
            "source: sampel",
            'params.yaml: data.source = "sampel": must be char-shape, cifar100, folder, k49, '
            "kkanji, kmnist, kuzushiji-recognition or sample; did you mean sample?",
        ),
        (
            "folder: data/folder ",
            "folder: elsewhere ",
            'params.yaml: data.folder = "elsewhere": must be data/folder unless data.source is '
            "folder",
        ),
    ],
)
def test_a_bad_value_is_refused_before_anything_is_made(project, old, new, line):
    project.edit(old, new)
    before = project.files()
    run = project.snakemake("--cores", "2")
    assert_one_clear_line(run, line)
    assert project.files() == before


def test_a_bad_value_from_the_command_line_is_refused(project):
    run = project.snakemake("-n", "--config", "train={epochs: 0}")
    assert run.returncode == 1
    assert_one_clear_line(run, "--config: train.epochs = 0: must be at least 1")


def test_a_value_from_the_command_line_is_the_number_that_it_looks_like(project):
    """Snakemake hands all of it over as text."""
    run = project.snakemake("-n", "--config", "train={epochs: 3, seeds: [0, 1]}")
    assert run.returncode == 0, run.stdout
    assert re.search(r"^train +6$", run.stdout, re.M), run.stdout


def test_more_threads_than_cores_is_refused_and_not_scaled_down(project):
    project.edit(
        "  threads: 1            # CPU threads of one", "  threads: 2  # CPU threads of one"
    )
    before = project.files()
    run = project.snakemake("--cores", "1")
    why = "--cores is 1; allowed: 1, or more --cores"
    if machine.cores() == 1:
        why = "this machine has 1 core; allowed: 1"
    assert_one_clear_line(run, f"params.yaml: train.threads = 2: {why}")
    assert project.files() == before


@pytest.mark.parametrize("name", ["a{b}", "with blank, q'uo\"te $x かな"])
def test_a_path_of_any_name_works_and_one_with_braces_is_refused(tmp_path, wheel, name):
    folder = tmp_path / name
    folder.mkdir()
    run = tiny(folder, wheel).snakemake("--cores", "1", "data/manifest.csv")
    if "{" in name:
        line = f"{folder}: Snakemake and DVC take no braces in a path: rename the folder"
        assert_one_clear_line(run, line)
    else:
        assert run.returncode == 0, run.stdout
        assert (folder / "data" / "manifest.csv").exists()


def test_code_that_is_not_python_is_one_line_under_dvc_too(project):
    project.edit("def run(", "def run(:", "workflow/groupconv/steps/split.py")
    with project.popen(sys.executable, "workflow/fingerprints.py") as stage:
        screen, _ = stage.communicate()
    assert stage.returncode == 1
    file = "workflow/groupconv/steps/split.py"
    assert re.fullmatch(rf"error: {file}: line \d+: not Python: invalid syntax\n", screen)


def last_paragraph(screen):
    return screen.rstrip().split("\n\n")[-1].splitlines()


def test_a_failed_step_ends_with_its_name_its_cause_and_its_log(project):
    wheel = next((project.folder / "data" / "raw" / "sample").iterdir())
    content = bytearray(wheel.read_bytes())
    content[1000] ^= 1
    wheel.write_bytes(content)
    run = project.snakemake("--cores", "2")
    assert run.returncode == 1
    last = last_paragraph(run.stdout)
    assert last[0] == "failed: prepare"
    damaged = re.escape(f"data/raw/sample/{wheel.name}")
    assert re.match(rf"error: {damaged}: sha256 \w+, expected \w+", last[1])
    assert last[2] == "log: logs/prepare.log"
    assert "Traceback" not in run.stdout
    assert not (project.folder / "data" / "images.npy").exists()
    assert not [name for name in project.files() if name.endswith(".part")]


def test_a_folder_that_is_not_there_is_refused(project):
    project.edit("source: sample", "source: folder")
    project.edit("folder: data/folder ", "folder: nowhere ")
    line = "params.yaml: data.folder = nowhere: no such folder"
    assert_one_clear_line(project.snakemake("-n"), line)


@pytest.mark.skipif(os.path.exists("/proc/driver/nvidia/gpus"), reason="hardware: has a GPU")
def test_cuda_without_a_gpu_is_refused_before_anything_is_made(project):
    project.edit("  device: auto          # auto (CUDA", "  device: cuda          # auto (CUDA")
    before = project.files()
    run = project.snakemake("--cores", "2", "results/schemes/E/seed0/checkpoint.pt")
    line = "params.yaml: train.device = cuda: this machine has none; allowed: auto, cpu"
    assert_one_clear_line(run, line)
    assert run.stdout.rstrip().endswith(line)  # not the plan of what will not be made
    assert project.files() == before


def test_a_killed_training_says_so_and_leaves_no_checkpoint(project):
    project.edit("epochs: 2 ", "epochs: 99999 ")
    with project.start("--cores", "2", "results/schemes/E/seed0/checkpoint.pt") as run:
        log = project.folder / "logs" / "train" / "E" / "seed0.log"
        while "epoch 2/" not in (log.read_text() if log.exists() else ""):
            assert run.poll() is None
            time.sleep(0.2)
        training = [
            child
            for child in psutil.Process(run.pid).children(recursive=True)
            if "train" in child.cmdline() and child.name().startswith("python")
        ]
        training[-1].kill()
        screen, _ = run.communicate()
    last = last_paragraph(screen)
    assert last[0] == "failed: train/E/seed0"
    assert "killed" in last[1]
    assert last[2] == "log: logs/train/E/seed0.log"
    assert not list(project.folder.glob("results/**/checkpoint*.pt"))
