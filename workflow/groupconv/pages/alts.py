"""What each figure shows, in words, for whoever cannot see it. A row of contents.py names one.

Each function gets what the figure's own gets. Every number is that of the figure.
"""

import pandas as pd

from groupconv.network.reach import conv5_sees
from groupconv.pages import by_class, costs, forest, pictures
from groupconv.pages.inputs import FigureInputs
from groupconv.pages.words import ms
from groupconv.results.order import in_order

SHOWN = 6  # classes, pairs or images that are named


def overview(given: FigureInputs) -> str:
    """The changes of MACs, of the time at its fastest, and of accuracy of each scheme."""
    said = [
        f"{scheme}: MACs {_of(given, 'macs', scheme)}, time {_of(given, 'best_latency', scheme)}, "
        f"accuracy {_of(given, 'test_top1', scheme)}"
        for scheme in _schemes(given)
    ]
    return f"Change from the baseline. {'; '.join(said) or 'There is no scheme to compare'}."


def accuracy(given: FigureInputs) -> str:
    """The change of test accuracy of each scheme."""
    return _changes(given, "test_top1", "test accuracy")


def validation(given: FigureInputs) -> str:
    """The change of validation accuracy of each scheme."""
    return _changes(given, "val_top1", "validation accuracy")


def cost(given: FigureInputs) -> str:
    """The change of MACs and of each latency of each scheme."""
    return " ".join(
        _changes(given, series.measure, series.label) for series in forest.cost_series(given)
    )


def waterfall(given: FigureInputs) -> str:
    """The two times of each back end, and every loss between them."""
    said = []
    for scheme, variant, bars in costs.falls(given):
        first, *steps, last = costs.milliseconds(bars)
        named = zip(map(costs.named, bars[1:-1]), steps, strict=True)
        between = ", ".join(f"{name} {step} ms" for name, step in named)
        ends = f"baseline {first} ms", f"{scheme} {last} ms"
        said.append(f"{costs.BACK_ENDS[variant]}: {ends[0]}; {between}; {ends[1]}.")
    return " ".join(said) or costs.NOT_TIMED


def roofline(given: FigureInputs) -> str:
    """The ceilings, and what each scheme's convolutions reach of them."""
    if given.layers.empty:
        return costs.NOT_TIMED
    said = []
    for scheme, points in costs.compared(given).items():
        rates = points.loc[points["stage"] > 0, "gflop_per_s"]
        said.append(f"{scheme} {rates.min():.0f} to {rates.max():.0f}")
    text = costs.ceilings(given.latency["ceilings"])
    return f"{text[0].upper()}{text[1:]}. Convolutions reach, in GFLOP/s: {', '.join(said)}."


def pareto(given: FigureInputs) -> str:
    """Each network's accuracy, MACs and time, and which no other beats."""
    said = [
        f"{name}: {100 * row['test_top1']:.1f}%, {row['macs'] / 1e9:.2f} G MACs, "
        f"{ms(costs.fastest(given.latency, name)[1], 1)}"
        for name, row in given.summary.iterrows()
    ]
    front = ", ".join(costs.cheapest(given))
    return f"Test accuracy, MACs and time. {'; '.join(said)}. On the front by time: {front}."


def classes(given: FigureInputs) -> str:
    """How many classes lose, and the ends."""
    scheme, found = by_class.table(given)
    if scheme is None:
        return "There is no scheme to compare."
    texts = [
        f"{pictures.spoken(row['class'])} {row['change']:+.0f} points"
        for row in found.to_dict("records")
    ]
    ends = [", ".join(of) for of in (texts[:3], texts[:-4:-1])]
    return f"{by_class.counted(scheme, found)} Most lost: {ends[0]}. Most gained: {ends[1]}."


def confused(given: FigureInputs) -> str:
    """The pairs, and how often."""
    scheme, pairs = pictures.confusions(given)
    said = [
        f"{pictures.spoken(p['class'])} taken for {pictures.spoken(p['predicted'])}, "
        f"{p['scheme']:.3g} times in a training (baseline {p['baseline']:.3g})"
        for p in pairs.head(SHOWN).to_dict("records")
    ]
    return f"Scheme {scheme}: {'; '.join(said)}." if said else "No image was taken for another."


def only_baseline(given: FigureInputs) -> str:
    """How many images, and the first of them."""
    scheme, found, back = pictures.lost(given)
    if scheme is None:
        return "There is no scheme to compare."
    some = [
        f"{pictures.spoken(r['class'])} taken for {pictures.spoken(r['predicted'])}"
        for r in found.head(SHOWN).to_dict("records")
    ]
    return (
        f"{len(found)} test images that the baseline gets right and scheme {scheme} does not"
        f"{': ' if some else ''}{', '.join(some)}. The other way round: {back}."
    )


def samples(given: FigureInputs) -> str:
    """The classes."""
    training = given.manifest[given.manifest["split"] == "train"]
    names = training["class"].value_counts(sort=True).index[: pictures.CLASSES]
    return (
        f"Images of {len(names)} classes, a column each: {', '.join(map(pictures.spoken, names))}."
    )


def convolutions(given: FigureInputs) -> str:
    """The diagram."""
    return (
        "Left, every output channel is joined to all 8 input channels: 64 kernels. Right, in four "
        "groups, each is joined to the 2 of its own group: 16 kernels."
    )


def reach(given: FigureInputs) -> str:
    """How many channels of conv-1 a channel of conv-5 sees."""
    architecture, schemes = given.params["model"]["architecture"], given.params["schemes"]
    seen = {s: conv5_sees(architecture, **schemes[s], stage=1) for s in in_order(schemes)}
    middle = {s: of[len(of) // 2] for s, of in seen.items()}
    said = ", ".join(f"{s} {of.sum()} of {len(of)}" for s, of in middle.items())
    return f"Channels of conv-1 that one channel of conv-5 sees: {said}."


def together(given: FigureInputs) -> str:
    """Where each scheme's validation curves end."""
    return _ends(given, {"val": "validation"}, given.histories)


def all_curves(given: FigureInputs) -> str:
    """Where each scheme's curves end."""
    return _ends(given, {"train": "training", "val": "validation"}, given.histories)


def curves(given: FigureInputs, scheme: str) -> str:
    """Where the scheme's curves end."""
    return _ends(given, {"train": "training", "val": "validation"}, [scheme])


def _ends(given: FigureInputs, parts: dict[str, str], schemes) -> str:
    said = []
    for scheme in schemes:
        last = pd.DataFrame([history.iloc[-1] for history in given.histories[scheme]]).mean()
        of = [
            f"{words} accuracy {100 * last[f'{part}_top1']:.1f}%, loss {last[f'{part}_loss']:.3f}"
            for part, words in parts.items()
        ]
        said.append(f"{scheme}: {', '.join(of)}")
    return f"At the last epoch, {'; '.join(said)}."


def _changes(given: FigureInputs, measure: str, words: str) -> str:
    rows = forest.changes(given, measure)
    said = [f"{scheme} {forest.change(row)}" for scheme, row in rows.iterrows()]
    return f"Change of {words} from the baseline: {', '.join(said) or 'no scheme to compare'}."


def _of(given: FigureInputs, measure: str, scheme: str) -> str:
    return forest.change(forest.changes(given, measure).loc[scheme])


def _schemes(given: FigureInputs) -> list[str]:
    return [name for name in given.summary.index if name != "baseline"]
