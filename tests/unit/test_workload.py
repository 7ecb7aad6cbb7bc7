"""How much of a run is done, and how long the rest takes, from jobs that a test makes up."""

import pytest
from groupconv.engines import costs
from groupconv.engines.costs import Planned
from groupconv.engines.workload import Workload
from groupconv.settings import config, reads
from project import ROOT

TRAININGS = [Planned("train", f"train {name} seed 0", 4.0, 0.1, 0.5) for name in "AB"]
REPORT = Planned("report", "report", 4.0, 0.0, 0.5)
IMAGES = 960  # a training is guessed at 100 s


def workload(*jobs, images=lambda: IMAGES):
    return Workload(jobs or (*TRAININGS, REPORT), 0.0, images)


def test_trainings_weigh_more_than_a_report():
    load = workload()
    assert load.left(0.0) == pytest.approx(102)  # two cores
    load.begin("report", "report", 0.0)
    load.end("report", 4.0)
    assert load.percent(4.0) < 5


def test_a_machine_of_half_the_speed_is_given_twice_the_time():
    load = workload()
    load.begin("train", "train A seed 0", 0.0)
    assert load.take("train A seed 0: epoch 1/4, 9.6 images/s, 150 s left")
    assert load.left(50.0) == pytest.approx(200)  # the last one, whatever cores are free
    load.begin("train", "train B seed 0", 50.0)
    load.take("train A seed 0: epoch 3/4, 9.6 images/s, 50 s left")
    assert load.left(150.0) == pytest.approx(100)


def test_an_epoch_counts_in_parts_and_what_was_made_before_costs_no_time():
    load = workload(TRAININGS[0])
    load.begin("train", "train A seed 0", 0.0)
    assert not load.take("train A seed 0: resumed after epoch 2/4")
    assert load.left(0.0) == pytest.approx(50)
    load.take("train A seed 0: epoch 3/4 at 50%, 9.6 images/s")
    assert load.left(30.0) == pytest.approx(90)


def test_what_comes_from_the_cache_takes_seconds_and_slows_nothing_down():
    load = workload()
    load.begin("train", "train A seed 0", 0.0)
    assert load.take("train A seed 0: made before from the same causes; taken from DVC's cache")
    load.end("train A seed 0", 1.0)
    assert load.left(1.0) == pytest.approx(100)
    load.begin("train", "train B seed 0", 1.0)
    made = load.end("train B seed 0", 101.0)
    assert (made.jobs, made.cached, made.seconds) == (2, 1, 101.0)


def test_it_says_no_time_before_anybody_knows_how_many_images_there_are():
    counted = iter([0, IMAGES])
    load = workload(Planned("split", "split"), *TRAININGS, images=lambda: next(counted))
    assert load.percent(0.0) is None
    load.begin("split", "split", 0.0)
    load.end("split", 1.0)
    assert load.left(1.0) == pytest.approx(100)


def test_the_percentage_never_goes_back_and_is_100_at_no_time():
    load = workload(TRAININGS[0])
    load.begin("train", "train A seed 0", 0.0)
    seen = [load.percent(now) for now in (0.0, 50.0, 99.0, 150.0, 300.0)]
    assert seen == sorted(seen)
    assert seen[-1] < 100


def test_a_job_that_failed_is_made_again_and_its_time_counts_for_nothing():
    load = workload(TRAININGS[0])
    load.begin("train", "train A seed 0", 0.0)
    assert load.end("train A seed 0", 1.0, failed=True) is None
    load.begin("train", "train A seed 0", 1.0)
    assert load.left(1.0) == pytest.approx(100)
    assert load.end("train A seed 0", 101.0).jobs == 1


def test_one_of_many_trainings_of_a_grid_is_not_the_whole_of_it():
    plans = [Planned("grid", f"grid {name}", 100.0) for name in "AB"]
    load = workload(*plans)
    for plan in plans:
        load.begin("grid", plan.label, 0.0)
    assert load.take("grid B kaiming 0.01 seed 0: epoch 2/2, 9.0 images/s, 0 s left")
    assert load.running["grid B"].status == "epoch 2/2"
    assert load.left(10.0) == pytest.approx(180)


def test_a_round_counts_among_all_of_them():
    load = workload(Planned("latency", "latency", 100.0, rounds=30))
    load.begin("latency", "latency", 0.0)
    load.take("latency: round 15")
    assert load.left(60.0) == pytest.approx(60)


@pytest.mark.parametrize("path", [ROOT / "params.yaml", *sorted((ROOT / "configs").iterdir())])
def test_the_trainings_weigh_most_in_every_configuration(path):
    params = config.load(path)
    for cores in (1, 2, 64):
        plans = {
            step: costs.planned(step, step, params, cores, "baseline")
            for step in {**reads.READS, **reads.BY_NAME}
        }
        assert all(plan.seconds > 0 and 0 < plan.share <= 1 for plan in plans.values())
        whole = {step: plan.seconds + 1000 * plan.of_image_s for step, plan in plans.items()}
        timed = {"latency", "training_speed"}  # of the paper's network, whatever is trained
        assert sorted(whole.keys() - timed, key=whole.get)[-2:] == ["train", "grid"]
        assert plans["latency"].share == 1


@pytest.mark.parametrize(
    ("line", "passing"),
    [
        ("prepare: started", True),
        ("square: after 2,048 of 65,000 images: 4 min left, at about 16:40", True),
        ("prepare: after 1,024 of 75,000 images: 12 min to go, 300.0 MB packed", True),
        ("prepare: 75 images in 3 classes packed, 0 left out", False),
        ("download: 18.2 MB of 30.1 MB, 2.0 MB/s, 6 s left", True),
        ("download: https://example.org/a.zip, 30.1 MB", False),
        ("latency: round 12", True),
        ("latency: process 2 of 5 has timed its rounds", True),
        ("latency: other programs used the machine meanwhile; the result is marked", False),
        ("training_speed: step 1/3 of each scheme", True),
    ],
)
def test_a_line_of_progress_is_told_from_news(line, passing):
    step = line.partition(":")[0]
    load = workload(Planned(step, f"{step} a.zip" if step == "download" else step))
    load.begin(step, next(iter(load.waiting)), 0.0)
    assert load.take(line) is passing
