"""Best against best: the schemes on every back end that runs here, in one interleaved run.

    python benchmarks/latency.py [--threads N] [--rounds N] [--processes N] [--schemes E D ...]
        [--back-ends NAME ...] [--checkpoints DIR] [--runs FILE] [--json FILE]

The paper's full models (VGG13BN, 1,120 classes), one 3x224x224 input. In every round each scheme
has its turn on each back end, in a new random order; the rounds are shared by several processes.
Each takes memory for itself, so --back-ends and --schemes choose (six schemes on all: 38 GB).
DIR is results/schemes of a finished project (this one's, where it has checkpoints), whose data/ is
read, too: how often a back end gives trained networks' test images the class that eager gives them.
Those networks are small; their convolutions are the full model's. Without one, or with less than
99%, a back end below fp32 does not count, and is named. --json writes the machine, its threads,
versions, whether it was loaded, and:

  E.best_ms: median of E's fastest back end that is exact enough
  baseline.best_ms: median of the baseline's fastest of the same precision, exact enough, too
  E.best_reduction_percent: how much less time E takes than the baseline, these two
  E.best_speedup_over_eager: eager E's time over E's best
  E.best_top1_agreement: of E's best with eager, 0 to 1
  E.fp32_best_reduction_percent, E.fp32_best_speedup_over_eager: the same among fp32's back ends
  E.best_back_end, baseline.best_back_end, E.fp32_best_back_end, baseline.fp32_best_back_end
  skipped.NAME: why a back end does not count, for each that does not

Reduction and speed-up are medians of ratios of one round, and geometric means over processes.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

import asked
import pandas as pd
import torch
from groupconv.ground.errors import StepError
from groupconv.ground.provenance import machine as facts
from groupconv.network.agreement import CALIBRATION, IMAGES, agreement
from groupconv.network.apart import in_processes
from groupconv.network.back_ends.prepared import runs_here
from groupconv.network.back_ends.table import BACK_ENDS
from groupconv.network.device import choose_device, set_threads
from groupconv.network.load import is_loaded, load_before
from groupconv.network.restored import check_scheme, parts_of, restored
from groupconv.network.timing import measured
from groupconv.results import back_ends, headline, intervals
from groupconv.settings import reads, resources
from groupconv.steps.latency import COLUMNS, versions_for

ROOT = Path(__file__).parents[1]
# Timed if they are named: with them, three schemes take more than 24 GB.
LEFT_OUT = ("folded_contiguous", "folded_bf16", "compile_bf16")
USUAL = [name for name in BACK_ENDS if name not in LEFT_OUT]
WIDTH = 2 + max(map(len, BACK_ENDS))  # of the table's first column
NOT_ASKED = "not asked for: --back-ends"
FIGURES = (
    "E.best_reduction_percent",
    "E.best_speedup_over_eager",
    "E.best_top1_agreement",
    "E.fp32_best_reduction_percent",
    "E.fp32_best_speedup_over_eager",
    "E.best_ms",
    "baseline.best_ms",
    *(f"{name}.{of}best_back_end" for of in ("", "fp32_") for name in ("E", "baseline")),
)


def settings(arguments: argparse.Namespace) -> tuple[dict, torch.device, dict[str, str]]:
    """What the step latency would read of params.yaml, its device, and the back ends left out."""
    params = asked.params()
    own = reads.params_of(params, "latency")
    wanted = ["baseline", *asked.schemes(arguments.schemes, params)]
    own["schemes"] = {name: of for name, of in own["schemes"].items() if name in wanted}
    device = choose_device(own["latency"]["device"], "latency.device")
    names, skipped = runs_here(arguments.back_ends, device)
    own["latency"] |= {
        "back_ends": names,
        "threads": arguments.threads,
        "rounds": arguments.rounds,
        "processes": arguments.processes,
        "layer_rounds": 0,
    }
    return own, device, skipped


def agreements(
    folder: Path, schemes: dict[str, dict], names: list[str], seed: int, device: torch.device
) -> dict[back_ends.Cell, back_ends.Agreement]:
    """Of each scheme on each back end but eager.

    Raises StepError if a checkpoint is missing, not of its scheme, or of other images than data/
    has.
    """
    data, found = folder.parents[1] / "data", {}
    for scheme, path in checkpoints(folder, schemes, seed).items():
        trained = restored(str(path))
        check_scheme(trained, scheme, schemes[scheme])
        files = (str(data / "manifest.csv"), str(data / "square.npy"))
        test, val = parts_of(trained, *files, "test", "val")
        images = trained.images(test, IMAGES), trained.images(val, CALIBRATION)
        print(f"agreement: {path}, epoch {trained.epoch}, {len(images[0]):,} test images")
        of = agreement(trained, [n for n in names if n != "eager"], *images, device)
        for name, row in of.items():
            found[scheme, name] = back_ends.Agreement(row["agree"], row["images"])
    return found


def checkpoints(folder: Path, schemes: Iterable[str], seed: int) -> dict[str, Path]:
    """{scheme: its file in results/schemes of a run}. Raises StepError if one is missing."""
    paths = {s: folder / s / f"seed{seed}" / "checkpoint.pt" for s in schemes}
    if missing := [path for path in paths.values() if not path.is_file()]:
        raise StepError(f"--checkpoints: {missing[0]}: no such file; name results/schemes of a run")
    return paths


def has_checkpoints(folder: Path, schemes: Iterable[str], seed: int) -> bool:
    """Whether a project has trained every scheme with the seed."""
    try:
        return bool(checkpoints(folder, schemes, seed))
    except StepError:
        return False


def timed(own: dict, device: torch.device) -> tuple[pd.DataFrame, dict, bool]:
    """Every run, each back end's difference from eager, and whether the machine was busy."""
    load = load_before("latency", again=" as now")
    processes = in_processes(measured, own, own["latency"]["processes"], device.index)
    rows = [(i, *row) for i, of in enumerate(processes, start=1) for row in of["rows"]]
    runs = pd.DataFrame(rows, columns=COLUMNS)
    return runs, processes[0]["differences"], is_loaded(load, processes, device.type)


