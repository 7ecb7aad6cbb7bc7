"""Figure 2: a convolution and a grouped one, drawn as channels and what each reads."""

import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from groupconv.pages.style import SMALL, WIDTH

CHANNELS, GROUPS = 8, 4  # as in the paper's figure


def convolutions_figure() -> Figure:
    """Eight input and eight output channels, in one group (left) and in four (right)."""
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.2))
    for axis, groups in zip(axes, (1, GROUPS), strict=True):
        draw(axis, groups)
    return figure


def draw(axis, groups: int) -> None:
    """A square per channel, a line from each output channel to every channel that it reads."""
    colors = sns.color_palette("colorblind", groups)
    size = CHANNELS // groups
    for group, color in enumerate(colors):
        members = range(group * size, (group + 1) * size)
        for y_in in members:
            for y_out in members:
                axis.plot(
                    [0.3, 2.7], [-y_in, -y_out], color=color, linewidth=0.6, alpha=0.7, zorder=0
                )
        for y in members:
            for x in (0, 3):
                axis.add_patch(
                    plt.Rectangle(
                        (x - 0.3, -y - 0.35), 0.6, 0.7, facecolor=color, edgecolor="white"
                    )
                )
    weights = CHANNELS * CHANNELS // groups
    title = "convolution" if groups == 1 else f"grouped convolution, {groups} groups"
    axis.set_title(f"{title}\n{weights} kernels of 3x3", fontsize=10)
    for x, label in ((0, "input\nchannels"), (3, "output\nchannels")):
        axis.text(x, -CHANNELS + 0.2, label, ha="center", va="top", fontsize=SMALL)
    axis.set(xlim=(-0.8, 3.8), ylim=(-CHANNELS - 0.9, 0.6))
    axis.set_axis_off()
