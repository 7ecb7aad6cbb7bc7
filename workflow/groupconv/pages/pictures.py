"""Figures that show images of the data: samples, confused pairs, what only the baseline reads.

Where a run keeps no pixels, as the study's text results do, a class's printed form stands for each.
"""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from groupconv.pages import mistakes
from groupconv.pages.inputs import FigureInputs
from groupconv.pages.style import SMALL, WIDTH, drawable

CLASSES, SAMPLES = 8, 5  # columns and rows
PAIRS = 8
IMAGES = 21  # that only the baseline gets right
COLUMNS = {False: 7, True: 5}  # side by side, by whether a class has a long name
LONGEST = 9  # characters of a class's name at an image
IN_COLUMN = 7  # and above a column
NO_PIXELS = "No pixels are kept here: a class's printed form stands for each image."


def samples(given: FigureInputs) -> Figure:
    """Training images of the most frequent classes, a column each, at their own aspect."""
    training = given.manifest[given.manifest["split"] == "train"]
    classes = training["class"].value_counts(sort=True).index[:CLASSES]
    side, samples = WIDTH / CLASSES, 1 if given.images is None else SAMPLES
    figure, axes = plt.subplots(
        samples, CLASSES, figsize=(WIDTH, side * samples + 0.6), squeeze=False
    )
    for column, name in enumerate(classes):
        rows = spread(training[training["class"] == name]).head(samples).to_dict("records")
        for axis, row in zip(axes[:, column], rows, strict=False):
            picture(axis, given, row)
        axes[0, column].set_title(
            label(name, rows[0]["code_point"]), fontsize=SMALL, linespacing=1.4
        )
    for axis in axes.flat:
        axis.set_axis_off()
    _heading(figure, given)
    return figure


