"""What a row of contents.py is: a figure or a table, its files, and where it stands on the page."""

from dataclasses import dataclass, field

from groupconv.ground.errors import StepError

SECTIONS = {  # of the page, in its order: their addresses and headings
    "answer": "The answer",
    "claims": "The paper's claims",
    "accuracy": "Accuracy",
    "cost": "Cost",
    "networks": "Networks",
    "data": "Data",
    "open": "What the paper leaves open",
    "made": "How each number was made",
}
EACH = "{scheme}"  # in a figure's name and title: the row stands for one figure per scheme
FIGURE_KINDS = ("svg", "png")  # of its files: for the page, and for elsewhere
TABLE_KINDS = ("csv", "md")  # numbers, and the same as it is printed
LOADED = "Other programs used the machine meanwhile: measured under load."


@dataclass(frozen=True)
class Figure:
    """A figure: results/figures/NAME.KIND, for each of FIGURE_KINDS, and its place on the page.

    ``draw`` names a function in drawing.py, and one in alts.py if that has one. If ``name`` has
    {scheme} in it, there is a figure per scheme, and ``paper`` has the (name, title) of each that
    the paper numbers. ``timed``: it shows times, and says so where they were measured under load.
    Raises StepError if the page has no such section.
    """

    name: str
    title: str
    section: str
    caption: str
    draw: str
    timed: bool = False
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
    title: str
    section: str
    caption: str
    make: str

    def __post_init__(self) -> None:
        _check_section(self)


def _check_section(row: Figure | Table) -> None:
    if row.section not in SECTIONS:
        raise wrong(row, "section", row.section, f"the page has {', '.join(SECTIONS)}")


def wrong(row: Figure | Table, key: str, value: str, why: str) -> StepError:
    """What is wrong with a row, in one line."""
    return StepError(f"workflow/groupconv/pages/contents.py: {row.name}: {key} = {value!r}: {why}")
