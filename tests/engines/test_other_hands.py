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


def last_line(screen):
    return screen.rstrip().splitlines()[-1]


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
    assert "dvc.lock: the next run records 15 stages" in clone.snakemake("-n").stdout
    run = clone.snakemake("--cores", "2")
    assert "Nothing to be done" in run.stdout
    assert "dvc.lock: recorded 15 stages" in run.stdout
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


def test_after_a_partial_pull_what_git_has_stays_and_the_error_says_what_to_do(done, tmp_path):
    """`dvc repro --pull --allow-missing`, which pulls no part of a folder of several stages."""
    assert done.dvc("remote", "add", "-d", "there", str(tmp_path / "remote")).returncode == 0
    done.commit()
    assert done.dvc("push").returncode == 0
    clone = Versioned(tmp_path / "clone")
    done.git("clone", "--quiet", str(done.folder), str(clone.folder))
    lenient = ("repro", "--pull", "--allow-missing")
    run = clone.dvc(*lenient)
    assert run.returncode == 0, run.stdout
    assert clone.dvc("pull", CHECKPOINT).returncode == 0
    run = clone.dvc(*lenient)
    assert run.returncode != 0
    assert re.search(r"^agreement: results/.+ is missing: `dvc pull` brings it", run.stdout, re.M)
    assert not clone.git("status", "--porcelain")  # results/summary.csv is still there
    assert clone.dvc("pull").returncode == 0
    clone.edit("dpi: 150", "dpi: 100")
    run = clone.dvc(*lenient)
    assert run.returncode == 0, run.stdout
    assert computed(run.stdout) == {"figures", "report"}
    clone.agree()


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


def test_latency_runs_alone_whatever_the_options(done):
    own = done.folder.with_name(f"{done.folder.name}-own")
    own.mkdir()
    (own / "config.yaml").write_text("rerun-triggers: [mtime]\n")  # and no cap
    caps = ("--resources", "mem_mb=1000000", "gpu=8", "share=100000")
    given = ("--workflow-profile", str(own), *caps, "--")
    done.edit("learning_rate: 0.005", "learning_rate: 0.01")
    done.edit("rounds: 2 ", "rounds: 3 ")
    others = [f"results/schemes/{scheme}/seed0/checkpoint.pt" for scheme in ("E", "baseline")]
    run = done.snakemake("--cores", "4", *given, *others, "results/latency.csv")
    assert run.returncode == 0, run.stdout
    assert {"latency", "train E seed 0", "train baseline seed 0"} <= computed(run.stdout)
    log = max((done.folder / ".snakemake" / "log").iterdir(), key=lambda path: path.stat().st_mtime)
    running = {}
    for line in log.read_text().splitlines():
        if begins := re.match(r"localrule (\w+):", line):
            rule = begins[1]
        elif begins := re.match(r"    jobid: (\d+)", line):
            assert "latency" not in running.values(), line
            assert rule != "latency" or not running, line
            running[begins[1]] = rule
        elif ends := re.match(r"Finished jobid: (\d+)", line):
            del running[ends[1]]
    assert not running


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


def test_snakemakes_own_summary_of_a_clean_project_is_clean(done):
    """Also where a step was asked for, and though the project was moved since."""
    run = done.snakemake("--cores", "2", "-R", "report")
    assert run.returncode == 0, run.stdout
    screen = done.snakemake("--summary").stdout
    rows = [line.split("\t") for line in screen.splitlines() if line.count("\t") == 5]
    assert len(rows) > 40
    assert {tuple(row[-2:]) for row in rows[1:]} == {("ok", "no update")}
    for kind in ("input", "code"):
        assert "results/" not in done.snakemake("--list-changes", kind).stdout


def test_a_dry_run_without_our_profile_and_what_snakemake_refuses(done):
    """Triggers of one's own find no change; a refusal is not followed by a plan."""
    assert "Nothing to be done" in done.snakemake("-n", "--workflow-profile", "none").stdout
    done.edit("dpi: 150", "dpi: 100")
    run = done.snakemake("-n", "-R", "trian")
    assert run.returncode == 1
    assert last_line(run.stdout).startswith("No rule to produce trian")


def test_dvc_shows_a_metric_in_the_first_80_columns(done):
    screen = done.dvc("exp", "show").stdout
    assert any("test_top1" in line[:80] for line in screen.splitlines())


def test_what_is_only_touched_prints_no_table(done):
    run = done.snakemake("--cores", "2", "--touch", "--forceall")
    assert run.returncode == 0, run.stdout
    assert "Results: results/report.html" not in run.stdout
    done.agree()


def test_another_folder_is_refused_and_nothing_is_left_in_it(done, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "params.yaml").write_text((done.folder / "params.yaml").read_text())
    run = done.snakemake("--cores", "2", "--directory", str(other))
    assert run.returncode == 1
    said = f"{other}: this workflow runs at its repository's root: cd {done.folder} first"
    assert last_line(run.stdout) == said
    left = {path.relative_to(other).parts[0] for path in other.rglob("*") if path.is_file()}
    assert left <= {"params.yaml", ".snakemake"}  # Snakemake's own log
    assert not (other / ".snakemake" / "groupconv").exists()


CONFLICTS = {  # a line of each file that a merge may leave in conflict
    "dvc.yaml": "stages:\n",
    "dvc.lock": "  report:\n",
    "params.yaml": "train:",
    "workflow/schemas/params.schema.yaml": "properties:\n",
    "workflow/paper/claims.yaml": "claims:",
    "workflow/paper/ambiguities.yaml": "- ",
}


@pytest.mark.parametrize("file", CONFLICTS)
def test_a_conflict_is_one_line_and_nothing_is_lost(done, file):
    path, line = done.folder / file, CONFLICTS[file]
    text = path.read_text()
    path.write_text(re.sub(f"^{line}", f"<<<<<<< HEAD\n{line}", text, count=1, flags=re.M))
    assert path.read_text() != text
    before = done.files()
    run = done.snakemake("--cores", "2")
    assert run.returncode == 1
    assert "Traceback" not in run.stdout
    assert re.fullmatch(
        rf"(/.*/)?{file}: line \d+: `<<<<<<< HEAD`: git left a conflict: .*", last_line(run.stdout)
    )
    path.write_text(text)
    assert done.files() == before
    done.agree()


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
