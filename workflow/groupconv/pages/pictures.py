"""Figures that show images of the data: samples, confused pairs, what only the baseline reads.

Where an image's pixels are not kept, a class's printed form stands for it.
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
NO_PIXELS = "Where an image's pixels are not kept, its class's printed form stands for it."


def samples(given: FigureInputs) -> Figure:
    """Training images of the most frequent classes, a column each, at their own aspect."""
    columns = _samples(given)
    every = [row for rows in columns.values() for row in rows]
    # A class's printed form is the same five times.
    samples = SAMPLES if any(given.images[row] is not None for row in every) else 1
    side = WIDTH / CLASSES
    figure, axes = plt.subplots(
        samples, CLASSES, figsize=(WIDTH, side * samples + 0.6), squeeze=False
    )
    for column, (name, rows) in enumerate(columns.items()):
        for axis, row in zip(axes[:, column], rows, strict=False):
            picture(axis, given, row)
        axes[0, column].set_title(
            label(name, rows[0]["code_point"]), fontsize=SMALL, linespacing=1.4
        )
    for axis in axes.flat:
        axis.set_axis_off()
    _heading(figure, given, every)
    return figure


def _samples(given: FigureInputs) -> dict[str, list[dict]]:
    """{class: rows of the manifest}, the most frequent classes first."""
    training = given.manifest[given.manifest["split"] == "train"]
    classes = training["class"].value_counts(sort=True).index[:CLASSES]
    return {
        name: spread(training[training["class"] == name]).head(SAMPLES).to_dict("records")
        for name in classes
    }


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
    rows = _confused(given)
    of_pair = zip(axes, pairs.to_dict("records"), rows[::2], rows[1::2], strict=True)
    for (image, taken_for, words), pair, wrong, other in of_pair:
        name, predicted = pair["class"], pair["predicted"]
        picture(image, given, wrong)
        picture(taken_for, given, other)
        times = f"{scheme} {pair['scheme']:.3g}, baseline {pair['baseline']:.3g}"
        said = f"{short(name, 18)} taken for {short(predicted, 18)}\n{times}"
        words.text(0.02, 0.5, said, va="center", fontsize=SMALL + 1, linespacing=1.5)
        words.set(xlim=(0, 1), ylim=(0, 1))
    axes[0, 0].set_title("test", fontsize=SMALL)
    axes[0, 1].set_title("taken for", fontsize=SMALL)
    _heading(figure, given, rows)
    return figure


def _confused(given: FigureInputs) -> list[dict]:
    """Two rows of the manifest for each pair: the image misread, one of what it was taken for."""
    scheme, pairs = confusions(given)
    found = []
    for name, predicted in pairs[["class", "predicted"]].to_numpy() if len(pairs) else ():
        wrong = mistakes.misread(given.predictions[scheme], name, predicted)
        found += [_row(given, "id", wrong), _row(given, "class", predicted)]
    return found


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
    first = found.head(IMAGES)
    names = [(short(a), short(b)) for a, b in first[["class", "predicted"]].to_numpy()]
    long = any(len(a) + len(b) > 4 for a, b in names)
    columns = COLUMNS[long]
    lines = max(-(-len(first) // columns), 1)
    side = WIDTH / columns
    figure, axes = plt.subplots(
        lines, columns, figsize=(WIDTH, (side + 0.35) * lines + 0.5), squeeze=False
    )
    for axis in axes.flat:
        axis.set_axis_off()
    if first.empty:
        return _nothing(axes[0, 0], scheme)
    rows = [_row(given, "id", image) for image in first["id"]]
    for axis, row, both in zip(axes.flat, rows, names, strict=False):
        picture(axis, given, row)
        axis.set_title(("\n→ " if long else " → ").join(both), fontsize=SMALL)
    test = len(given.predictions["baseline"][0])
    some = "" if len(first) == len(found) else f"; the first {len(first)}"
    _heading(
        figure,
        given,
        rows,
        f"Right in every baseline, wrong in every {scheme}: {len(found):,} of {test:,}{some}.",
        f"The other way round: {back:,}.",
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


def rows_shown(given: FigureInputs) -> list[dict]:
    """The rows of the manifest whose images these figures show, where their pixels are kept."""
    _, found, _ = lost(given)
    only = [_row(given, "id", image) for image in found["id"].head(IMAGES)]
    return [*(row for rows in _samples(given).values() for row in rows), *_confused(given), *only]


def picture(axis: Axes, given: FigureInputs, row: dict) -> None:
    """An image of the manifest in the middle of its square, or its class's printed form."""
    axis.set_axis_off()
    pixels = given.images[row]
    if pixels is None:
        axis.set(xlim=(0, 1), ylim=(0, 1))
        glyph = "".join(filter(drawable, row["class"]))[:1]
        axis.text(0.5, 0.5, glyph, ha="center", va="center", fontsize=20)
        return
    axis.imshow(pixels.squeeze(), cmap="gray", vmin=0, vmax=255)
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


def _heading(figure: Figure, given: FigureInputs, rows: list[dict], *lines: str) -> None:
    """The figure's ``lines`` above it, and what stands for one of ``rows`` without its pixels."""
    lines = [*lines, *([NO_PIXELS] if any(given.images[row] is None for row in rows) else [])]
    if lines:
        figure.suptitle("\n".join(lines), fontsize=SMALL)


def _nothing(axis: Axes, scheme: str | None) -> Figure:
    said = "No scheme to compare with it." if scheme is None else "None."
    axis.text(0, 0.5, said, fontsize=SMALL + 1)
    return axis.figure
