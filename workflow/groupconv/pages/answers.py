"""The four questions that a reader comes with, each answered by a word and a sentence.

From summary.csv, comparisons.csv and what of the paper may stand beside it. A word is "yes" or "no"
only where a 95% interval says so.
"""

from dataclasses import dataclass
from math import isfinite

import pandas as pd

from groupconv.pages import mistakes
from groupconv.pages.words import MINUS, back_end, ms, signed
from groupconv.results import learnt
from groupconv.results.comparisons import NETWORK

CANNOT_TELL, NOT_ASKED, NOT_CONVERGED = "cannot tell", "not asked", "not converged"
TIMES = {"latency": "eager PyTorch", "latency_folded": "batch norm folded"}  # of every run


@dataclass(frozen=True)
class Answer:
    """``more`` is the section of the page that has the rest, if any."""

    question: str
    word: str
    sentence: str
    more: str


@dataclass(frozen=True)
class Given:
    """What the answers are of.

    summary: summary.csv, by scheme; comparisons: comparisons.csv, by (measure, scheme, reference)
    papers: {(scheme, measure): the paper's change} that ours may stand beside
    schemes: the section of params.yaml
    loaded: whether other programs used the machine while latency was measured
    unconverged: why no accuracy counts, where more epochs are known to change it
    """

    summary: pd.DataFrame
    comparisons: pd.DataFrame
    papers: dict[tuple[str, str], float]
    schemes: dict[str, dict]
    loaded: bool
    unconverged: str = ""

    @property
    def learnt(self) -> bool:
        """Whether the baseline has learnt enough for a difference from it to mean anything."""
        top1, guess = self.summary.loc["baseline", ["test_top1", "test_guess"]]
        return top1 >= learnt.least(guess)

    def of(self, name: str, scheme: str, reference: str = "baseline") -> pd.Series | None:
        """The scheme's change from the reference, if it was measured."""
        key = (name, scheme, reference)
        return self.comparisons.loc[key] if key in self.comparisons.index else None


def by_key(comparisons: pd.DataFrame) -> pd.DataFrame:
    """comparisons.csv, as Given has it."""
    return comparisons.set_index(["measure", "scheme", "reference"]).sort_index()


def answers(given: Given) -> list[Answer]:
    """The four, of the paper's scheme E, or of the grouped scheme with the fewest MACs, if any."""
    ungrouped = [name for name, one in given.schemes.items() if set(one["groups"]) == {1}]
    scheme = mistakes.focus(given.summary.drop([n for n in ungrouped if n != "baseline"]))
    if scheme is None:
        return []
    return [
        macs(given, scheme),
        time(given, scheme),
        accuracy(given, scheme),
        narrower(given, scheme),
    ]


def macs(given: Given, scheme: str) -> Answer:
    """Exact, so a yes or a no."""
    own, base = (given.summary.loc[name, "macs"] / 1e9 for name in (scheme, "baseline"))
    change = given.of("macs", scheme)["change"]
    said = (
        f"Scheme {scheme} needs {own:.2f} G multiply-accumulates (MACs) for one image, the "
        f"baseline {base:.2f} G: {_less(change)}.{_paper(given, scheme, 'macs')}"
    )
    return Answer("Does grouping save arithmetic?", "yes" if change < 0 else "no", said, "cost")


def time(given: Given, scheme: str) -> Answer:
    """Best against best, then as the paper measured: by eager PyTorch, both."""
    own = given.summary.loc[scheme]
    best, eager = given.of("best_latency", scheme), given.of("latency", scheme)
    word = _word([best["low"], eager["low"]], [best["high"], eager["high"]])
    loaded = " Other programs used the machine meanwhile." if given.loaded else ""
    return Answer(
        "Does it save time?",
        f"{word}, on this machine" if word in ("yes", "no") else word,
        f"For one image, scheme {scheme} takes {ms(own['best_latency_ms'])}, the baseline "
        f"{ms(own['best_reference_ms'])}, {_run_by(own)}: {_less(best['change'])}"
        f"{_saving(best)}.{_faster_still(given, own)} By eager PyTorch it is "
        f"{ms(own['latency_ms'])} against {ms(given.summary.loc['baseline', 'latency_ms'])}, "
        f"{_less(eager['change'])}{_saving(eager)}.{_paper(given, scheme, 'latency')}{loaded}",
        "cost",
    )


def accuracy(given: Given, scheme: str) -> Answer:
    """The change on the test part."""
    question = "Does it cost accuracy?"
    base, row = given.summary.loc["baseline", "test_top1"], given.of("test_top1", scheme)
    if not given.learnt:
        guess = given.summary.loc["baseline", "test_guess"]
        said = (
            f"The baseline recognises {base:.1%} of the test images: it has learnt too little. "
            f"Always to answer the most frequent class is right for {guess:.1%}."
        )
        return Answer(question, CANNOT_TELL, said, "accuracy")
    own = given.summary.loc[scheme, "test_top1"]
    said = (
        f"Scheme {scheme} recognises {own:.1%} of the test images, the baseline {base:.1%}: "
        f"{row['change']:+.1f} points{_interval(row)}."
    )
    word = _word([row["low"]], [row["high"]])
    if word == CANNOT_TELL:
        smallest = row["smallest_difference"]
        said += f" This run can show a change of {smallest:.1f} points or more."
    paper = _paper(given, scheme, "test_top1", "points")
    return Answer(question, *_once(given, word, signed(said) + paper, row), "accuracy")


