"""The page's answers: a yes or a no only where an interval says so, and words for keys."""

from dataclasses import replace

import pandas as pd
import pytest
from groupconv.pages import answers, claimed, words
from groupconv.results import comparisons


def given(
    top1=(0.7, 0.7),
    changes=None,
    papers=None,
    schemes=None,
    loaded=False,
    seeds=3,
    rival="folded",
    guess=0.02,
):
    """A baseline and E; ``changes``: {(measure, scheme[, reference]): (change, low, high)}."""
    kind = comparisons.NETWORK if seeds < 3 else comparisons.SCHEME
    summary = pd.DataFrame(
        {
            "macs": [10e9, 2e9],
            "test_top1": list(top1),
            "test_guess": guess,
            "latency_ms": [100.0, 50.0],
            "best_latency_ms": [80.0, 30.0],
            "best_reference_ms": [80.0, 80.0],
            "best_back_end": ["folded", "folded"],
            "best_reference_back_end": ["folded", rival],
            "best_precision": ["fp32", "fp32"],
        },
        index=["baseline", "E"],
    )
    rows = {("macs", "E"): (-80.0, -80.0, -80.0)} | (changes or {})
    rows = {key if len(key) == 3 else (*key, "baseline"): row for key, row in rows.items()}
    table = pd.DataFrame(
        [
            {"measure": measure, "scheme": scheme, "reference": reference, "change": change}
            | {"low": low, "high": high, "smallest_difference": 1.5, "seeds": seeds, "kind": kind}
            for (measure, scheme, reference), (change, low, high) in rows.items()
        ]
    )
    return answers.Given(summary, answers.by_key(table), papers or {}, schemes or {}, loaded)


def test_macs_are_exact_and_the_papers_number_stands_beside_ours_where_it_may():
    said = answers.macs(given(papers={("E", "macs"): -80}), "E")
    assert said.word == "yes"
    assert said.sentence.endswith("the baseline 10.00 G: 80.0% less. The paper: 80% less.")
    assert "The paper" not in answers.macs(given(), "E").sentence


@pytest.mark.parametrize(
    ("best", "word"),
    [((-60, -61, -59), "yes, on this machine"), ((-1, -3, 1), "cannot tell")],
)
def test_time_is_saved_where_best_against_best_and_eager_say_so(best, word):
    timed = {("latency", "E"): (-50, -52, -48), ("best_latency", "E"): best}
    said = answers.time(given(changes=timed, loaded=True), "E")
    assert said.word == word
    assert (
        "E takes 30 ms, the baseline 80 ms, each by what runs it fastest in fp32" in said.sentence
    )
    assert "By eager PyTorch it is 50 ms against 100 ms, 50.0% less [48.0, 52.0]." in said.sentence
    assert said.sentence.endswith("Other programs used the machine meanwhile.")
    said = answers.time(given(changes=timed, rival="openvino_bf16"), "E")
    assert "(batch norm folded; the baseline: openvino bf16)" in said.sentence
    assert "In fp32 the baseline takes" not in said.sentence
    both = given(changes=timed)
    both.summary.loc["baseline", "best_latency_ms"] = 60.0  # in another precision than E's
    assert (
        "In fp32 the baseline takes 60 ms (batch norm folded)." in answers.time(both, "E").sentence
    )


@pytest.mark.parametrize(
    ("interval", "word"),
    [
        ((-3, -1), "yes"),
        ((1, 3), "no"),
        ((-1, 3), "cannot tell"),
        ((float("nan"),) * 2, "cannot tell"),
    ],
)
def test_accuracy_is_lost_where_the_interval_says_so(interval, word):
    said = answers.accuracy(given(changes={("test_top1", "E"): (2, *interval)}), "E")
    assert said.word == word
    assert ("can show a change of 1.5 points" in said.sentence) == (word == "cannot tell")
    assert "nan" not in said.sentence
    assert " ." not in said.sentence


def test_a_gpus_times_keep_their_digits():
    timed = {("latency", "E"): (-50, -52, -48), ("best_latency", "E"): (-60, -61, -59)}
    fast = given(changes=timed)
    fast.summary[["best_latency_ms", "best_reference_ms"]] /= 50
    assert "E takes 0.60 ms, the baseline 1.6 ms" in answers.time(fast, "E").sentence


def test_a_difference_that_still_moves_answers_nothing():
    lost = given(changes={("test_top1", "E"): (-2, -3, -1)})
    said = answers.accuracy(replace(lost, unconverged="it was -4.0 points"), "E")
    assert said.word == "not converged"
    assert said.sentence.endswith("[−3.0, −1.0]. it was −4.0 points.")


@pytest.mark.parametrize(("top1", "guess"), [(0.1, 0.02), (0.9, 0.9), (0.6, 0.5), (0.94, 0.9)])
def test_a_network_that_learnt_nothing_answers_nothing(top1, guess):
    """Of two classes, always to answer the larger one was enough."""
    lost = {("test_top1", "E"): (-3, -4, -2)}
    said = answers.accuracy(given((top1, top1), lost, guess=guess), "E")
    assert said.word == "cannot tell"
    assert said.sentence == (
        f"The baseline recognises {top1:.1%} of the test images: it has learnt too little. "
        f"Always to answer the most frequent class is right for {guess:.1%}."
    )
    assert answers.accuracy(given((0.96, 0.93), lost, guess=guess), "E").word == "yes"


