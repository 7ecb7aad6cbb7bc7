"""Train what the study does not have yet, a stage after another, its trainings side by side.

    python -m study.train [--mirror FOLDER] [--measure]

A clone of this repository runs the workflow (--folder), so that you can go on with your work here.
Each training that ends leaves its text results in study/results/, committed at once. Stop it as you
like, and type it again: an interrupted training goes on after its last epoch. The clone trains by
the same code as what there is. In the background:

    nohup nice python -m study.train --mirror FOLDER > study.log 2>&1 &

After the last training it times the paper's full models; --measure does that alone, at any time.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import torch
from groupconv.ground import atomic, interrupted
from groupconv.ground.errors import StepError
from groupconv.ground.progress import say
from groupconv.ground.provenance import machine
from groupconv.settings import reads

from study import plan as plans
from study import results, rule
from study.plan import ROOT, Plan, Training

CODE = """
import json, sys
from groupconv.ground import fingerprint
print(json.dumps({step: fingerprint.digest(step)[:16] for step in sys.argv[1:]}))
"""
LOOK_S = 2.0  # between two looks at what has ended
STEPS = ("prepare", "split", "square")
OF_CHECKPOINT = ("params", "versions", "manifest_sha256", "pixels_sha256", "normalization")


def main(arguments: list[str]) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT.parent / "study-run")
    parser.add_argument("--mirror", help="a folder or an address that has the raw files")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--stages", type=Path, default=plans.STAGES, help="another stages.yaml")
    parser.add_argument("--config", type=Path, default=plans.CONFIG, help="another configuration")
    parser.add_argument("--results", type=Path, default=results.RESULTS, help="another folder")
    parser.add_argument("--measure", action="store_true", help="only MACs, latency, steps' time")
    parser.add_argument("--no-commit", action="store_true", help="leave the results uncommitted")
    given = parser.parse_args(arguments)
    if given.cores < 1:
        parser.error(f"--cores {given.cores}: must be at least 1")
    for option in ("folder", "results"):
        if (path := getattr(given, option)).exists() and not path.is_dir():
            parser.error(
                f"--{option} {path}: a file; it must be a folder, or what is not there yet"
            )
    interrupted.hold()
    try:
        plan = plans.load(given.stages, given.config)
        results.check(plan, given.results)
        clone(given.folder, plan, given.results)
        missing = [one for one in plan.trainings if not is_there(one, given)]
        wanted = [] if given.measure else missing
        for _, of_stage in groupby(wanted, key=lambda one: (one.stage, one.seed)):
            trainings = list(of_stage)
            if trainings[0].seed is not None:
                rule.check(plan, trainings[0].stage, given.results)
            # Beside it may run another, with a --folder of its own.
            left = [
                one for one in trainings if not (is_there(one, given) or taken(one, plan, given))
            ]
            if left:
                train(left, plan, given)
        measure(plan, given)
    except StepError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(interrupted.LINE, file=sys.stderr)
        return interrupted.STATUS
    return 0


def is_there(one: Training, given: argparse.Namespace) -> bool:
    """Whether the study has its results."""
    return results.place(given.results, one).exists()


def clone(folder: Path, plan: Plan, kept: Path) -> None:
    """Make the clone: of this commit or, if that trains otherwise, of the results' commit.

    Raises StepError where a clone that is there trains otherwise.
    """
    found = [results.made_with(one, kept) for one in results.there(plan, kept)]
    if folder.exists() and not (folder / "workflow" / "groupconv").is_dir():
        raise StepError(
            f"--folder {folder}: no clone of this repository; name one, or a new folder"
        )
    if not folder.exists():
        git(ROOT, "clone", "-q", str(ROOT), str(folder))
        git(folder, "checkout", "-q", "--detach", "HEAD")
        if other_step(folder, found):
            git(folder, "checkout", "-q", "--detach", found[-1]["commit"])
    if step := other_step(folder, found):
        raise StepError(
            f"{folder}: its code of the step {step} is not that of the results in {kept}; git -C "
            f"{folder} checkout {found[-1]['commit'][:10]}, or train all of them again"
        )


def other_step(folder: Path, found: list[dict]) -> str | None:
    """A deciding step whose code in the clone is not that of a result; None where all agree."""
    made = {
        step: of["code"][step] for of in found for step in results.DECIDING if step in of["code"]
    }
    now = code(folder, tuple(made))
    return next((step for step in made if made[step] != now[step]), None)


def train(trainings: list[Training], plan: Plan, given: argparse.Namespace) -> None:
    """Make these trainings of one stage with the workflow. Raises StepError.

    Each one's text results are kept as it ends, while others go on.
    """
    left, began, params = list(trainings), time.time_ns(), plan.stages[trainings[0].stage]

    def keep_ended():
        for one in left.copy():
            target = given.folder / one.target
            # A grid's table grows; test.json is the last file of its training.
            if one.seed is not None and target.exists() and target.stat().st_mtime_ns > began:
                left.remove(one)
                keep(one, plan, given)

    names = ", ".join(one.name for one in trainings)
    say(f"study: {names}; {len(plan.trainings) - len(results.there(plan, given.results))} to go")
    targets = [one.target for one in trainings]
    snakemake(given, params, "--keep-going", *targets, meanwhile=keep_ended)
    for one in left:  # with those of an earlier run, which ended before they were kept
        keep(one, plan, given)


def taken(one: Training, plan: Plan, given: argparse.Namespace) -> bool:
    """Take the results of another stage, where those are of this very training; True if so."""
    other = results.same(plan, one, given.results)
    if other is None:
        return False
    say(f"study: {one.name}: the same training as {other.name}")
    last = results.place(given.results, other)
    left_out = shutil.ignore_patterns(last.name)
    folder = given.results / one.name
    shutil.copytree(last.parent, folder, ignore=left_out, dirs_exist_ok=True)
    shutil.copy(last, folder)  # where it is, the training is there
    commit(given, f"Study: {one.name.replace('/', ', ').replace('-', ' ')}, as {other.stage}")
    return True


def keep(one: Training, plan: Plan, given: argparse.Namespace) -> None:
    """Copy the text results of a training from the clone, and commit them."""
    run = given.folder
    made = {"commit": git(run, "rev-parse", "HEAD")}
    if one.seed is None:
        made |= {"params": plan.of_scheme(one), "machine": machine()}
        made["code"] = code(run, (*STEPS, "grid"))
    else:
        saved = torch.load(run / one.folder / "checkpoint.pt", weights_only=True, mmap=True)
        made |= {key: saved[key] for key in OF_CHECKPOINT}
        made["code"] = code(run, (*STEPS, "train", "evaluate"))
    results.pack(run, one, given.results, made)
    commit(given, f"Study: {one.name.replace('/', ', ').replace('-', ' ')}")


def measure(plan: Plan, given: argparse.Namespace) -> None:
    """MACs, latency and the time of a training step, once: best where nothing runs beside it."""
    there = given.results / "measured"
    if there.exists():
        if given.measure:
            say(f"study: {there} is there; remove it, and all of it is measured again")
        return
    params = next(iter(plan.stages.values()))
    schemes = reads.scheme_names(params)
    macs = [f"results/schemes/{scheme}/macs.json" for scheme in schemes]
    snakemake(given, params, *macs, "results/latency.json", "results/training_speed.json")
    results.pack_measured(given.folder, schemes, given.results)
    commit(given, "Study: MACs, latency and the time of a training step")


def snakemake(
    given: argparse.Namespace,
    params: dict,
    *arguments: str,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Run Snakemake in the clone, ``meanwhile`` at times. Raises StepError if it fails."""
    params = {**params, "download": {"mirror": given.mirror}}
    atomic.write_text(given.folder / "params.yaml", plans.written(params))
    program = Path(sys.executable).with_name("snakemake")
    command = [program, "--cores", str(given.cores), *arguments]
    with subprocess.Popen(command, cwd=given.folder) as run:
        try:
            while run.poll() is None:
                time.sleep(LOOK_S)
                meanwhile()
        except KeyboardInterrupt:  # SIGTERM came to this process alone
            run.terminate()
            raise
    if run.returncode:
        raise StepError(f"{given.folder}: snakemake {' '.join(arguments)} failed, as said above")


def code(folder: Path, steps: tuple[str, ...]) -> dict[str, str]:
    """{step: the meaning of its code}, in the clone."""
    own = {**os.environ, "PYTHONPATH": str(folder / "workflow")}
    run = subprocess.run(
        [sys.executable, "-c", CODE, *steps], env=own, check=True, capture_output=True, text=True
    )
    return json.loads(run.stdout)


def commit(given: argparse.Namespace, subject: str) -> None:
    """Commit the results, and nothing else; where git cannot now, the next one takes them."""
    if given.no_commit:
        return
    paths = ("--", str(given.results))
    try:
        git(ROOT, "add", *paths)
        git(ROOT, "commit", "-q", "-m", subject, *paths)
    except StepError as error:
        say(f"study: not committed: {error}")


def git(folder: Path, *arguments: str) -> str:
    """Run git; returns what it prints. Raises StepError."""
    run = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
    )
    if run.returncode:
        said = (run.stderr or run.stdout).strip().splitlines() or ["failed"]
        raise StepError(f"git {arguments[0]}: {said[-1]}")
    return run.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
