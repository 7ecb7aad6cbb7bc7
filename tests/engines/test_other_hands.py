"""The two engines in other people's hands: options, profiles, clones, caches of their own."""

import os
import re
import subprocess
import time

import pytest
from versioned import Versioned, computed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

CHECKPOINT = "results/schemes/E/seed0/checkpoint.pt"
STATES = "results/schemes/E/seed0/.resume-*.pt"
AHEAD = 2_000_000_000  # s: 2033


def states(project):
    return sorted(project.folder.glob(STATES))


def until(run, text):
    """Read the screen to the line that has ``text``."""
    for line in run.stdout:
        if text in line:
            return
    pytest.fail(f"{text} was never said")


# What dvc.lock knows is not for that in DVC's cache.


def test_what_the_cache_lacks_the_next_run_brings_and_nothing_is_lost(done, tmp_path):
    clone = Versioned(tmp_path / "clone")
    done.git("clone", "--quiet", str(done.folder), str(clone.folder))
    for path in ("data", "results"):  # the files, by another way than DVC
        subprocess.run(["cp", "-a", done.folder / path, clone.folder], check=True)
    assert "12 stages wait for a run to record them" in clone.snakemake("-n").stdout
    run = clone.snakemake("--cores", "2")
    assert "Nothing to be done" in run.stdout
    assert "dvc.lock: recorded 12 stages" in run.stdout
    clone.agree()
    assert clone.dvc("remote", "add", "-d", "--local", "there", str(tmp_path / "r")).returncode == 0
    pushed = clone.dvc("push")
    assert pushed.returncode == 0, pushed.stdout
    before = clone.files()
    first = clone.git("rev-list", "--max-parents=0", "HEAD").strip()
    branch = clone.git("branch", "--show-current").strip()
    clone.git("checkout", "--quiet", first)
    clone.dvc("checkout", "--force")
    assert not (clone.folder / CHECKPOINT).exists()
    clone.git("checkout", "--quiet", branch)
    assert clone.dvc("checkout", "--force").returncode == 0
    assert {path for path in before if path.startswith(("data/", "results/"))} <= clone.files()
    clone.agree()


def test_what_gc_took_out_of_the_cache_comes_back_with_the_same_bytes(done):
    done.edit("dpi: 150", "dpi: 100")
    done.make()
    done.commit()
    assert done.dvc("gc", "--workspace", "--force").returncode == 0
    done.git("checkout", "--quiet", "HEAD~1")
    assert done.make() == {"figures", "report"}
    done.agree()


# A run, and whatever else is typed meanwhile.


def test_plans_and_a_second_run_beside_a_run_cost_it_nothing(done):
    done.edit("epochs: 2 ", "epochs: 40 ")
    with done.start("--cores", "2", CHECKPOINT) as run:
        until(run, "epoch 1/")
        assert "train E seed 0" in done.wanted()
        assert done.snakemake("--summary").returncode == 0
        second = done.snakemake("--cores", "2")
        screen, _ = run.communicate()
    assert second.returncode == 1
    assert run.returncode == 0, screen
    assert not list(done.folder.glob(".snakemake/groupconv/changed-*"))
    assert states(done) == []


# Dates in the future.


def test_a_training_that_snakemake_refuses_goes_on_from_its_last_epoch(done):
    """An input that is dated ahead while the step works, as by another machine's clock."""
    manifest = done.folder / "data" / "manifest.csv"
    done.edit("epochs: 2 ", "epochs: 20 ")
    with done.start("--cores", "2", CHECKPOINT) as run:
        until(run, "epoch 1/")
        os.utime(manifest, (AHEAD, AHEAD))
        screen, _ = run.communicate()
    assert run.returncode == 1
    assert "has older modification time" in screen
    assert not (done.folder / CHECKPOINT).exists()
    assert len(states(done)) == 2
    run = done.snakemake("--cores", "2", CHECKPOINT)
    assert run.returncode == 0, run.stdout
    assert "train E seed 0: resumed after epoch 19/20" in run.stdout
    assert states(done) == []
    assert os.stat(manifest).st_mtime < time.time()


def test_dates_ahead_fail_nothing_under_dvc_and_states_go_when_it_has_the_results(done):
    done.edit("epochs: 2 ", "epochs: 3 ")
    overtaken = done.folder / CHECKPOINT
    overtaken = overtaken.with_name(".resume-0123456789abcdef-000001-0123456789abcdef.pt")
    overtaken.write_bytes(b"of another learning rate")
    for name in ("data/manifest.csv", "data/images.npy", "workflow/groupconv/steps/train.py"):
        os.utime(done.folder / name, (AHEAD, AHEAD))
    run = done.dvc("repro", "--single-item", "train@E-0")
    assert run.returncode == 0, run.stdout
    assert len(states(done)) == 3  # DVC has recorded nothing when the step ends
    run = done.dvc("repro", "--single-item", "evaluate@E-0")
    assert run.returncode == 0, run.stdout
    assert states(done) == []


