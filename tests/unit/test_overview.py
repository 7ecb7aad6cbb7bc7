"""What a person reads of a plan: each job with its reason, and a count where there are many."""

from dataclasses import replace

import pytest
from groupconv.engines import overview
from groupconv.ground.progress import many
from test_plan import stage

TRAININGS = [
    replace(
        stage("train", [], [], f"train@{scheme}-{seed}"),
        label=f"train {scheme} seed {seed}",
        wildcards={"scheme": scheme, "seed": seed},
    )
    for scheme in ("A", "B")
    for seed in range(250)
]
PREPARE = stage("prepare", ["raw"], ["images"])
EVERY = [PREPARE, *TRAININGS]


def test_only_what_snakemake_asked_for_is_named():
    wanted = {one.name: "not made yet" for one in EVERY}
    assert overview.lines(EVERY, wanted, {}, {"prepare", "train@A-0"}) == [
        "prepare: not made yet",
        "train A seed 0: not made yet",
    ]


def test_what_a_job_is_spared_stands_behind_its_reason():
    wanted = {"train@A-0": "train.epochs 5 -> 4"}
    spared = {"train@A-0": "made before, from DVC's cache"}
    assert overview.lines(EVERY, wanted, spared, wanted) == [
        "train A seed 0: train.epochs 5 -> 4: made before, from DVC's cache"
    ]


def test_many_jobs_are_a_count_for_each_step_and_reason():
    wanted = {one.name: "after prepare" for one in TRAININGS} | {"prepare": "raw changed"}
    for seed in range(3):
        wanted[f"train@B-{seed}"] = f"results/schemes/B/seed{seed}/checkpoint.pt is missing"
    spared = {"train@A-0": "goes on after epoch 2/5"}
    counted = overview.counts(EVERY, wanted, spared, wanted)
    assert counted == [
        "prepare: 1: raw changed",
        "train: 1: after prepare: goes on after epoch 2/5",
        "train: 496: after prepare",
        "train: 3: results/schemes/SCHEME/SEED/checkpoint.pt is missing",
    ]
    every = overview.lines(EVERY, wanted, spared, wanted)
    assert overview.shown(every, counted) == [
        *counted,
        "501 jobs in all; a line for each: .snakemake/groupconv/plan.txt",
    ]
    assert overview.shown(every[:3], counted) == every[:3]


def test_many_reasons_are_cut_too():
    wanted = {one.name: f"train.epochs {n} -> 4" for n, one in enumerate(TRAININGS)}
    counted = overview.counts(EVERY, wanted, {}, wanted)
    shown = overview.shown(overview.lines(EVERY, wanted, {}, wanted), counted)
    assert len(shown) == overview.MOST + 2
    assert "and 460 more reasons" in shown


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (0, "image", "0 images"),
        (1, "image", "1 image"),
        (2, "class", "2 classes"),
        (1, "class", "1 class"),
        (13_221, "image", "13,221 images"),
    ],
)
def test_a_count_has_its_noun_in_the_right_number(count, noun, said):
    assert many(count, noun) == said
