"""What is the paper's: schemes, and numbers that may stand beside ours in a table or a figure."""

import pandas as pd

from groupconv.results.verdicts import NOT_COMPARABLE


def schemes(comparisons: pd.DataFrame) -> set[str]:
    """The schemes that are the paper's, by their names and by their groups; baseline, too.

    ``comparisons`` is comparisons.csv, in whose families `added` is what the paper does not have.
    """
    of_paper = comparisons["family"].isin(["primary", "secondary"])
    return {"baseline", *comparisons.loc[of_paper, "scheme"]}


def changes(answers: dict) -> dict[tuple[str, str], float]:
    """{(scheme, measure of comparisons.csv): the paper's change from baseline, points or percent}.

    Those alone that the step `claims` found comparable. ``answers`` is claims.json.
    """
    found: dict[tuple[str, str], float] = {}
    for entry in answers["entries"]:
        number = entry["number"]
        if number and not number.get("level") and entry["number_verdict"] != NOT_COMPARABLE:
            found.setdefault((number["scheme"], number["measure"]), number["value"])
    return found
