"""Full models timed in a process of their own: one process is one sample.

Memory is laid out and kernels are chosen once in a process. What else the machine did meanwhile
is measured, not guessed. Knows no files.
"""

import time
from collections.abc import Callable

import numpy as np
import psutil
import torch

from groupconv.ground.progress import say
from groupconv.network.architecture import FULL_MODEL
from groupconv.network.device import choose_device, set_threads
from groupconv.network.variants import Models, all_models

LOADED = 0.1  # of the machine's cores that other programs used, or of a core that was not given
# A warm-up goes on until two runs in a row differ by at most this share, the threshold of torch's
# adaptive_autorange (torch.utils.benchmark); a machine that never gets there is not waited for.
STABLE = 0.1
MOST_MORE = 4  # runs beyond those that are asked for
REST_S = 0.005  # between runs on several threads: idle ones of another library spin as long


def measured(params: dict, number: int) -> dict:
    """What process ``number`` (from 1) measures: its rounds, and what others did meanwhile.

    Every one of latency.back_ends runs here. Raises DeviceError; StepError if a back end of fp32
    does not compute what eager does.
    """
    settings, schemes = params["latency"], params["schemes"]
    device = choose_device(settings["device"], "latency.device")
    set_threads(settings["threads"], "latency.threads")
    side = FULL_MODEL["input_size"]
    generator = torch.Generator().manual_seed(settings["seed"])
    image = torch.randn(1, 3, side, side, generator=generator).to(device)
    architecture = params["model"]["architecture"]
    names = settings["back_ends"]
    made = all_models(architecture, schemes, settings["seed"], image, names)
    models, differences, first_ms = made
    rounds = share(settings["rounds"], settings["processes"], number)
    others = Others()
    least = settings["warmup_runs"]
    warmups = {key: warmed_up(run, image, least, first_ms[key]) for key, run in models.items()}
    rows = interleaved(models, image, rounds, [settings["seed"], number])
    say(f"latency: process {number} of {settings['processes']} has timed its rounds")
    meanwhile = {"others": others.share(), "cores_given": others.given()}
    return {"rows": rows, "differences": differences, "warmups": warmups, **meanwhile}


def share(rounds: int, processes: int, number: int) -> range:
    """The rounds of process ``number``, from 1; together they are ``rounds``."""
    return range(rounds * (number - 1) // processes + 1, rounds * number // processes + 1)


class Others:
    """CPU time of everything but this process, from its making on."""

    def __init__(self):
        self.began, self.busy, self.own = time.monotonic(), _busy(), time.process_time()

    def share(self) -> float:
        """The share of the machine's cores that others used, 0 to 1."""
        used = (_busy() - self.busy) - (time.process_time() - self.own)
        seconds = (time.monotonic() - self.began) * (psutil.cpu_count() or 1)
        return round(min(max(used / seconds, 0.0), 1.0), 3) if seconds else 0.0

    def given(self) -> float:
        """Cores that this process had, on average; under 1, it waited for its turn."""
        own = time.process_time() - self.own
        return round(own / max(time.monotonic() - self.began, 1e-9), 3)


def _busy() -> float:
    """Seconds for which the machine's cores worked; for another machine on this host, too."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)


def load_before(step: str, seconds: float = 1.0) -> dict:
    """What the machine does before ``step`` times anything: share of its cores, mean of a minute.

    Where that is much it says so: now one can still end the other programs, or the run.
    """
    others = Others()
    time.sleep(seconds)
    minute, used = psutil.getloadavg()[0], others.share()
    if used > LOADED:
        say(
            f"{step}: other programs use {used:.0%} of this machine's cores: it will take longer "
            "and find longer times; end them, or run it again later: snakemake --cores all "
            f"--forcerun {step}"
        )
    return {"others_before": used, "load_average_before": round(minute, 2)}


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
    wait = torch.cuda.synchronize if image.is_cuda else lambda: None
    wait()
    began = time.perf_counter()
    run(image)
    wait()
    return (time.perf_counter() - began) * 1e3
