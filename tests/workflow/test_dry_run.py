"""A dry run writes nothing that git tracks, nor folders, nor times; a date ahead does no harm."""

import datetime
import json
import os
import shutil
import subprocess
import sys

import pytest
from project import SNAKEMAKE

AHEAD = datetime.datetime(2031, 1, 1).timestamp()


def state(project):
    """Every path outside of Snakemake's own folder, with its time and mode."""
    return {
        str(path.relative_to(project.folder)): (path.lstat().st_mtime_ns, path.lstat().st_mode)
        for path in [project.folder, *project.folder.rglob("*")]
        if not {".snakemake", "__pycache__", ".git"} & set(path.parts) and path != project.folder
    }


@pytest.mark.parametrize("arguments", [("-n",), ("-n", "-p"), ("--lint",), ("--summary",)])
def test_nothing_is_written_though_dvc_yaml_is_behind(project, arguments):
    command = '"python workflow/step.py split'
    project.edit(command, f'"true && {command[1:]}', "workflow/rules/data.smk")
    compiled = [sys.executable, "-m", "compileall", "-qq", "workflow"]  # as set-up does
    subprocess.run(compiled, cwd=project.folder, check=True)
    before = state(project)
    run = project.snakemake(*arguments)
    assert run.returncode == 0, run.stdout
    assert state(project) == before
    if arguments == ("-n",):
        said = (
            "dvc.yaml: behind the rules; any run, or `snakemake --cores 1 pipeline`, brings it up"
        )
        assert said in run.stdout.splitlines()
        mended = project.snakemake("--cores", "1", "pipeline")
        assert "dvc.yaml: brought up to the rules" in mended.stdout
        assert "behind the rules" not in project.snakemake("-n").stdout
        assert not (project.folder / "results").exists()


def test_a_lock_that_a_killed_run_left_is_restored_by_a_run_alone(project):
    """A dry run reads the copy that lies beside it."""
    lock, kept = (project.folder / p for p in ("dvc.lock", ".snakemake/groupconv/dvc.lock.before"))
    kept.parent.mkdir(parents=True)
    kept.write_text("schema: '2.0'\nstages: {}\n")
    lock.write_text("schema: '2.0'\nstages: {")  # half of it: not to be read
    before = lock.read_bytes(), kept.read_bytes()
    run = project.snakemake("-n", "data/manifest.csv")
    assert run.returncode == 0, run.stdout
    said = "dvc.lock: a run was killed while it recorded; the next run restores it"
    assert run.stdout.splitlines().count(said) == 1
    assert (lock.read_bytes(), kept.read_bytes()) == before
    mended = project.snakemake("--cores", "1", "pipeline").stdout
    assert "dvc.lock: restored; the last run was killed while it recorded" in mended
    assert lock.read_text() == "schema: '2.0'\nstages: {}\n"
    assert said not in project.snakemake("-n", "data/manifest.csv").stdout


def test_what_is_dated_in_the_future_fails_no_step(project):
    """A module, a config file, a raw file, and a folder of one's own that may not be written."""
    for name in (
        "workflow/groupconv/steps/split.py",
        "workflow/groupconv/ground/atomic.py",
        "workflow/paper/claims.yaml",
        "params.yaml",
        "workflow/rules/data.smk",
    ):
        os.utime(project.folder / name, (AHEAD, AHEAD))
    (raw,) = (project.folder / "data" / "raw" / "sample").iterdir()
    os.utime(raw, (AHEAD, AHEAD))
    run = project.snakemake("--cores", "2", "data/manifest.csv")
    assert run.returncode == 0, run.stdout
    assert "Nothing to be done" in project.snakemake("-n", "data/manifest.csv").stdout
    assert project.snakemake("--cores", "2", "-f", "data/manifest.csv").returncode == 0
    dated = os.stat(project.folder / "workflow/groupconv/steps/split.py").st_mtime
    assert dated == AHEAD


def test_a_folder_of_ones_own_that_is_dated_in_the_future_stays_as_it_is(project, pictures):
    name = "my {pics} <of> $x 'q' ü"  # a path is data, never a pattern
    folder = pictures(project.folder / name, a=4, b=4)
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (AHEAD, AHEAD))
        path.chmod(0o555 if path.is_dir() else 0o444)
    project.edit("source: sample", "source: folder")
    project.edit("folder: data/folder", f"folder: {json.dumps(name)}")
    project.edit("min_images: 60", "min_images: 3")
    project.edit("classes: 3 ", "classes: null ")
    run = project.snakemake("--cores", "2", "data/manifest.csv")
    assert run.returncode == 0, run.stdout
    assert "Nothing to be done" in project.snakemake("-n", "data/manifest.csv").stdout
    assert {path.stat().st_mtime for path in [*folder.rglob("*"), folder]} == {AHEAD}
    for path in folder.rglob("*"):
        path.chmod(0o755)
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_what_is_asked_for_stands_alone_on_stdout(project):
    """A plan in a file is whole; a graph goes through a pipe."""

    def split(*arguments):
        run = subprocess.run(
            [SNAKEMAKE, *arguments], cwd=project.folder, capture_output=True, text=True, check=True
        )
        return run.stdout, run.stderr.splitlines()

    plan, beside = split("-n", "data/manifest.csv")
    assert {"Job stats:", "prepare: not made yet"} <= set(plan.splitlines())
    assert len(beside) == 1  # which profile is used
    graph, beside = split("data/manifest.csv", "--dag")
    assert graph.startswith("digraph") and graph.rstrip().endswith("}")  # noqa: PT018
    assert "prepare: not made yet" in beside


def test_the_plan_names_no_step_that_is_left_out(project):
    """Snakemake asks about all of them first, and then leaves out what --until says."""
    screen = project.snakemake("-n", "--until", "prepare").stdout
    assert "\nprepare: not made yet\n" in screen
    assert "\nsplit: " not in screen
    assert "\nreport: " not in screen
