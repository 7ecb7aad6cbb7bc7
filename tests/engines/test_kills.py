"""kill -9 at any moment, and Ctrl-C: nothing false stays, and the end is that of one quiet run."""

import os
import random
import signal
import threading
import time

import pandas as pd
import psutil
import pytest
from groupconv.engines import stop
from versioned import copied

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

TARGET = "results/schemes/E/seed0/checkpoint.pt"
COMMANDS = {"snakemake": ("--cores", "2", TARGET), "dvc": ("repro", "--single-item", "train@E-0")}
KILLS = 3


def started(project, engine):
    """Start the one training by an engine."""
    start = project.start if engine == "snakemake" else project.start_dvc
    return start(*COMMANDS[engine])


def content(folder):
    """What a training wrote, without its times."""
    folder = folder / "results" / "schemes" / "E" / "seed0"
    history = pd.read_csv(folder / "history.csv").drop(columns=["seconds", "images_per_s"])
    weights = [(folder / name).read_bytes() for name in ("checkpoint.pt", "checkpoint_best_val.pt")]
    return weights, history.to_csv()


def predictions(folder):
    """What follows from the weights."""
    return (folder / "results" / "schemes" / "E" / "seed0" / "predictions.csv").read_bytes()


@pytest.fixture(scope="module")
def longer(made, tmp_path_factory):
    """The made project, with a training of more epochs to come; the other scheme's is made."""
    project = copied(made, tmp_path_factory.mktemp("longer"))
    project.edit("epochs: 2 ", "epochs: 30 ")
    run = project.snakemake("--cores", "2", "results/schemes/baseline/seed0/test.json")
    assert run.returncode == 0, run.stdout
    return project


@pytest.fixture(scope="module")
def quiet(longer, tmp_path_factory):
    """What the training writes that nothing disturbs."""
    project = copied(longer, tmp_path_factory.mktemp("quiet"))
    run = project.snakemake(*COMMANDS["snakemake"])
    assert run.returncode == 0, run.stdout
    assert "resumed" not in run.stdout
    project.make()
    return content(project.folder), predictions(project.folder)


def processes(run, victim):
    """The processes to kill, of those that `run` has started."""
    everyone = [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]
    everyone = [p for p in everyone if p.status() != psutil.STATUS_ZOMBIE]  # nobody's any more
    training = [p for p in everyone if "workflow/step.py" in p.cmdline() and "train" in p.cmdline()]
    if victim == "training":
        return [p for p in training if p.name().startswith("python")]
    inner = [p for p in everyone if "snakemake" in " ".join(p.cmdline()[:2]) and p.pid != run.pid]
    return {"group": everyone, "engine": everyone[:1], "snakemake in dvc": inner}[victim]


@pytest.mark.parametrize(
    ("engine", "victim"),
    [
        ("snakemake", "training"),
        ("snakemake", "engine"),
        ("snakemake", "group"),
        ("dvc", "engine"),
        ("dvc", "snakemake in dvc"),
        ("dvc", "group"),
    ],
)
def test_after_kills_the_training_goes_on_and_ends_with_the_same_bytes(
    longer, quiet, tmp_path, engine, victim
):
    project = copied(longer, tmp_path)
    moments = random.Random(f"{engine} {victim}")
    log = project.folder / "logs" / "train" / "E" / "seed0.log"
    # The orphan of a killed engine trains on to its end, which the next run waits for.
    for kill in range(KILLS if victim in ("training", "group") else 1):
        log.unlink(missing_ok=True)
        with started(project, engine) as run:
            while "train E seed 0: epoch" not in (log.read_text() if log.exists() else ""):
                assert run.poll() is None, (kill, run.stdout.read())
                time.sleep(0.02)
            time.sleep(moments.random())
            for process in processes(run, victim):
                process.kill()
            threading.Thread(target=run.stdout.read, daemon=True).start()
            run.wait(60)
            if victim == "group":
                assert not (project.folder / TARGET).exists()
    with started(project, engine) as run:
        screen, _ = run.communicate(timeout=300)
    assert run.returncode == 0, screen
    assert content(project.folder) == quiet[0]
    if victim in ("training", "group"):
        assert "train E seed 0: resumed after epoch" in screen
    if victim == "engine" and engine == "snakemake":
        assert ".lock: removed; the run that left it was killed" in screen
    project.make(engine)
    project.agree()
    folder = (project.folder / TARGET).parent
    assert not [p.name for p in folder.iterdir() if p.name.startswith(".")]
    assert predictions(project.folder) == quiet[1]