def line(
    runs: pd.DataFrame, scheme: str, name: str, error: float, agreed: back_ends.Agreement | None
) -> str:
    """One row of the table."""
    ms = runs[(runs["scheme"] == scheme) & (runs["variant"] == name)]["latency_ms"]
    p10, middle, p90, p99 = (ms.quantile(q) for q in (0.1, 0.5, 0.9, 0.99))
    text = f"{name:{WIDTH}}{scheme:9}{middle:8.1f}{p10:8.1f}{p90:8.1f}{p99:8.1f}"
    less, low, high = headline.ratio(runs, (scheme, name), ("baseline", name))
    interval = f" [{low - 1:+.1%}, {high - 1:+.1%}]" if low == low else ""  # of several processes
    change = "" if scheme == "baseline" else f"{less - 1:+.1%}{interval}"
    text += f"  {change:26}{error:9.0e}"
    if agreed:
        low, high = intervals.wilson(agreed.agree, agreed.images)
        text += f"  {agreed.share:.1%} [{low:.1%}, {high:.1%}]"
    return text


def main() -> None:
    """Read the command line, time, print, and write flat JSON where one asks for it."""
    parser = asked.Parser(description=__doc__.splitlines()[0])
    parser.add_threads()
    parser.add_argument("--rounds", type=asked.count, default=30, help="of all processes together")
    parser.add_argument("--processes", type=asked.count, default=5)
    parser.add_argument("--schemes", nargs="+", default=["D", "E"], help="beside the baseline")
    parser.add_argument("--back-ends", nargs="+", default=USUAL, choices=list(BACK_ENDS))
    parser.add_argument("--checkpoints", type=Path, metavar="DIR", help="of trained networks")
    parser.add_argument("--seed", type=int, default=0, help="of these")
    parser.add_json("--runs", "write every run here, as CSV")
    parser.add_json()
    arguments = parser.parse_args()
    if "E" not in arguments.schemes or "eager" not in arguments.back_ends:
        parser.error("the figures are of E, against eager: --schemes and --back-ends need both")
    asked.rounds_for(arguments.processes, arguments.rounds)
    own, device, skipped = settings(arguments)
    if arguments.checkpoints:
        checkpoints(arguments.checkpoints, own["schemes"], arguments.seed)
    names = own["latency"]["back_ends"]
    set_threads(arguments.threads, "--threads")
    resources.check_memory(resources.latency_mb(own), "latency", f"--back-ends: {len(names)}")
    print(f"{facts()['cpu']}, {arguments.threads} thread(s), {arguments.rounds} rounds in", end=" ")
    print(f"{arguments.processes} processes")
    for name, reason in skipped.items():
        print(f"{name} is skipped: {reason}")
    skipped |= {name: NOT_ASKED for name in BACK_ENDS if name not in arguments.back_ends}
    schemes = list(own["schemes"])
    agreed, folder = {}, arguments.checkpoints or ROOT / "results" / "schemes"
    if arguments.checkpoints or has_checkpoints(folder, schemes, arguments.seed):
        agreed = agreements(folder.resolve(), own["schemes"], names, arguments.seed, device)
    runs, differences, loaded = timed(own, device)
    if arguments.runs:
        runs.to_csv(arguments.runs, index=False)
    print(f"{'back end':{WIDTH}}{'scheme':9}{'median':>8}{'p10':>8}{'p90':>8}{'p99':>8}  ", end="")
    print(f"{'change, 95% of processes':26}{'error':>9}  agreement")
    for name in names:
        for scheme in schemes:
            print(line(runs, scheme, name, differences[scheme][name], agreed.get((scheme, name))))
    precisions = {name: BACK_ENDS[name].precision for name in names}
    timed_ones = back_ends.BackEnds(precisions, agreed)
    for name in names:
        if why := timed_ones.why_not(name, *schemes):
            skipped[name] = why if agreed else f"no trained networks in {folder}"
            print(f"{name} does not count: {skipped[name]}")
    for name in (name for name, why in skipped.items() if why == NOT_ASKED):
        print(f"{name} was {NOT_ASKED}")
    for scheme in arguments.schemes:
        found = headline.headline(runs, timed_ones, scheme)
        print("\n".join(f"{key:40}{_shown(value)}" for key, value in found.items()))
        if scheme == "E" and arguments.json:
            figures = {key: found[key] if found[key] == found[key] else None for key in FIGURES}
            figures |= {"machine": facts()["cpu"], "threads": arguments.threads, "loaded": loaded}
            figures |= {f"version.{name}": of for name, of in versions_for(names).items()}
            figures |= {f"skipped.{name}": why for name, why in skipped.items()}
            arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    if loaded:
        print("other programs used this machine meanwhile: end them, and run it again")


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


if __name__ == "__main__":
    asked.run(main)
