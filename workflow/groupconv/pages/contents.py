"""Every figure and table, a row each: the rules, the steps and the page follow from these rows.

A figure is a row of FIGURES and a function in drawing.py, a table a row of TABLES and a function in
tables.py. Imports nothing that draws: the rules read this module before any run.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

from groupconv.ground import atomic
from groupconv.ground.errors import StepError
from groupconv.results.order import in_order

SECTIONS = ("results", "claims", "curves", "data", "networks")  # of the page, by their addresses
EACH = "{scheme}"  # in a figure's name and title: the row stands for one figure per scheme
FIGURE_KINDS = ("svg", "png")  # of its files: for the page, and for elsewhere
TABLE_KINDS = ("csv", "md")  # numbers, and the same as it is printed


@dataclass(frozen=True)
class Figure:
    """A figure: results/figures/NAME.KIND, for each of FIGURE_KINDS, and its place on the page.

    ``draw`` names a function in drawing.py. If ``name`` has {scheme} in it, there is a figure per
    scheme, and ``paper`` has the (name, title) of each that the paper numbers. Raises StepError if
    the page has no such section.
    """

    name: str
    title: str
    section: str
    caption: str
    draw: str
    paper: dict[str, tuple[str, str]] = field(default_factory=dict)
    scheme: str | None = None  # whose figure it is; figures() fills it in

    def __post_init__(self) -> None:
        _check_section(self)


@dataclass(frozen=True)
class Table:
    """A table: results/tables/NAME.KIND, for each of TABLE_KINDS, and its place on the page.

    ``make`` names a function in tables.py. Raises StepError if the page has no such section.
    """

    name: str
    section: str
    caption: str
    make: str

    def __post_init__(self) -> None:
        _check_section(self)


def _check_section(row: Figure | Table) -> None:
    if row.section not in SECTIONS:
        raise _wrong(row, "section", row.section, f"the page has {', '.join(SECTIONS)}")


def _wrong(row: Figure | Table, key: str, value: str, why: str) -> StepError:
    return StepError(f"workflow/groupconv/pages/contents.py: {row.name}: {key} = {value!r}: {why}")


FIGURES = (
    Figure(
        name="fig01",
        title="Figure 1",
        section="data",
        caption="Samples of the data: characters of the training part, one column per class, with "
        "the class and its code point.",
        draw="samples",
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
        caption="What one channel of conv-5 can see. A strip is a stage, from its first channel to "
        "its last; the title says how many of conv-1's channels are seen. Behind conv-1 no layer "
        "of the paper's D and E mixes groups: they are 64 and 32 networks side by side, which meet "
        "in the classifier alone.",
        draw="reach",
    ),
    Figure(
        name="all_curves",
        title="Figures 3 to 8, side by side",
        section="curves",
        caption="Every scheme on the same axes; the grey line is the baseline's validation. Lines "
        "are means over seeds, bands their range.",
        draw="all_curves",
    ),
    Figure(
        name="curves_{scheme}",
        title="Scheme {scheme}",
        section="curves",
        caption="Accuracy and loss of one scheme on the training and validation parts, by epoch; "
        "the axes are those of the other schemes' figures. Lines are means over seeds, bands their "
        "range. The running mean of training takes each image before the weights have learnt from "
        "it, so it lags behind; eval mode means weights at rest, no augmentation and no dropout.",
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
        name="fig09",
        title="Figure 9",
        section="results",
        caption="Change of top-1 accuracy on the test part, image by image against the baseline. "
        "Thick lines: each scheme's own 95% interval. Thin lines: 95% intervals that hold "
        "together: those of D and E, those of A, B and C, those of other schemes. Grey: changes "
        "too small for this run, which would miss them more than one time in five. The paper's "
        "changes stand here as crosses only where the run is in its setting.",
        draw="accuracy",
    ),
    Figure(
        name="validation",
        title="Validation accuracy",
        section="results",
        caption="Change of top-1 accuracy on the validation part against the baseline, drawn as "
        "Figure 9. The validation part chooses, the test part is read once.",
        draw="validation",
    ),
    Figure(
        name="fig10",
        title="Figure 10",
        section="results",
        caption="Cost of one input to the paper's full model (224x224, 1,120 classes, classifier "
        "4096) and its change against the baseline: multiply-accumulates, which are exact, and "
        "latency on this machine, with intervals as in Figure 9. Crosses are the paper's numbers; "
        "its machine is not known.",
        draw="cost",
    ),
)

TABLES = (
    Table(
        name="table1",
        section="networks",
        caption="Architectures (the paper's Table 1). Sizes are channels x height x width. Batch "
        "norm and ReLU follow each convolution, ReLU and dropout the first two FC layers. A "
        "scheme's column has the groups of each convolution. As printed, the paper's table has "
        "FC-4096 three times and no layer for the classes.",
        make="architecture",
    ),
    Table(
        name="results",
        section="results",
        caption="The schemes: test accuracy, MACs, parameters and latency, each with its change "
        "against baseline, and the paper's number where ours can be compared with it.",
        make="results",
    ),
    Table(
        name="claims",
        section="claims",
        caption="The paper's claims beside ours.",
        make="claims",
    ),
    Table(
        name="data",
        section="data",
        caption="Images and classes of each part, and what was left out; where the source has "
        "parts of its own, how many images of each went where.",
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


def function(module: ModuleType, row: Figure | Table) -> Callable:
    """The function of ``module`` (drawing or tables) that the row names. Raises StepError."""
    key, name = ("draw", row.draw) if isinstance(row, Figure) else ("make", row.make)
    found = getattr(module, name, None)
    if not callable(found):
        raise _wrong(row, key, name, f"no function of {Path(module.__file__).name}")
    return found


def caption_file(figure: Figure, folder: str | Path) -> Path:
    """Where write_captions() puts the figure's caption."""
    return Path(folder) / f"{figure.name}.rst"


def write_captions(schemes: Iterable[str], folder: str | Path) -> None:
    """Write each figure's caption as the reStructuredText file that `snakemake --report` reads.

    Raises DiskError.
    """
    for figure in figures(schemes):
        text = re.sub(r"([\\*`|_])", r"\\\1", figure.caption)  # its marks stay text
        atomic.write_text(caption_file(figure, folder), f"{text}\n")