def test_one_seed_answers_about_its_networks():
    lost = {("test_top1", "E"): (-2, -3, -1)}
    said = answers.accuracy(given(changes=lost, seeds=1), "E")
    assert said.word == "yes, for these networks"
    assert said.sentence.endswith(
        "[−3.0, −1.0]. One seed each: other seeds may give other differences."
    )
    some = answers.accuracy(given(changes=lost, seeds=2), "E").sentence
    assert some.endswith("Too few seeds: other seeds may give other differences.")
    none = {("test_top1", "E"): (2, -1, 3)}
    assert "seed" not in answers.accuracy(given(changes=none, seeds=1), "E").sentence


@pytest.mark.parametrize(
    ("interval", "word"), [((0.5, 2.5), "yes"), ((-2, -0.5), "no"), ((-1, 3), "cannot tell")]
)
def test_fewer_channels_are_the_rival_where_the_run_has_such_a_network(interval, word):
    schemes = {"E": {"groups": [1, 32, 32, 32, 32]}, "narrow": {"groups": [1] * 5, "width": 0.6}}
    paired = {("test_top1", "E", "narrow"): (1.5, *interval)}
    both = given(changes=paired, schemes=schemes)
    both.summary.loc["narrow"] = {"macs": 4e9, "test_top1": 0.6, "latency_ms": 52.0}
    said = answers.narrower(both, "E")
    assert said.word == word
    assert said.sentence.startswith("By eager PyTorch E takes 50 ms, and narrow 52 ms: a plain ")
    assert "The test accuracy of E less that of narrow is +1.5 points [" in said.sentence
    assert answers.narrower(given(), "E").word == "not asked"


SLOW, FAST = (6.0, 5.0, 7.0), (-20.0, -23.0, -18.0)
LONGER = "takes longer"


@pytest.mark.parametrize(
    ("top1", "times", "word", "said"),
    [
        ((6, 5, 7), {"latency": SLOW}, "cannot tell", "But E takes longer (eager PyTorch)."),
        ((6, 5, 7), {"latency": FAST}, "yes", ""),
        ((-4, -5, -3), {"latency_folded": FAST}, "cannot tell", "But narrow takes longer (batch"),
        ((-4, -5, -3), {"latency": FAST, "latency_folded": FAST}, "cannot tell", "PyTorch and b"),
        ((-4, -5, -3), {"latency": SLOW}, "no", ""),
        ((1, -1, 3), {"latency": SLOW}, "cannot tell", ""),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_what_is_more_accurate_and_slower_is_not_better(top1, times, word, said, turned):
    """A pair stands in the table either way round: narrow less E has E's signs turned."""
    pair = ("narrow", "E") if turned else ("E", "narrow")
    rows = {("test_top1", *pair): top1} | {(name, *pair): row for name, row in times.items()}
    if turned:
        rows = {key: (-row[0], -row[2], -row[1]) for key, row in rows.items()}
    schemes = {"E": {"groups": [1, 32, 32, 32, 32]}, "narrow": {"groups": [1] * 5, "width": 0.3}}
    both = given(changes=rows, schemes=schemes)
    both.summary.loc["narrow"] = {"macs": 1e9, "test_top1": 0.6, "latency_ms": 30.0}
    found = answers.narrower(both, "E")
    assert found.word == word
    assert f"less that of narrow is {top1[0]:+.1f} points".replace("-", "−") in found.sentence
    assert said in found.sentence
    assert (LONGER in found.sentence) == bool(said)


def test_a_run_without_a_grouped_scheme_answers_nothing():
    schemes = {"baseline": {"groups": [1] * 5}, "E": {"groups": [1] * 5, "width": 0.6}}
    assert answers.answers(given(schemes=schemes)) == []
    alone = comparisons.Plan(["baseline"], [], [], {})
    assert comparisons.of_repeats("latency", alone, {"baseline": [1, 2]}, "repeats") == []


def test_how_a_run_differs_and_why_are_in_words():
    titles = {"sample": "Kuzushiji (sample)", "kkanji": "Kuzushiji-Kanji"}
    said = words.difference("data.source: sample (the paper: kkanji)", titles)
    assert said == "images: Kuzushiji (sample) (the paper: Kuzushiji-Kanji)"
    reason = "latency holds, latency_new_one cannot tell (latency: E -5.00%); training_seconds: -1"
    assert words.plain(reason) == (
        "eager PyTorch holds, new one cannot tell (eager PyTorch: E −5.00%); "
        "time of a training step: −1"
    )


def test_a_reason_says_what_is_not_said_already():
    entry = dict.fromkeys(("words", "place", "about", *claimed.OF_READING, *claimed.ANSWERS), "")
    ours = [{"measure": "macs", "text": "E -80.00%"}]
    entries = [
        {**entry, "id": "1a", "ours": ours, "reason": "E -80.00%"},
        {**entry, "id": "1b", "ours": ours, "reason": "number: a: 1; b: 2"},
        {**entry, "id": "1c", "ours": ours, "reason": "E -80.00%; smallest detectable -1%"},
    ]
    found = claimed.claims(
        {
            "entries": entries,
            "claims": [{"entries": ["1a", "1b", "1c"]}],
            "differs": ["a: 1", "b: 2"],
        }
    )
    reasons = ["", f"number: {claimed.ELSEWHERE}", "smallest detectable −1%"]
    assert [one["reason"] for one in found[0]["entries"]] == reasons
    assert found[0]["entries"][0]["ours"] == {"MACs": "E −80.00%"}
