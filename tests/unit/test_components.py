"""What varies a change: components over pages and seeds, and how changes hang together."""

from dataclasses import replace

import numpy as np
from groupconv.results import components, estimates


def test_networks_that_score_alike_have_changes_without_a_correlation():
    """Rounding made a matrix that is none, and the step `summary` ended in a traceback."""
    score = np.array([[0.0, 1.0, 1.0, 0.0, 1.0, 0.0]])
    scores = dict.fromkeys(("baseline", "D", "E"), score)
    alike = components.of_scores(scores, np.arange(6))
    rounded = alike.images.copy()
    rounded[[0, 1], [1, 0]] += 1e-17
    found = replace(alike, images=rounded).correlation(np.array([[-1.0, 1, 0], [-1, 0, 1]]))
    assert np.abs(found).max() <= 1 + 1e-3
    assert np.isfinite(estimates.simultaneous(found, 2))
