"""Answers of a run that lacks schemes, epochs or quiet; and a claim with another reading."""

from dataclasses import replace
from math import nan

from groupconv.results.judging import judge
from groupconv.results.verdicts import (
    CONTRADICTED,
    HOLDS,
    MACHINE,
    NOT_COMPARABLE,
    NOT_CONVERGED,
    REPRODUCED,
    together,
)
from test_verdicts import DOCUMENT, ENTRIES, TIMES, TRUE, a_run, answers, rows


def test_one_scheme_refutes_each_and_satisfies_up_to_though_others_are_missing():
    worse = rows("test_top1", {**TRUE, "D": -9.0}, seed_sd=0.4)
    few = replace(a_run(test_top1=worse), known=["baseline", "D", "E"])
    found = answers(few)
    assert found["4b"] == (None, CONTRADICTED)  # each is within 3.03 points
    assert found["11a"] == found["11b"] == (None, HOLDS)  # up to 80 and 50%
    # D and E alone answer neither yes to each, nor which is the worst, nor an order.
    assert {found[i] for i in ("3b", "5b", "8a", "8e")} == {(None, NOT_COMPARABLE)}
    assert answers(replace(few, known=["baseline"]))["4b"] == (None, NOT_COMPARABLE)


def test_fewer_schemes_do_not_make_a_surer_answer_of_the_same_numbers():
    """D's saving as in the study: alone it was at least 50%, among five it could not be told."""
    word, single = {}, {"simultaneous_low": nan, "simultaneous_high": nan}
    for error in (0.5, 1.4, 1.7, 2.2):
        of = {s: c if s != "D" else -52.2 for s, c in dict.fromkeys(TRUE, -30.0).items()}
        times = rows("latency", of, error, "percent", degrees_of_freedom=20, **single)
        every = replace(a_run(latency=times, latency_folded=[]))
        few = replace(every, known=["baseline", "D", "E"])
        word[error] = answers(every, ["11b"])["11b"][1], answers(few, ["11b"])["11b"][1]
    assert word[0.5] == (HOLDS, HOLDS)
    assert all(few in (all_, NOT_COMPARABLE) for all_, few in word.values())
    assert word[1.7][1] == NOT_COMPARABLE  # by two alone it would hold
    lost = {**TRUE, "D": -4.0}
    for error in (0.2, 0.38, 0.42, 0.5):
        every = a_run(test_top1=rows("test_top1", lost, error, seed_sd=0.4, **single))
        few = replace(every, known=["baseline", "D", "E"])
        found = answers(every, ["4b"])["4b"][1], answers(few, ["4b"])["4b"][1]
        assert found[1] in (found[0], NOT_COMPARABLE)


def test_where_more_epochs_change_the_difference_no_accuracy_is_answered():
    moving = replace(a_run(), unconverged="it still moves", differs=["images: 1"])
    found = answers(moving)
    assert found["4a"] == (NOT_COMPARABLE, NOT_CONVERGED)
    assert found["4b"] == (None, NOT_CONVERGED)
    assert found["6a"] == (REPRODUCED, HOLDS)  # MACs are no matter of training
    assert judge(ENTRIES["4b"], moving, DOCUMENT)["reason"] == "it still moves"


def test_a_run_under_load_says_so_where_time_is_judged():
    loaded = replace(a_run(), loaded=["latency"])
    assert judge(ENTRIES["7a"], loaded, DOCUMENT)["reason"].endswith("; measured under load")
    assert "load" not in judge(ENTRIES["6a"], loaded, DOCUMENT)["reason"]


def test_another_reading_is_shown_and_decides_nothing():
    claim = {"id": 1, "text": "both", "place": "here"}
    part = {"claim": 1, "number_verdict": None, "about": None}
    parts = [
        {**part, "id": "1a", "statement_verdict": HOLDS},
        {**part, "id": "1b", "statement_verdict": CONTRADICTED, "another_reading_of": "1a"},
    ]
    found = together(claim, parts)
    assert found["statement_verdict"] == HOLDS
    assert found["entries"] == ["1a", "1b"]


def test_a_number_about_a_training_step_is_one_about_time():
    """It has no seed, whose lack would excuse any difference."""
    times = rows("training_seconds", dict.fromkeys(TRUE, -30.0), 0.5, "percent")
    number = {"value": -60, "unit": "percent", "scheme": "E", "measure": "training_seconds"}
    entry = {**ENTRIES["7a"], "number": number}
    found = judge(entry, a_run(training_seconds=times), DOCUMENT)
    assert found["number_verdict"] == CONTRADICTED, found["reason"]


def test_a_bound_that_is_missed_is_said_in_the_measures_unit():
    small = rows("test_top1", dict.fromkeys(TRUE, -0.5), 0.05, seed_sd=0.1)
    statement = {"rule": "bound", "measure": "test_top1", "value": -9}
    found = judge({**ENTRIES["11a"], "statement": statement}, a_run(test_top1=small), DOCUMENT)
    assert found["reason"].endswith(", not -9 pt"), found["reason"]


def test_a_baseline_that_answers_one_class_has_learnt_nothing():
    """Of two classes, 900 and 100 images, it has 90%; and grouping then "holds" without effect."""
    run = a_run()
    guessing = replace(run, top1=dict.fromkeys(run.top1, 0.9), guess=0.9)
    entry = judge(ENTRIES["4b"], guessing, DOCUMENT)
    assert entry["statement_verdict"] == NOT_COMPARABLE
    assert entry["reason"].endswith("learnt too little: 90.0% of the test images (at least 95%)")
    assert judge(ENTRIES["4b"], run, DOCUMENT)["statement_verdict"] != NOT_COMPARABLE


def test_a_back_end_of_another_precision_answers_no_claim():
    """Beside one of int8, exact or not, 11b was machine-dependent."""
    slow = rows("latency_onnxruntime_int8", dict.fromkeys(TIMES, -30.0), 0.5, "percent")
    run = a_run(latency_onnxruntime_int8=slow)
    assert answers(run, ["11b"])["11b"][1] == MACHINE
    apart = replace(run, other_precision=["onnxruntime_int8"])
    assert answers(apart, ["11b"])["11b"][1] == HOLDS
    assert {of["measure"] for of in judge(ENTRIES["11b"], apart, DOCUMENT)["ours"]} == {
        "latency",
        "latency_folded",
    }