def interrupted_in_training(run):
    """Press Ctrl-C in the second epoch; returns the rest of the screen, and what ran."""
    with run:
        for line in run.stdout:
            if "train E seed 0: epoch 2/" in line:
                break
        mine = psutil.Process(run.pid).children(recursive=True)
        os.killpg(run.pid, signal.SIGINT)
        rest, _ = run.communicate(timeout=60)
    assert run.returncode != 0
    assert "Traceback" not in rest
    return rest, mine


def test_ctrl_c_ends_everything_and_the_next_run_goes_on(longer, quiet, tmp_path):
    project = copied(longer, tmp_path)
    rest, mine = interrupted_in_training(project.start("--cores", "2"))
    assert "CalledProcessError" not in rest
    last = rest.rstrip().split("\n\n")[-1]
    assert last.startswith("interrupted; run it again: train ")
    assert "train E seed 0 goes on after epoch" in last
    assert not psutil.wait_procs(mine, timeout=10)[1]
    screen = project.snakemake("--cores", "2").stdout
    assert "train E seed 0: resumed after epoch" in screen
    assert (content(project.folder), predictions(project.folder)) == quiet
    project.agree()


def test_ctrl_c_under_dvc_says_the_same_above_dvcs_own_line(longer, tmp_path):
    project = copied(longer, tmp_path)
    rest, mine = interrupted_in_training(started(project, "dvc"))
    *_, ours, dvcs = rest.rstrip().splitlines()
    assert ours.startswith("interrupted; run it again: train E seed 0 goes on after epoch ")
    assert dvcs.startswith("ERROR: failed to reproduce 'train@E-0'")
    assert not psutil.wait_procs(mine, timeout=10)[1]


@pytest.mark.parametrize(
    ("moment", "line"),
    [
        ("figures: figures.dpi", stop.BEFORE),
        ("report: made in", stop.AFTER),
    ],
)
def test_ctrl_c_while_no_step_works_is_one_line(made, tmp_path, moment, line):
    project = copied(made, tmp_path)
    project.edit("dpi: 150", "dpi: 100")
    with project.start("--cores", "2") as run:
        for said in run.stdout:
            if moment in said:
                break
        os.killpg(run.pid, signal.SIGINT)
        rest, _ = run.communicate(timeout=60)
    assert run.returncode != 0
    assert "Traceback" not in rest
    # Until the hook after the last job is called, the run is as with a step at work.
    assert {line, stop.LINE} & set(rest.splitlines())
    project.make()
    project.agree()


def test_two_runs_never_train_into_one_folder(longer, quiet, tmp_path):
    """The step itself, typed twice, as its logged command allows."""
    project = copied(longer, tmp_path)
    with project.start(*COMMANDS["snakemake"]) as run:
        while not (training := processes(run, "training")):
            time.sleep(0.02)
        command = training[-1].cmdline()
        with project.popen(command[0], *command[1:]) as second:
            screens = [second.communicate()[0]]
        screens.append(run.communicate()[0])
    assert second.returncode == run.returncode == 0
    assert sum("waiting for process" in screen for screen in screens) == 1
    assert sum("epoch 30/30" in screen for screen in screens) == 1
    assert content(project.folder) == quiet[0]