# Options and profiles of one's own.


@pytest.mark.parametrize("options", ["mem_mb", "profile"])
def test_latency_runs_alone_whatever_the_options(done, options, tmp_path):
    own = done.folder.with_name(f"{done.folder.name}-own")
    own.mkdir()
    (own / "config.yaml").write_text("rerun-triggers: [mtime]\nresources:\n  gpu: 8\n")
    given = {
        "mem_mb": ("--resources", "mem_mb=1000000", "gpu=8", "share=100000", "--"),
        "profile": ("--workflow-profile", str(own), "--"),
    }[options]
    done.edit("learning_rate: 0.005", "learning_rate: 0.01")
    done.edit("rounds: 2 ", "rounds: 3 ")
    others = [f"results/schemes/{scheme}/seed0/checkpoint.pt" for scheme in ("E", "baseline")]
    run = done.snakemake("--cores", "4", *given, *others, "results/latency.csv")
    assert run.returncode == 0, run.stdout
    assert {"latency", "train E seed 0", "train baseline seed 0"} <= computed(run.stdout)
    running = set()
    for line in run.stdout.splitlines():
        if begins := re.match(r"(\w+)(?: (\w+) seed 0)?: started$", line):
            assert "latency" not in running, line
            assert begins[1] != "latency" or not running, line
            running.add(begins[1])
        elif ends := re.search(r"Finished jobid: \d+ \(Rule: (\w+)\)", line):
            running.discard(ends[1])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--set-resources", "latency:share=1"), "--set-resources, --set-resource-scopes: share: "),
        (("--set-resource-scopes", "share=global"), "--set-resources, --set-resource-scopes: "),
        (("--no-hooks",), "--no-hooks: without them nothing is recorded"),
    ],
)
def test_an_option_that_would_do_harm_is_refused_in_one_line(done, options, said):
    run = done.snakemake("--cores", "2", "-R", "report", *options)
    assert run.returncode == 1
    assert run.stdout.splitlines()[-1].startswith(said)
    assert "report: started" not in run.stdout
    assert "Traceback" not in run.stdout


def test_inside_another_projects_stage_it_works_as_ever(done, tmp_path):
    other = Versioned(tmp_path / "other")
    other.folder.mkdir()
    other.git("init", "--quiet")
    assert other.dvc("init", "--quiet").returncode == 0
    command = f"cd {done.folder} && snakemake --cores 2"
    assert other.dvc("stage", "add", "--quiet", "--name", "train", command).returncode == 0
    done.edit("dpi: 150", "dpi: 100")
    run = other.dvc("repro")
    assert run.returncode == 0, run.stdout
    assert computed(run.stdout) == {"figures", "report"}
    assert "dvc.lock: recorded 2 stages" in run.stdout
    done.agree()


# Why nothing was recorded.


def last_line(screen):
    return screen.rstrip().splitlines()[-1]


def test_a_conflict_in_dvc_lock_is_the_last_line(done):
    done.edit("dpi: 150", "dpi: 100")
    lock = done.folder / "dvc.lock"
    text = lock.read_text()
    lock.write_text(text.replace("  report:\n", "<<<<<<< HEAD\n  report:\n"))
    run = done.snakemake("--cores", "2")
    assert run.returncode == 0, run.stdout
    assert last_line(run.stdout) == (
        "dvc.lock: nothing recorded: './dvc.lock' is invalid (possible merge conflicts)."
    )
    lock.write_text(text)
    assert "dvc.lock: recorded 2 stages" in done.snakemake("--cores", "2").stdout
    done.agree()


@pytest.mark.skipif(os.geteuid() != 0, reason="hardware: needs root, to mount a small disk")
def test_a_full_cache_disk_is_the_last_line(done, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], check=True)
    try:
        assert done.dvc("cache", "dir", "--local", str(disk)).returncode == 0
        done.edit("dpi: 150", "dpi: 100")
        run = done.snakemake("--cores", "2")
        assert run.returncode == 0, run.stdout
        assert last_line(run.stdout).startswith("dvc.lock: nothing recorded: [Errno 28] No space")
    finally:
        subprocess.run(["umount", disk], check=True)
