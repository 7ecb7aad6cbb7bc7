"""Time of `snakemake -n` and `dvc status` with nothing to do, against an empty project of each.

python benchmarks/planning.py [--rounds N] [--large | --slurm | --dvc] [--json FILE]

The projects have every file that the workflow makes, with a few bytes each, and a dvc.lock that
says so: what is timed is planning, which looks at files and records alone. --large gives the six
schemes' checkpoints the paper's size, 534 MB each (12 GB of disk, freed at the end). --slurm times
instead the plan of 1,000 trainings of which none is made, and of all made, for a cluster. --dvc
times once what DVC alone takes for 500: to record all of them, one more, and its status.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import asked
import yaml
from copies import copy
from groupconv.data.sources import raw_files
from groupconv.engines import code, jobs
from groupconv.engines.digests import Digests
from groupconv.pages import contents
from groupconv.settings import config, reads

BIN = Path(sys.executable).parent
CHECKPOINT = 534_000_000  # bytes; the paper's


def project(folder: Path, schemes: int, seeds: int, checkpoint: int | None = 100) -> Path:
    """A finished project of so many trainings, without having trained; returns its folder.

    Nothing is made in it where ``checkpoint``, the size of one, is None.
    """
    copy(folder)
    params = config.load(folder / "params.yaml")
    named = {f"S{i}": {"groups": [1, 1, 1, 1, 1]} for i in range(1, schemes)}
    params["schemes"] = {"baseline": {"groups": [1, 1, 1, 1, 1]}, **named}
    params["train"]["seeds"] = list(range(seeds))
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    if checkpoint is None:
        return folder
    here = Path.cwd()
    os.chdir(folder)
    try:
        _finish(params, checkpoint)
    finally:
        os.chdir(here)
    return folder


def _finish(params: dict, checkpoint: int) -> None:
    raw = Path("data/raw", params["data"]["source"])
    files = [raw / file.name for file in raw_files(params["data"])]
    figures = [figure.name for figure in contents.figures(reads.scheme_names(params))]
    files += [Path("results/figures", f"{f}.{kind}") for f in figures for kind in ("svg", "png")]
    every = jobs.jobs(jobs.load(), params)
    code.write()
    whole = {str(path.parent) for path in files} | {jobs.CODE_FOLDER}
    files += [Path(out) for one in every for out in one.outs if out not in whole]
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            file.write(str(path).encode())
            if path.suffix == ".pt":
                file.write(os.urandom(max(0, checkpoint - len(str(path)))))
    digests, entries = Digests(), {}

    def listed(paths):
        return [{"path": p, "hash": "md5", "md5": digests.of(p), **_size(p)} for p in paths]

    for one in every:
        entries[one.name] = {"cmd": one.command}
        if one.deps:
            entries[one.name]["deps"] = listed(one.deps)
        entries[one.name]["params"] = {"params.yaml": one.params}
        entries[one.name]["outs"] = listed(one.outs)
    lock = {"schema": "2.0", "stages": entries}
    dumper = yaml.CSafeDumper
    dumper.ignore_aliases = lambda *_: True
    Path("dvc.lock").write_text(yaml.dump(lock, Dumper=dumper, sort_keys=False))


def _size(path: str) -> dict:
    if not os.path.isdir(path):
        return {"size": os.path.getsize(path)}
    inside = [p for p in Path(path).rglob("*") if p.is_file() and not p.name.startswith(".")]
    return {"size": sum(p.stat().st_size for p in inside), "nfiles": len(inside)}


def seconds(folder: Path, program: str, *arguments: str) -> float:
    """Wall time of one command in ``folder``; it must find nothing to do."""
    began = time.perf_counter()
    run = subprocess.run(
        [BIN / program, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    taken = time.perf_counter() - began
    if run.returncode or not any(
        s in run.stdout + run.stderr for s in ("Nothing to be", "up to date", "no data")
    ):
        sys.exit(f"{program}: not the state that was to be timed:\n{run.stdout}{run.stderr}")
    return taken


def planned_for_slurm(folder: Path) -> tuple[float, float]:
    """Wall time, s, and largest memory, MB, of a dry run for a cluster, which need not be here."""
    began = time.perf_counter()
    run = subprocess.Popen(
        [BIN / "snakemake", "--profile", "slurm", "-n"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode:
        sys.exit("snakemake --profile slurm -n: failed")
    unit = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - began, used.ru_maxrss * unit / 1e6


def slurm(root: Path, rounds: int) -> dict[str, float]:
    """What the plan of 100 schemes and 10 seeds takes, before the first run and after the last."""
    found = {}
    for name, checkpoint in (("first", None), ("last", 100)):
        folder = project(root / name, 100, 10, checkpoint)
        if checkpoint:  # the first look reads every file
            seconds(folder, "snakemake", "--profile", "slurm", "-n")
        times, memory = zip(*(planned_for_slurm(folder) for _ in range(rounds)), strict=True)
        found[f"slurm_{name}_seconds_1000"] = statistics.median(times)
        found[f"slurm_{name}_mb_1000"] = max(memory)
    return found


def dvc(root: Path) -> dict[str, float]:
    """DVC's own seconds for 500 trainings: all recorded at once, one by its name, its status."""
    folder, found = project(root / "500", 100, 5), {}
    commands = {
        "dvc_commit_all_seconds_500": ("commit", "--force", "--quiet"),
        "dvc_commit_one_seconds_500": ("commit", "--force", "--quiet", "train@S1-0"),
        "dvc_status_seconds_500": ("status", "--quiet"),
    }
    for key, command in commands.items():
        began = time.perf_counter()
        subprocess.run([BIN / "dvc", *command], cwd=folder, check=True)
        found[key] = time.perf_counter() - began
    return found


