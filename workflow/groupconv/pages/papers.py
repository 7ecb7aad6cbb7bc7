"""The paper's numbers that may stand beside ours, in a table or as a mark in a figure."""

from groupconv.results.verdicts import NOT_COMPARABLE


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
