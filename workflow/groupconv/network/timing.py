"""Full models timed in a process of their own: one process is one sample.

Memory is laid out and kernels are chosen once in a process. What else the machine did meanwhile
is measured, not guessed. Knows no files.
"""

import time
from collections.abc import Callable

import numpy as np
import torch

from groupconv.ground.progress import say
from groupconv.network import roofline
from groupconv.network.architecture import FULL_MODEL
from groupconv.network.device import choose_device, set_threads
from groupconv.network.load import Others
from groupconv.network.variants import Models, all_models

# A warm-up goes on until two runs in a row differ by at most this share, the threshold of torch's
# adaptive_autorange (torch.utils.benchmark); a machine that never gets there is not waited for.
STABLE = 0.1
MOST_MORE = 4  # runs beyond those that are asked for
REST_S = 0.005  # between runs on several threads: idle ones of another library spin as long


def measured(params: dict, number: int) -> dict:
    """What process ``number`` (from 1) measures: its rounds, and what others did meanwhile.

    Every one of latency.back_ends runs here. Behind the rounds come those in which each module is
    timed by itself, where latency.layer_rounds asks for any, and the machine's ceilings.
    Raises DeviceError; StepError if a back end of fp32 does not compute what eager does.
    """
    settings, schemes = params["latency"], params["schemes"]
    device = choose_device(settings["device"], "latency.device")
    set_threads(settings["threads"], "latency.threads")
    side = FULL_MODEL["input_size"]
    generator = torch.Generator().manual_seed(settings["seed"])
    image = torch.randn(1, 3, side, side, generator=generator).to(device)
    architecture = params["model"]["architecture"]
    names = settings["back_ends"]
    models, differences, first_ms = all_models(
        architecture, schemes, settings["seed"], image, names
    )
    rounds = share(settings["rounds"], settings["processes"], number)
    others = Others()
    least = settings["warmup_runs"]
    warmups = {key: warmed_up(run, image, least, first_ms[key]) for key, run in models.items()}
    rows = interleaved(models, image, rounds, [settings["seed"], number])
    say(f"latency: process {number} of {settings['processes']} has timed its rounds")
    found = {"rows": rows, "differences": differences, "warmups": warmups}
    alone = share(settings["layer_rounds"], settings["processes"], number)
    if len(alone):
        found["modules"] = roofline.by_module(models, image, alone, [settings["seed"], number])
        found["ceilings"] = roofline.ceilings(device)
    return found | {"others": others.share(), "cores_given": others.given()}


def share(rounds: int, processes: int, number: int) -> range:
    """The rounds of process ``number``, from 1; together they are ``rounds``."""
    return range(rounds * (number - 1) // processes + 1, rounds * number // processes + 1)


@torch.inference_mode()
def warmed_up(run: Callable, image: torch.Tensor, least: int, first_ms: float) -> list[float]:
    """Milliseconds of the runs before the counted ones, of which the first took ``first_ms``.

    ``least`` more, and then as many as it takes until the last two agree.
    """
    found = [first_ms, *(timed(run, image) for _ in range(least))]
    while not is_stable(found) and len(found) <= least + MOST_MORE:
        found.append(timed(run, image))
    return found


def is_stable(ms: list[float]) -> bool:
    """Whether the last two runs differ by at most STABLE of the shorter one."""
    return max(ms[-2:]) <= (1 + STABLE) * min(ms[-2:])


@torch.inference_mode()
def interleaved(models: Models, image: torch.Tensor, rounds: range, seed: list[int]) -> list[tuple]:
    """Rows (round, position, scheme, variant, latency_ms), every run.

    Each round times every model once, in a new random order: a machine that slows down slows all.
    """
    order = np.random.default_rng(seed)
    keys = list(models)
    rest = REST_S if torch.get_num_threads() > 1 else 0.0
    rows, said = [], time.monotonic()
    for number in rounds:
        for position, i in enumerate(order.permutation(len(keys)), start=1):
            time.sleep(rest)
            rows.append((number, position, *keys[i], timed(models[keys[i]], image)))
        if time.monotonic() - said > 5 or number == rounds[-1]:
            said = time.monotonic()
            say(f"latency: round {number}")
    return rows


def timed(run: Callable, image: torch.Tensor) -> float:
    """Milliseconds of one forward pass, until its result is there."""
    return roofline.clocked(run, image)[1]
