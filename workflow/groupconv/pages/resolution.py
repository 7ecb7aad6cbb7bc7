"""The differences of accuracy that a run can show, as the terminal and the page say it."""

import math

import pandas as pd

from groupconv.results.words import from_to, many


def resolution(results: pd.DataFrame) -> str:
    """What the test part can show, in a sentence. ``results``: a row for each scheme.

    The baseline has no smallest difference; alone it has nothing to show one of.
    """
    seeds = from_to(results["seeds"].min(), results["seeds"].max(), "seed")
    said = f"Test part: {many(results['test_images'].iloc[0], 'image')}, {seeds}"
    smallest = results["smallest_difference"].max() * 100
    if math.isnan(smallest):
        return f"{said}."
    points = f"{smallest:.1f} points" if smallest < 9.95 else f"{smallest:.0f} points"
    return f"{said}; it can show differences of about {points} or more."
