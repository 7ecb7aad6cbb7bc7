"""Rows of comparisons.csv as estimates, to be judged. Knows no claims and no files."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from groupconv.results.comparisons import LAYERS, PERCENT, TREND
from groupconv.results.estimates import Estimate, quantile

SURE = 1e6  # degrees of freedom of what is known exactly
UNITS = {"points": " pt", "percent": "%", "nats": " nats"}


@dataclass(frozen=True)
class Change:
    """How one scheme differs from another in one measure (or its own value, reference "").

    together: the interval that holds all of the row's family at once; the row's own where it has
        none
    smallest: the smallest change that such a run tells from none, in ``unit``
    image_sd, seed_sd: what the difference of two networks varies by, over one image and over
        seeds; nan where unknown
    """

    measure: str
    scheme: str
    reference: str
    unit: str
    estimate: Estimate
    together: tuple[float, float]
    smallest: float
    image_sd: float
    seed_sd: float
    kind: str

    @property
    def known(self) -> bool:
        """Whether it has an interval."""
        return self.estimate.known

    @property
    def interval(self) -> tuple[float, float]:
        """Its own two-sided 95% interval."""
        return self.estimate.interval()

    def bounds(self) -> tuple[float, float]:
        """The one-sided 95% bounds, from below and from above."""
        return self.estimate.at(quantile(0.95, self.estimate.df))

    def reversed(self) -> "Change":
        """The reference's change from the scheme."""

        def other(value: float) -> float:
            if self.unit != PERCENT:
                return -value
            return 100 / (1 + value / 100) - 100

        value = other(self.estimate.value)
        return replace(
            self,
            scheme=self.reference,
            reference=self.scheme,
            estimate=replace(self.estimate, value=value),
            together=(other(self.together[1]), other(self.together[0])),
        )

    def text(self) -> str:
        """E -2.5 pt [-4.4, -0.6]."""
        value = self.estimate.value
        unit = UNITS.get(self.unit, f" {self.unit}")
        form = "{:.4g}" if not self.reference else "{:+.2f}"
        name = self.scheme
        name += "" if self.reference in ("", "baseline", LAYERS) else f" against {self.reference}"
        if name == TREND:
            name = "per grouped layer"
        said = f"{name} {form.format(value)}{unit}"
        if self.known and self.estimate.error:
            said += " [{}, {}]".format(*(form.format(end) for end in self.interval))
        return said


class Compared:
    """comparisons.csv, by measure, scheme and reference."""

    def __init__(self, table: pd.DataFrame):
        rows = table.assign(reference=table["reference"].fillna("")).to_dict("records")
        self._rows = {(r["measure"], r["scheme"], r["reference"]): r for r in rows}
        self.measures = list(dict.fromkeys(r["measure"] for r in rows))

    def change(self, measure: str, scheme: str, reference: str) -> Change | None:
        """One difference, whichever of the two comes first in the table; None if it has none."""
        if row := self._rows.get((measure, scheme, reference)):
            return of_row(row)
        if row := self._rows.get((measure, reference, scheme)):
            return of_row(row).reversed()
        return None

    def trend(self, measure: str) -> Change | None:
        """The change per grouped layer."""
        return self.change(measure, TREND, LAYERS)

    def of(self, measure: str, schemes: Iterable[str], reference: str) -> list[Change]:
        """Each scheme's difference from one reference, those that there are."""
        found = [self.change(measure, scheme, reference) for scheme in schemes]
        return [one for one in found if one is not None]


def of_row(row: dict) -> Change:
    """A row of comparisons.csv."""
    error, df = row["standard_error"], row["degrees_of_freedom"]
    estimate = Estimate(row["change"], error, min(df, SURE), row["unit"] == PERCENT)
    together = (row["simultaneous_low"], row["simultaneous_high"])
    return Change(
        measure=row["measure"],
        scheme=row["scheme"],
        reference=row["reference"],
        unit=row["unit"],
        estimate=estimate,
        together=together if np.isfinite(together).all() else estimate.interval(),
        smallest=0.0 if error == 0 else row["smallest_difference"],
        image_sd=row["image_sd"],
        seed_sd=row["seed_sd"],
        kind=row["kind"],
    )
