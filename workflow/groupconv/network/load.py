"""What else a machine does while something is timed on it: measured, not guessed."""

import time

import psutil

from groupconv.ground.progress import say

LOADED = 0.1  # of the machine's cores that other programs used, or of a core that was not given


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


def is_loaded(before: dict, processes: list[dict], device: str) -> bool:
    """Whether others used the machine before ``processes`` timed anything, or meanwhile.

    ``before``: of load_before(); each process has its ``others`` and ``cores_given``.
    """
    waited = device == "cpu" and min(of["cores_given"] for of in processes) < 1 - LOADED
    return waited or max(before["others_before"], *(of["others"] for of in processes)) > LOADED


def _busy() -> float:
    """Seconds for which the machine's cores worked; for another machine on this host, too."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)


def load_before(step: str, seconds: float = 1.0, again: str = "") -> dict:
    """What the machine does before ``step`` times anything: share of its cores, mean of a minute.

    Where that is much it says so, and how to run it ``again``: now one can still end the other
    programs, or the run.
    """
    others = Others()
    time.sleep(seconds)
    minute, used = psutil.getloadavg()[0], others.share()
    if used > LOADED:
        say(
            f"{step}: other programs use {used:.0%} of this machine's cores: it will take longer "
            "and find longer times; end them, or run it again later"
            f"{again or f': snakemake --cores all --forcerun {step}'}"
        )
    return {"others_before": used, "load_average_before": round(minute, 2)}
