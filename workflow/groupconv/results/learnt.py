"""Whether a network has learnt enough that its difference from another means anything."""

import pandas as pd


def guess(classes: pd.Series) -> float:
    """The accuracy, 0 to 1, of who always answers the most frequent of the ``classes`` (of images).

    Of two classes with 900 and 100 images it is 0.9: a network that says nothing else has that.
    """
    return float(classes.value_counts(normalize=True).max())


def least(guess: float) -> float:
    """The least accuracy of the baseline: half of what a guess gets wrong; 0.5 of many classes."""
    return (1 + guess) / 2
