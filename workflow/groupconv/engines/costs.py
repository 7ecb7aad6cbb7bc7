"""Guesses how long each job will take, which weighs the progress of a run.

A guess from the closed forms, in seconds of docs/benchmarks.md's machine; workload.py corrects it
by what the run's own jobs take.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from groupconv.data.sources import raw_files
from groupconv.engines.foresight import CACHED
from groupconv.network import architecture
from groupconv.settings import reads, resources

START_S = 4.0  # Python with its packages
MACS_PER_S = 25e9  # of one training or network at work, one thread
SQUARE_S = 0.0005  # one image
BYTES_PER_S = 10e6  # of a download
UNKNOWN_BYTES = 30e6
PASSES = 3 * 16 / 25 + 4 / 25  # of one epoch, per image: forward and back, and the val part's
NETWORKS = ("train", "evaluate", "grid")  # steps that show a network of a scheme every image
MANIFEST = Path("data/manifest.csv")


@dataclass(frozen=True)
class Planned:
    """A job before it begins: ``share`` of the machine that it takes, 0 to 1."""

    step: str
    label: str
    seconds: float = START_S
    of_image_s: float = 0.0  # for each image that the data have
    share: float = 1.0
    cached: bool = False  # comes out of DVC's cache
    rounds: int = 0  # that it counts as it goes on


def images() -> int:
    """The number of images in the data; 0 while nobody knows it."""
    try:
        with MANIFEST.open("rb") as file:
            return max(sum(1 for _ in file) - 1, 0)
    except OSError:
        return 0


def planned(step: str, label: str, params: dict, cores: int, scheme: str = "") -> Planned:
    """A job of ``step``, of ``scheme`` if it is one's, on a machine of so many ``cores``."""
    if step in NETWORKS:
        macs = resources.trained_counts(params["model"], params["schemes"][scheme]).macs
        once = macs / MACS_PER_S * _passes(step, params)
        return Planned(step, label, START_S, once, _share(params, scheme, cores))
    if step == "square":
        return Planned(step, label, START_S, SQUARE_S, 1 / cores)
    if step == "latency":
        of = params["latency"]
        rounds = of["rounds"] + of["processes"] * of["warmup_runs"]
        runs = len(of["back_ends"]) * rounds + 2 * of["layer_rounds"]  # on two back ends
        seconds = START_S * of["processes"] + runs * _full_s(params)
        return Planned(step, label, seconds, rounds=of["rounds"])
    if step == "training_speed" and (steps := params["training_speed"]["steps"]):
        of_step = 3 * resources.PAPERS_BATCH * _full_s(params)
        return Planned(step, label, START_S + (steps + 1) * of_step)
    return Planned(step, label, share=1 / cores)


def of_run(decided, steps: Iterable[str], cores: int) -> list[Planned]:
    """Every job of these ``steps`` that Snakemake will run; ``decided``: of decisions.py."""
    steps, params, spared = set(steps), decided.params, decided.spared()
    found = [
        replace(
            planned(one.step, one.label, params, cores, one.wildcards.get("scheme", "")),
            cached=spared.get(one.name) == CACHED,
        )
        for one in decided.all_jobs()
        if one.name in decided.made() and one.step in steps - {"download"}
    ]
    for name in decided.asked:  # DVC has no stage of them
        step, _, scheme = name.partition("@")
        if step in reads.BY_NAME and step in steps:
            found.append(planned(step, f"{step} {scheme}".rstrip(), params, cores, scheme))
    if "download" in steps:
        for file in raw_files(params["data"]):
            if not Path(decided.raw, file.name).exists():
                seconds = (file.size_bytes or UNKNOWN_BYTES) / BYTES_PER_S
                label = f"download {file.name}"
                found.append(Planned("download", label, seconds, share=1 / cores))
    return found


def _passes(step: str, params: dict) -> float:
    """So many times a network sees each image."""
    if step == "evaluate":
        return 9 / 25
    trainings = 1
    if step == "grid":
        sweep = params["sweep"]
        trainings = len(sweep["learning_rates"]) * len(sweep["initializations"])
        trainings *= len(params["train"]["seeds"])
    return trainings * params["train"]["epochs"] * PASSES


def _share(params: dict, scheme: str, cores: int) -> float:
    """Of this machine: by its memory, its GPUs or its cores."""
    of = params["train"]
    mb = resources.training_mb(params["model"], params["schemes"][scheme], of["batch_size"])
    by_memory = resources.share(mb, resources.gpus(of["device"])) / resources.WHOLE
    return max(by_memory, min(1.0, of["threads"] / cores))


def _full_s(params: dict) -> float:
    """One input through every scheme's full model."""
    return sum(
        architecture.closed_form(
            params["model"]["architecture"], **scheme, **architecture.FULL_MODEL
        ).macs
        / MACS_PER_S
        for scheme in params["schemes"].values()
    )
