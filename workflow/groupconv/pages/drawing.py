"""The functions behind the figures, one each: results -> a matplotlib figure.

A row of contents.py names the function. Each gets all results, and the scheme where the row stands
for one figure per scheme. Every number drawn was made by an earlier step, but for means and ranges
over seeds.
"""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from groupconv.pages import diagram, epochs, forest, sight
from groupconv.pages.inputs import FigureInputs
from groupconv.pages.style import drawable
from groupconv.results.order import in_order

SAMPLE_CLASSES, SAMPLES = 14, 5


def samples(given: FigureInputs) -> Figure:
    """The first training images of the most frequent classes, at their own aspect."""
    manifest = given.manifest
    side = manifest[["height", "width"]].to_numpy().max()
    training = manifest[manifest["split"] == "train"]
    classes = training["class"].value_counts(sort=True).index[:SAMPLE_CLASSES]
    figure, axes = plt.subplots(
        SAMPLES, len(classes), figsize=(0.72 * len(classes), 0.72 * SAMPLES + 0.5), squeeze=False
    )
    for column, name in enumerate(classes):
        rows = training[training["class"] == name].head(SAMPLES).to_dict("records")
        for axis, row in zip(axes[:, column], rows, strict=False):
            axis.imshow(given.images[row].squeeze(), cmap="gray", vmin=0, vmax=255)
            middle_x, middle_y = row["width"] / 2 - 0.5, row["height"] / 2 - 0.5
            axis.set(
                xlim=(middle_x - side / 2, middle_x + side / 2),
                ylim=(middle_y + side / 2, middle_y - side / 2),
            )
        axes[0, column].set_title(label(name, rows[0]["code_point"]), fontsize=8, linespacing=1.4)
    for axis in axes.flat:
        axis.set_axis_off()
    return figure


def label(name: str, code_point: str) -> str:
    """A class's glyph over its code point, without the glyphs that no font in use has."""
    glyphs = "".join(character for character in name if drawable(character))
    return f"{glyphs}\n{code_point}" if code_point else glyphs[:9]


def convolutions(given: FigureInputs) -> Figure:
    """A convolution and a grouped one; shows no result."""
    return diagram.convolutions_figure()


def reach(given: FigureInputs) -> Figure:
    """What one channel of conv-5 sees of the stages before it, in every scheme; no result."""
    schemes = given.params["schemes"]
    return sight.figure(
        given.params["model"]["architecture"], {name: schemes[name] for name in in_order(schemes)}
    )


def curves(given: FigureInputs, scheme: str) -> Figure:
    """Accuracy and loss of one scheme by epoch."""
    return epochs.of_one(given, scheme)


def all_curves(given: FigureInputs) -> Figure:
    """Accuracy and loss of every scheme by epoch, side by side."""
    return epochs.of_all(given)


def accuracy(given: FigureInputs) -> Figure:
    """Change of test accuracy of every scheme, with its intervals."""
    level = given.summary.loc["baseline", "test_top1"] * 100
    return forest.accuracy(given, "test_top1", "test top-1 accuracy", f"Baseline: {level:.1f}%. ")


def validation(given: FigureInputs) -> Figure:
    """Change of validation accuracy of every scheme, with its intervals."""
    return forest.accuracy(given, "val_top1", "validation top-1 accuracy", "")


def cost(given: FigureInputs) -> Figure:
    """Change of the MACs and latency of one input, with intervals."""
    return forest.cost(given)
