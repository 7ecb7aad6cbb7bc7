"""Which back ends are exact enough, and the fastest of them. Knows no files."""

from collections.abc import Iterable
from dataclasses import dataclass

Cell = tuple[str, str]  # scheme, back end
FP32 = "fp32"
LEAST = 0.99  # top-1 agreement with eager, below fp32, of what is exact enough
# Test images that are asked, at least. Of fewer, one of another class is already more than 1%: all
# that passes is a back end of which nothing was seen.
LEAST_IMAGES = 100


def best(ms: dict[Cell, float], scheme: str, allowed: Iterable[str]) -> str:
    """The fastest of the ``allowed`` back ends. The fastest of several is a little too fast: their
    medians have errors of their own.
    """
    return min((name for name in allowed if (scheme, name) in ms), key=lambda n: ms[scheme, n])


@dataclass(frozen=True)
class Agreement:
    """So many test images, and those of them that get the class that eager gives them."""

    agree: int
    images: int

    @property
    def share(self) -> float:
        """Top-1 agreement, 0 to 1."""
        return self.agree / self.images

    def why_not(self) -> str:
        """Why this is not exact enough; "": it is."""
        if self.images < LEAST_IMAGES:
            return f"too few test images ({self.images} of at least {LEAST_IMAGES})"
        if self.share < LEAST:
            return f"eager's class for {self.agree:,} of {self.images:,}, less than {LEAST:.0%}"
        return ""


@dataclass(frozen=True)
class BackEnds:
    """What was timed, and how exact it is.

    precisions: {back end: its precision}
    agreements: with eager, of a scheme on a back end, where it was measured
    """

    precisions: dict[str, str]
    agreements: dict[Cell, Agreement]

    def enough(self, *schemes: str) -> list[str]:
        """Those of fp32, and those below that were measured for each of the schemes, and pass."""
        return [name for name in self.precisions if not self.why_not(name, *schemes)]

    def why_not(self, name: str, *schemes: str) -> str:
        """Why the back end does not count for the schemes; "": it does, as all of fp32 do."""
        if self.precisions[name] == FP32:
            return ""
        reasons: dict[str, list[str]] = {}
        for scheme in schemes:
            found = self.agreements.get((scheme, name))
            why = found.why_not() if found else "agreement was not measured"
            reasons.setdefault(why, []).append(scheme)
        return "; ".join(f"{', '.join(of)}: {why}" for why, of in reasons.items() if why)

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
