"""The functions behind the figures, one each: results -> a matplotlib figure.

A row of contents.py names the function. Each gets all results, and the scheme where the row stands
for one figure per scheme. Every number drawn was made by an earlier step, but for means and ranges
over seeds.
"""

from matplotlib.figure import Figure

from groupconv.pages import answer, by_class, costs, diagram, epochs, forest, pictures, sight
from groupconv.pages.inputs import FigureInputs
from groupconv.results.order import in_order


def overview(given: FigureInputs) -> Figure:
    """What each scheme saves and what it costs, in one picture."""
    return answer.figure(given)


def samples(given: FigureInputs) -> Figure:
    """Training images of the most frequent classes."""
    return pictures.samples(given)


def confused(given: FigureInputs) -> Figure:
    """The pairs of classes that a scheme confuses most, with images."""
    return pictures.confused(given)


def only_baseline(given: FigureInputs) -> Figure:
    """Test images that only the baseline gets right."""
    return pictures.only_baseline(given)


def classes(given: FigureInputs) -> Figure:
    """The accuracy of each class, of the baseline and of a scheme."""
    return by_class.figure(given)


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


def together(given: FigureInputs) -> Figure:
    """Every scheme's validation accuracy and loss by epoch, on the same axes."""
    return epochs.together(given)


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


def waterfall(given: FigureInputs) -> Figure:
    """Where the time goes that the MACs saved do not save, in milliseconds that add up."""
    return costs.waterfall(given)


def roofline(given: FigureInputs) -> Figure:
    """Every layer below the machine's ceilings."""
    return costs.roofline(given)


def pareto(given: FigureInputs) -> Figure:
    """Accuracy against MACs and against time."""
    return costs.pareto(given)