def write(found: dict[str, float], file: Path | None) -> None:
    """Show the figures, and keep them."""
    for key, value in found.items():
        print(f"{key:33} {value:.2f}")
    if file:
        file.write_text(json.dumps(found, indent=2) + "\n")


def empty(folder: Path) -> Path:
    """An empty Snakefile, and an empty DVC project."""
    folder.mkdir()
    (folder / "Snakefile").write_text('rule all:\n    input: "Snakefile"\n')
    for command in (["git", "init", "--quiet"], [BIN / "dvc", "init", "--quiet"]):
        subprocess.run(command, cwd=folder, check=True)
    subprocess.run([BIN / "dvc", "config", "core.analytics", "false"], cwd=folder, check=True)
    return folder


def main() -> None:
    """Read the command line, time, and print."""
    parser = asked.Parser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rounds", type=asked.count, default=5, help="timed pairs; medians are shown"
    )
    parser.add_argument("--large", action="store_true", help="checkpoints of the paper's size")
    parser.add_argument("--slurm", action="store_true", help="1,000 trainings for a cluster")
    parser.add_argument("--dvc", action="store_true", help="DVC alone, with 500 trainings")
    parser.add_json()
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="planning-", dir=os.environ.get("TMPDIR")) as name:
        root = Path(name)
        if arguments.slurm:
            return write(slurm(root, arguments.rounds), arguments.json)
        if arguments.dvc:
            return write(dvc(root), arguments.json)
        size = CHECKPOINT if arguments.large else 100
        nothing = empty(root / "empty")
        grids = {
            6: project(root / "6", 6, 1, size),
            30: project(root / "30", 6, 5),
            500: project(root / "500", 100, 5),
        }
        timed: dict[tuple, list[float]] = {}
        commands = {"snakemake": ("-n",), "dvc": ("status",)}
        for folder in grids.values():  # the first looks at everything, the next ones are measured
            seconds(folder, "snakemake", "-n")
        commit = [BIN / "dvc", "commit", "--force", "--quiet"]  # into the cache
        subprocess.run(commit, cwd=grids[6], check=True)
        checkout = [BIN / "dvc", "checkout", "--relink", "--quiet"]  # new inodes, new times
        subprocess.run(checkout, cwd=grids[6], check=True)
        for program, options in commands.items():  # the first call after a checkout reads all
            seconds(grids[6], program, *options)
        for _ in range(arguments.rounds):
            for program, options in commands.items():
                timed.setdefault((program, 0), []).append(seconds(nothing, program, *options))
                timed.setdefault((program, 6), []).append(seconds(grids[6], program, *options))
            for trainings in (30, 500):
                taken = seconds(grids[trainings], "snakemake", "-n")
                timed.setdefault(("snakemake", trainings), []).append(taken)
    medians = {key: statistics.median(values) for key, values in timed.items()}
    base = medians["snakemake", 0]
    over = {
        program: statistics.median(
            finished - empty
            for finished, empty in zip(timed[program, 6], timed[program, 0], strict=True)
        )
        for program in commands
    }
    above = {n: medians["snakemake", n] - base for n in (30, 500)}
    for (program, trainings), median in medians.items():
        spread = f"{min(timed[program, trainings]):.2f} to {max(timed[program, trainings]):.2f}"
        print(f"{program:10} {trainings or 'empty':>6} trainings  {median:6.2f} s  ({spread})")
    found = {
        "noop_overhead_seconds_small": max(over.values()),
        "noop_overhead_seconds_snakemake": over["snakemake"],
        "noop_overhead_seconds_dvc": over["dvc"],
        "noop_seconds_500": medians["snakemake", 500],
        "growth_exponent": math.log(above[500] / above[30]) / math.log(500 / 30),
    }
    write(found, arguments.json)


if __name__ == "__main__":
    asked.run(main)
