"""Counted things in words, as results and pages have them. Standard library.

ground/progress.py says the same on the screen. This one is apart, because a change in ground/ wakes
no step, and these words stand in files.
"""


def many(count: float, noun: str) -> str:
    """So many of a thing: 1 image, 2,631 images, 3 classes."""
    ending = "es" if noun.endswith("s") else "s"
    return f"{count:,.0f} {noun}{ending if count != 1 else ''}"


def from_to(least: float, most: float, noun: str) -> str:
    """How many, where these are not all alike: 3 seeds, 1 to 3 seeds."""
    return many(most, noun) if least == most else f"{least:.0f} to {many(most, noun)}"
