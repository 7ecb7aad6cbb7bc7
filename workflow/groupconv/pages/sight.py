"""What one channel of conv-5 sees of every stage before it: whether the groups ever meet."""

import math
from itertools import pairwise

import numpy as np
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Polygon, Rectangle

from groupconv.network.reach import conv5_sees
from groupconv.pages.style import BLUE, ORANGE, PALE, SMALL, WIDTH

STAGES = range(1, 6)
COLUMNS = (2, 3)  # schemes side by side
STRIP = 0.44  # width of a stage; the next one stands 1 further right
FAINT = 0.25


def figure(architecture: str, schemes: dict[str, dict]) -> Figure:
    """A panel per scheme of params.yaml: each stage is a strip of all its channels.

    The title says how many of conv-1's channels the one of conv-5 sees.
    """
    columns = min(COLUMNS, key=lambda n: (-len(schemes) % n, -n))  # with the fewest empty places
    rows = math.ceil(len(schemes) / columns)
    made, axes = plt.subplots(rows, columns, figsize=(WIDTH, 1 + 1.45 * rows), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, (name, scheme) in zip(axes.flat, schemes.items(), strict=False):
        axis.set_axis_on()
        seen = seen_by_stage(architecture, scheme)
        draw(axis, seen)
        axis.set_title(f"{name}: {seen[0].sum()} of {len(seen[0])}", fontsize=SMALL + 1)
    handles = [
        Patch(color=ORANGE, label="one channel of conv-5"),
        Patch(color=BLUE, label="channels that it sees"),
        Patch(color=PALE, label="channels that it does not see"),
    ]
    made.legend(handles=handles, loc="outside lower center", ncols=1)
    return made


def seen_by_stage(architecture: str, scheme: dict) -> list[np.ndarray]:
    """For conv-1 to conv-5, bool (channels,): whether the channel in conv-5's middle sees it."""
    found = [conv5_sees(architecture, **scheme, stage=stage) for stage in STAGES]
    return [of_all[len(of_all) // 2] for of_all in found]


def draw(axis: Axes, seen: list[np.ndarray]) -> None:
    """A strip per stage, the channels from 0 to 1, and the light that falls from each to the next.

    Between stages only what is in one piece is joined: shuffled channels lie all over the strip.
    """
    for stage, channels in zip(STAGES, seen, strict=True):
        axis.add_patch(Rectangle((stage - STRIP / 2, 0), STRIP, 1, facecolor=PALE, linewidth=0))
        color = ORANGE if stage == STAGES[-1] else BLUE
        for low, high in pieces(channels):
            corner, height = (stage - STRIP / 2, low), high - low
            axis.add_patch(Rectangle(corner, STRIP, height, color=color, linewidth=0.8))
    for stage, (left, right) in zip(STAGES, pairwise(map(pieces, seen)), strict=False):
        if len(left) == len(right) == 1:
            (a, b), (c, d) = left[0], right[0]
            x, y = stage + STRIP / 2, stage + 1 - STRIP / 2
            corners = [(x, a), (x, b), (y, d), (y, c)]
            axis.add_patch(Polygon(corners, facecolor=BLUE, alpha=FAINT, linewidth=0))
    axis.set(xlim=(0.6, 5.4), ylim=(1.02, -0.02), yticks=[])
    axis.set_xticks(list(STAGES), [1, 2, 3, 4, 5], fontsize=SMALL)
    axis.tick_params(axis="x", length=0)
    sns.despine(ax=axis, left=True, bottom=True)


def pieces(channels: np.ndarray) -> list[tuple[float, float]]:
    """Where the True ones lie on a strip from 0 to 1, neighbours as one piece."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], channels, [False]]).astype(int)))
    return [(low / len(channels), high / len(channels)) for low, high in edges.reshape(-1, 2)]