def spread(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows in an order that takes one of each book, then of each page, before a neighbour."""
    page = rows.groupby(["origin", "page"], sort=False)
    in_page, number = page.cumcount(), page.ngroup()
    in_book = number - number.groupby(rows["origin"]).transform("min")
    order = pd.DataFrame({"in_page": in_page, "in_book": in_book, "origin": rows["origin"]})
    return rows.loc[order.sort_values(["in_page", "in_book", "origin"], kind="stable").index]


def confused(given: FigureInputs) -> Figure:
    """The pairs that the scheme confuses most: an image misread, beside what it was taken for."""
    scheme, pairs = confusions(given)
    height = 0.62
    figure, axes = plt.subplots(
        max(len(pairs), 1),
        3,
        figsize=(WIDTH, height * max(len(pairs), 1) + 0.3),
        width_ratios=[0.6, 0.6, WIDTH - 1.2],
        squeeze=False,
    )
    for axis in axes.flat:
        axis.set_axis_off()
    if pairs.empty:
        return _nothing(axes[0, 2], scheme)
    for (image, taken_for, words), pair in zip(axes, pairs.to_dict("records"), strict=True):
        of = given.predictions[scheme]
        name, predicted = pair["class"], pair["predicted"]
        wrong = mistakes.misread(of, name, predicted)
        picture(image, given, _row(given, "id", wrong))
        picture(taken_for, given, _row(given, "class", predicted))
        times = f"{scheme} {pair['scheme']:.3g}, baseline {pair['baseline']:.3g}"
        said = f"{short(name, 18)} taken for {short(predicted, 18)}\n{times}"
        words.text(0.02, 0.5, said, va="center", fontsize=SMALL + 1, linespacing=1.5)
        words.set(xlim=(0, 1), ylim=(0, 1))
    axes[0, 0].set_title("test", fontsize=SMALL)
    axes[0, 1].set_title("taken for", fontsize=SMALL)
    _heading(figure, given)
    return figure


def confusions(given: FigureInputs) -> tuple[str | None, pd.DataFrame]:
    """The scheme that is shown, and the pairs of classes that it confuses most."""
    scheme = mistakes.focus(given.summary)
    if scheme is None:
        return None, pd.DataFrame()
    found = mistakes.confusions(given.predictions["baseline"], given.predictions[scheme])
    return scheme, found[found["scheme"] > 0].head(PAIRS)


def only_baseline(given: FigureInputs) -> Figure:
    """Test images that every baseline gets right and no training of the scheme."""
    scheme, found, back = lost(given)
    shown = found.head(IMAGES)
    names = [(short(a), short(b)) for a, b in shown[["class", "predicted"]].to_numpy()]
    long = any(len(a) + len(b) > 4 for a, b in names)
    columns = COLUMNS[long]
    rows = max(-(-len(shown) // columns), 1)
    side = WIDTH / columns
    figure, axes = plt.subplots(
        rows, columns, figsize=(WIDTH, (side + 0.35) * rows + 0.5), squeeze=False
    )
    for axis in axes.flat:
        axis.set_axis_off()
    if shown.empty:
        return _nothing(axes[0, 0], scheme)
    for axis, image, both in zip(axes.flat, shown["id"], names, strict=False):
        picture(axis, given, _row(given, "id", image))
        axis.set_title(("\n→ " if long else " → ").join(both), fontsize=SMALL)
    test = len(given.predictions["baseline"][0])
    some = "" if len(shown) == len(found) else f" (the first {len(shown)} of them)"
    _heading(
        figure,
        given,
        f"Right in every baseline, wrong in every {scheme}: {len(found)} of {test:,}{some}.",
        f"The other way round: {back}.",
    )
    return figure


def lost(given: FigureInputs) -> tuple[str | None, pd.DataFrame, int]:
    """The scheme, the images that the baseline alone gets right, and how many the scheme alone."""
    scheme = mistakes.focus(given.summary)
    if scheme is None:
        return None, pd.DataFrame(columns=["id", "class", "predicted"]), 0
    of = given.predictions
    found = mistakes.only_right(of["baseline"], of[scheme])
    return scheme, found, len(mistakes.only_right(of[scheme], of["baseline"]))


def picture(axis: Axes, given: FigureInputs, row: dict) -> None:
    """An image of the manifest in the middle of its square, or its class's printed form."""
    axis.set_axis_off()
    if given.images is None:
        axis.set(xlim=(0, 1), ylim=(0, 1))
        glyph = "".join(filter(drawable, row["class"]))[:1]
        axis.text(0.5, 0.5, glyph, ha="center", va="center", fontsize=20)
        return
    axis.imshow(given.images[row].squeeze(), cmap="gray", vmin=0, vmax=255)
    side = max(row["height"], row["width"])
    middle_x, middle_y = row["width"] / 2 - 0.5, row["height"] / 2 - 0.5
    axis.set(
        xlim=(middle_x - side / 2, middle_x + side / 2),
        ylim=(middle_y + side / 2, middle_y - side / 2),
    )


def label(name: str, code_point: str) -> str:
    """A class's glyph over its code point, without the glyphs that no font in use has."""
    glyphs = "".join(filter(drawable, name))
    return f"{glyphs}\n{code_point}" if code_point else short(glyphs, IN_COLUMN)


def short(name: str, longest: int = LONGEST) -> str:
    """A class's name in so many characters; its code points where no font in use has its glyph."""
    if not all(map(drawable, name)):
        name = " ".join(f"U+{ord(character):04X}" for character in name)
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def spoken(name: str) -> str:
    """A class's name in a sentence."""
    return short(name, 40)


def _row(given: FigureInputs, column: str, value: str) -> dict:
    """The first row of the manifest with that value; of a class, a training image."""
    table = given.manifest
    table = table[table["split"] == "train"] if column == "class" else table
    return table[table[column] == value].iloc[0].to_dict()


def _heading(figure: Figure, given: FigureInputs, *lines: str) -> None:
    """The figure's ``lines`` above it, and what stands for pixels that are not kept."""
    lines = [*lines, *([NO_PIXELS] if given.images is None else [])]
    if lines:
        figure.suptitle("\n".join(lines), fontsize=SMALL)


def _nothing(axis: Axes, scheme: str | None) -> Figure:
    said = "No scheme to compare with it." if scheme is None else "None."
    axis.text(0, 0.5, said, fontsize=SMALL + 1)
    return axis.figure