def narrower(given: Given, scheme: str) -> Answer:
    """Against a plain network with fewer channels, where the run has one."""
    question = "Is it better than fewer channels?"
    plain = [
        name
        for name, one in given.schemes.items()
        if one.get("width", 1) < 1 and set(one["groups"]) == {1}
    ]
    if not plain:
        said = "This run trains no plain network with fewer channels to compare it with."
        return Answer(question, NOT_ASKED, said, "")
    times = given.summary["latency_ms"]
    other = min(plain, key=lambda name: abs(times[name] - times[scheme]))
    row = _between(given, scheme, other)
    said = (
        f"By eager PyTorch {scheme} takes {ms(times[scheme])}, and {other} {ms(times[other])}: a "
        f"plain network with {given.schemes[other]['width']:g} times the baseline's channels. The "
        f"test accuracy of {scheme} less that of {other} is {_change(row)}."
    )
    better = {"yes": "no", "no": "yes"}  # of a change below 0
    word = _word([row["low"]], [row["high"]]) if given.learnt else CANNOT_TELL
    word = better.get(word, word)
    # What is more accurate and slower is not better: a width between them would tell.
    winner, loser = (scheme, other) if word == "yes" else (other, scheme)
    costs = [words for name, words in TIMES.items() if _takes_longer(given, name, winner, loser)]
    if word != CANNOT_TELL and costs:
        said += f" But {winner} takes longer ({' and '.join(costs)})."
        word = CANNOT_TELL
    return Answer(question, *_once(given, word, signed(said), row), "accuracy")


def _between(given: Given, scheme: str, other: str) -> pd.Series:
    """The scheme's test accuracy less the other's; a pair stands in the table one way round."""
    row = given.of("test_top1", scheme, other)
    if row is not None:
        return row
    turned = given.of("test_top1", other, scheme).copy()
    turned["change"], turned["low"], turned["high"] = (
        -turned[key] for key in ("change", "high", "low")
    )
    return turned


def _takes_longer(given: Given, name: str, scheme: str, other: str) -> bool:
    """Whether an interval says so, in one of TIMES."""
    row, turned = given.of(name, scheme, other), given.of(name, other, scheme)
    if row is not None:
        return row["low"] > 0
    return turned is not None and turned["high"] < 0


def _change(row: pd.Series) -> str:
    return f"{row['change']:+.1f} points{_interval(row)}"


def _once(given: Given, word: str, said: str, row: pd.Series) -> tuple[str, str]:
    """Word and sentence; of too few seeds, they are about these networks, and say so."""
    if given.unconverged:
        return NOT_CONVERGED, f"{said} {signed(given.unconverged)}."
    if word == CANNOT_TELL or row["kind"] != NETWORK:
        return word, said
    seeds = "One seed each" if row["seeds"] == 1 else "Too few seeds"
    return (
        f"{word}, for these networks",
        f"{said} {seeds}: other seeds may give other differences.",
    )


def _run_by(own: pd.Series) -> str:
    """What runs the scheme, and what the baseline, each at its fastest of one precision."""
    mine, rival = map(back_end, (own["best_back_end"], own["best_reference_back_end"]))
    names = mine if mine == rival else f"{mine}; the baseline: {rival}"
    return f"each by what runs it fastest in {own['best_precision']} ({names})"


def _faster_still(given: Given, own: pd.Series) -> str:
    """What the baseline takes where another precision runs it faster than the scheme's."""
    base = given.summary.loc["baseline"]
    if base["best_latency_ms"] >= own["best_reference_ms"]:
        return ""
    name = back_end(base["best_back_end"])
    said = f"the baseline takes {ms(base['best_latency_ms'])} ({name})"
    return f" In {base['best_precision']} {said}."


def _word(lows: list[float], highs: list[float]) -> str:
    """Whether all changes are below 0 (yes), or all above (no)."""
    if all(high < 0 for high in highs):
        return "yes"
    return "no" if all(low > 0 for low in lows) else CANNOT_TELL


def _less(change: float, of: str = "") -> str:
    return f"{abs(change):.1f}% {'less' if change < 0 else 'more'}{of}"


def _interval(row: pd.Series) -> str:
    """[-52.1, -49.8], the change's 95% interval; "" where it is unknown."""
    low, high = row["low"], row["high"]
    if not (isfinite(low) and isfinite(high)):
        return ""
    return f" [{low:+.1f}, {high:+.1f}]".replace("-", MINUS)


def _saving(row: pd.Series) -> str:
    """Its interval as _less() says its change: [49.8, 52.1] less."""
    turned = row if row["change"] >= 0 else row.rename({"low": "high", "high": "low"})
    sign = 1 if row["change"] >= 0 else -1
    low, high = sign * turned["low"], sign * turned["high"]
    if not (isfinite(low) and isfinite(high)):
        return ""
    return f" [{low:.1f}, {high:.1f}]".replace("-", MINUS)


def _paper(given: Given, scheme: str, name: str, unit: str = "%") -> str:
    """The paper's number, where ours may stand beside it."""
    value = given.papers.get((scheme, name))
    if value is None:
        return ""
    if unit == "points":
        return signed(f" The paper: {value:+g} points.")
    return f" The paper: {abs(value):g}% {'less' if value < 0 else 'more'}."
