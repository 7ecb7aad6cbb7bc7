"""Every figure and table, a row each: the rules, the steps and the page follow from these rows.

A figure is a row of FIGURES and a function in drawing.py, with one of the same name in alts.py that
says in words what it shows; a table is a row of TABLES and a function in tables.py. Imports nothing
that draws: the rules read this module before any run. kinds.py says what a row is.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from groupconv.pages.kinds import EACH, Figure, Table, wrong
from groupconv.results.order import in_order

FIGURES = (
    Figure(
        name="overview",
        title="What grouping saves, and what it costs",
        section="answer",
        caption="Change from the baseline: multiply-accumulates and latency of one input to the "
        "paper's full model on this machine, each scheme by what runs it fastest, and top-1 "
        "accuracy on this run's test part. Thick "
        "lines: each scheme's own 95% interval. Thin lines: 95% intervals that hold together. "
        "Grey: changes of accuracy too small for this run. Crosses: the paper's numbers, where "
        "ours can stand beside them.",
        draw="overview",
        timed=True,
    ),
    Figure(
        name="fig09",
        title="Figure 9",
        section="accuracy",
        caption="Change of top-1 accuracy on the test part, image by image against the baseline. "
        "Thick lines: each scheme's own 95% interval. Thin lines: 95% intervals that hold "
        "together: those of the paper's D and E, of its A, B and C, of all others. Grey: changes "
        "too small for this run, which would miss them more than one time in five. The paper's "
        "changes stand here as crosses only where the run is in its setting.",
        draw="accuracy",
    ),
    Figure(
        name="validation",
        title="Validation accuracy",
        section="accuracy",
        caption="Change of top-1 accuracy on the validation part against the baseline, drawn as "
        "Figure 9. The validation part chooses, the test part is read once.",
        draw="validation",
    ),
    Figure(
        name="together",
        title="All schemes together",
        section="accuracy",
        caption="Accuracy and loss on the validation part by epoch, every scheme on the same axes. "
        "Lines are means over seeds, bands their range.",
        draw="together",
    ),
    Figure(
        name="all_curves",
        title="Figures 3 to 8, side by side",
        section="accuracy",
        caption="Accuracy and loss of every scheme on the same axes; the grey line is the "
        "baseline's validation. Lines are means over seeds, bands their range. The running mean of "
        "training takes each image before the weights have learnt from it, so it lags behind; eval "
        "mode means weights at rest, no augmentation and no dropout.",
        draw="all_curves",
    ),
    Figure(
        name="curves_{scheme}",
        title="Scheme {scheme}",
        section="accuracy",
        caption="Each scheme by itself, with the lines and axes of Figures 3 to 8, side by side.",
        draw="curves",
        paper={
            "baseline": ("fig03", "Figure 3, baseline"),
            "A": ("fig04", "Figure 4, scheme A"),
            "B": ("fig05", "Figure 5, scheme B"),
            "C": ("fig06", "Figure 6, scheme C"),
            "D": ("fig07", "Figure 7, scheme D"),
            "E": ("fig08", "Figure 8, scheme E"),
        },
    ),
    Figure(
        name="classes",
        title="Class by class",
        section="accuracy",
        caption="Test accuracy of each class, of the baseline and of scheme E (or, where "
        "the run has none, of the scheme with the fewest MACs); in brackets the class's test "
        "images, on the right the change. The most lost stand first; of many classes, those at the "
        "two ends. With few images of each, a single class proves nothing.",
        draw="classes",
    ),
    Figure(
        name="confused",
        title="The most confused pairs",
        section="accuracy",
        caption="The classes that the same scheme confuses most: a test image that it misread, a "
        "training image of what it took it for, and how many test images that happens to in one "
        "training.",
        draw="confused",
    ),
    Figure(
        name="only_baseline",
        title="Only the baseline gets these right",
        section="accuracy",
        caption="Test images that every training of the baseline recognises and none of the same "
        "scheme: what each shows, and what the scheme took it for.",
        draw="only_baseline",
    ),
    Figure(
        name="fig10",
        title="Figure 10",
        section="cost",
        caption="Cost of one input to the paper's full model (224x224, 1,120 classes, classifier "
        "4096) and its change against the baseline: multiply-accumulates, which are exact, and "
        "latency on this machine, with intervals as in Figure 9. Of more than four back ends, the "
        "fastest of each scheme stands beside eager PyTorch. Crosses are the paper's numbers; its "
        "machine is not known.",
        draw="cost",
        timed=True,
    ),
    Figure(
        name="waterfall",
        title="Why time falls less than MACs",
        section="cost",
        caption="From the baseline's time to that of scheme E (or, where the run has none, of the "
        "scheme with the fewest MACs). If time followed MACs, the first step would "
        "be the last. Each step after it is time that a part of the network takes beyond its MACs "
        "at the baseline's mean rate: at best, what it would take at the machine's highest rate "
        "of arithmetic or of reading memory, whichever is slower; the rest is lost by its kernels. "
        "A part that is faster than the mean gives time back. The milliseconds add up.",
        draw="waterfall",
        timed=True,
    ),
    Figure(
        name="roofline",
        title="Every layer on a roofline",
        section="cost",
        caption="Each layer of eager PyTorch, one input: its arithmetic for each byte that it "
        "has to move at least, and the rate that it reaches. The line is what this machine "
        "reached when it read memory (slope) and multiplied (flat). Grouping leaves fewer "
        "multiplications for each byte, and moves layers to the left.",
        draw="roofline",
        timed=True,
    ),
    Figure(
        name="pareto",
        title="Accuracy against cost",
        section="cost",
        caption="Test accuracy of this run's networks against the MACs and the time of the "
        "paper's full model; time is that of the fastest back end in fp32 of those that were "
        "timed. Lines are 95% intervals. No network is both cheaper and more accurate than one on "
        "the Pareto front; intervals that overlap leave open which of two is.",
        draw="pareto",
        timed=True,
    ),
    Figure(
        name="fig02",
        title="Figure 2",
        section="networks",
        caption="A convolution (left) and a convolution in four groups (right), each with eight "
        "output channels: in a group, an output channel reads only its own share of the input "
        "channels.",
        draw="convolutions",
    ),
    Figure(
        name="reach",
        title="What conv-5 sees",
        section="networks",
        caption="What one channel of conv-5 can see. A strip is a stage, conv-1 to conv-5, from "
        "its first channel to its last; the title says how many of conv-1's channels are seen. "
        "Behind conv-1 no layer of the paper's D and E mixes groups: they are 64 and 32 networks "
        "side by side, which meet in the classifier alone.",
        draw="reach",
    ),
    Figure(
        name="fig01",
        title="Figure 1",
        section="data",
        caption="Samples of the data: images of the training part, one column per class. They are "
        "of different books and pages, as far as the source has several.",
        draw="samples",
    ),
)

TABLES = (
    Table(
        name="schemes",
        title="The schemes",
        section="answer",
        caption="Which of VGG's stages, conv-1 to conv-5, are divided into groups, and "
        "into how many. A group's channels see no other group's.",
        make="schemes",
    ),
    Table(
        name="results",
        title="Results, scheme by scheme",
        section="answer",
        caption="Test accuracy, MACs, parameters and the time of one input, each with its change "
        "against baseline, and the paper's number where ours can be compared with it. Fastest: on "
        "the fastest back end that is exact enough, against the baseline's fastest of the same "
        "precision; eager: PyTorch as the networks are written, as the paper's time is read.",
        make="results",
    ),
    Table(
        name="claims",
        title="Claims",
        section="claims",
        caption="The paper's claims beside ours.",
        make="claims",
    ),
    Table(
        name="table1",
        title="Table 1",
        section="networks",
        caption="Architectures (the paper's Table 1). Sizes are channels x height x width. Batch "
        "norm and ReLU follow each convolution, ReLU and dropout the first two FC layers. A "
        "scheme's column has the groups of each convolution. As printed, the paper's table has "
        "FC-4096 three times and no layer for the classes.",
        make="architecture",
    ),
    Table(
        name="data",
        title="Images and classes",
        section="data",
        caption="Images and classes at each stage: in the files that were read, not chosen or left "
        "out and why, used, and of each part; where the source has parts of its own, how many "
        "images of each went where.",
        make="data",
    ),
)


def figures(schemes: Iterable[str]) -> list[Figure]:
    """Every figure of the configured ``schemes``, in the order of the rows.

    A row per scheme gives the figures that the paper numbers, by number, then the others, by name.
    """
    found = []
    for row in FIGURES:
        if EACH not in row.name:
            found.append(row)
            continue
        every = [(scheme not in row.paper, _of_scheme(row, scheme)) for scheme in in_order(schemes)]
        found += [one for _, one in sorted(every, key=lambda pair: (pair[0], pair[1].name))]
    return found


def files(rows: Iterable[Figure | Table], kind: str, folder: str | Path) -> list[str]:
    """The rows' files of one ``kind`` in ``folder``, in the order of the rows."""
    return [f"{folder}/{row.name}.{kind}" for row in rows]


def _of_scheme(row: Figure, scheme: str) -> Figure:
    """The row's figure of one scheme."""
    own = row.name.replace(EACH, scheme), row.title.replace(EACH, scheme)
    name, title = row.paper.get(scheme, own)
    return replace(row, name=name, title=title, scheme=scheme)


def title(row: Figure, theirs: set[str]) -> str:
    """The row's title. A scheme that is not the paper's (``theirs``) has no figure of the paper."""
    return row.title if row.scheme is None or row.scheme in theirs else f"Scheme {row.scheme}"


def function(module: ModuleType, row: Figure | Table) -> Callable:
    """The function of ``module`` (drawing or tables) that the row names. Raises StepError."""
    key, name = ("draw", row.draw) if isinstance(row, Figure) else ("make", row.make)
    found = getattr(module, name, None)
    if not callable(found):
        raise wrong(row, key, name, f"no function of {Path(module.__file__).name}")
    return found


def says(module: ModuleType, row: Figure, given: object) -> str:
    """What the row's figure shows, by the function of ``module`` (alts) that is named as ``draw``.

    Its caption, where there is none.
    """
    found = getattr(module, row.draw, None)
    if found is None:
        return row.caption
    return found(given, row.scheme) if row.scheme else found(given)
