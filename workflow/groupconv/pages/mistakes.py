"""What a scheme gets wrong on the test part beside the baseline: by class, by pair, by image.

A prediction table has a row per image: id, class, predicted, correct; one table for each seed.
"""

import pandas as pd

Tables = list[pd.DataFrame]


def focus(summary: pd.DataFrame) -> str | None:
    """The scheme that is shown: the paper's E, else the one with the fewest MACs, if any."""
    macs = summary["macs"].drop("baseline")
    return "E" if "E" in macs.index else macs.idxmin() if len(macs) else None


def by_class(baseline: Tables, scheme: Tables) -> pd.DataFrame:
    """A row per class, the most lost first: images, accuracy of both (0 to 1), change (points)."""
    of = [pd.concat(tables).groupby("class")["correct"].mean() for tables in (baseline, scheme)]
    found = pd.DataFrame({"baseline": of[0], "scheme": of[1]})
    found["images"] = baseline[0].groupby("class").size()
    found["change"] = 100 * (found["scheme"] - found["baseline"])
    return found.rename_axis("class").reset_index().sort_values(["change", "class"])


def confusions(baseline: Tables, scheme: Tables) -> pd.DataFrame:
    """A row per (class, predicted), the most frequent of the scheme first: images per training."""
    of = []
    for tables in (baseline, scheme):
        every = pd.concat(tables)
        wrong = every[every["correct"] == 0]
        of.append(wrong.groupby(["class", "predicted"]).size() / len(tables))
    found = pd.DataFrame({"baseline": of[0], "scheme": of[1]}).fillna(0.0).reset_index()
    order = ["scheme", "baseline", "class", "predicted"]
    return found.sort_values(order, ascending=[False, False, True, True])


def misread(scheme: Tables, name: str, predicted: str) -> str | None:
    """The id of the first image of class ``name`` that was taken for ``predicted``, if any."""
    for table in scheme:
        found = table[(table["class"] == name) & (table["predicted"] == predicted)]
        if len(found):
            return found["id"].iloc[0]
    return None


def only_right(one: Tables, other: Tables) -> pd.DataFrame:
    """Images that each training of ``one`` got right and none of ``other``: id, class, predicted.

    ``predicted`` is what the first training of ``other`` took it for.
    """
    right, wrong = (
        pd.concat(of).groupby("id", sort=False)["correct"].mean() for of in (one, other)
    )
    found = other[0].set_index("id")[["class", "predicted"]]
    lost = (right == 1) & (wrong == 0)
    return found[lost.reindex(found.index)].reset_index()
