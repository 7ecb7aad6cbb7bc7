"""The order of the schemes, which decides rows of tables and the draws of seeded generators."""

from collections.abc import Iterable


def in_order(schemes: Iterable[str]) -> list[str]:
    """Baseline first, then by name: an order in params.yaml is no parameter."""
    return sorted(schemes, key=lambda name: (name != "baseline", name))
