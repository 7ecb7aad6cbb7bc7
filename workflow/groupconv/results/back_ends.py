"""Which back ends are exact enough, and the fastest of them. Knows no files."""

from collections.abc import Iterable
from dataclasses import dataclass

Cell = tuple[str, str]  # scheme, back end
FP32 = "fp32"
LEAST = 0.99  # top-1 agreement with eager, below fp32, of what is exact enough


def best(ms: dict[Cell, float], scheme: str, allowed: Iterable[str]) -> str:
    """The fastest of the ``allowed`` back ends. The fastest of several is a little too fast: their
    medians have errors of their own.
    """
    return min((name for name in allowed if (scheme, name) in ms), key=lambda n: ms[scheme, n])


@dataclass(frozen=True)
class BackEnds:
    """What was timed, and how exact it is.

    precisions: {back end: its precision}
    agreements: top-1 agreement with eager of a scheme on a back end, where it was measured
    """

    precisions: dict[str, str]
    agreements: dict[Cell, float]

    def enough(self, *schemes: str) -> list[str]:
        """Those of fp32, and those below that were measured for each of the schemes, and pass."""
        return [
            name
            for name, precision in self.precisions.items()
            if precision == FP32
            or min(self.agreements.get((s, name), 0.0) for s in schemes) >= LEAST
        ]

    def pair(self, ms: dict[Cell, float], scheme: str, reference: str = "baseline") -> list[str]:
        """The scheme's fastest that is exact enough for both, and the reference's fastest of the
        same precision.
        """
        allowed = self.enough(scheme, reference)
        mine = best(ms, scheme, allowed)
        same = [name for name in allowed if self.precisions[name] == self.precisions[mine]]
        return [mine, best(ms, reference, same)]

    def in_fp32(self) -> "BackEnds":
        """Those of fp32 alone."""
        exact = {name: one for name, one in self.precisions.items() if one == FP32}
        return BackEnds(exact, self.agreements)
