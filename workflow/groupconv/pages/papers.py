"""The paper's numbers that may stand beside ours, in a table or as a mark in a figure."""

from groupconv.results.comparability import differences


def changes(params: dict, paper: dict) -> dict[tuple[str, str], float]:
    """{(scheme, measure of comparisons.csv): the paper's change from baseline, points or percent}.

    Only of a scheme that is the paper's, beside its architecture; and what depends on the training
    only where the training was the paper's: no other number can be compared. ``paper`` is
    claims.yaml.
    """
    differs = differences(params, paper["setting"])
    if any(line.startswith("model.architecture:") for line in differs):
        return {}
    return {
        (scheme, claim["of"].removesuffix("_change")): round(100 * claim["paper"]["change"], 9)
        for claim in paper["claims"]
        if claim["kind"] == "change" and not (claim.get("trained") and differs)
        for scheme in [claim["paper"]["scheme"]]
        if _is_the_papers(params["schemes"].get(scheme, {}), paper["schemes"][scheme])
    }


def _is_the_papers(scheme: dict, groups: list[int]) -> bool:
    """Whether a scheme of params.yaml has the paper's groups and no property that it lacks."""
    whole = scheme.get("width", 1) == 1 and not scheme.get("shuffle", False)
    return whole and scheme.get("groups") == groups
