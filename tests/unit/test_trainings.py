"""The saved states of a training go when its results are safe, and not before."""

from pathlib import Path

import pytest
from groupconv.engines import dvc, records, trainings
from groupconv.engines.digests import Digests
from groupconv.engines.dvclock import Lock
from groupconv.engines.records import Receipts
from groupconv.network import states
from test_plan import locked, stage

NONE = Lock("no such file")


@pytest.fixture
def training(tmp_path, monkeypatch):
    """A training that has ended, with a state of its own and one of another learning rate."""
    monkeypatch.chdir(tmp_path)
    one = stage("train", ["images"], ["E/a.pt"], "train@E", **{"train.epochs": 4})
    Path("images").write_text("images")
    Path("E").mkdir()
    Path("E/a.pt").write_text("weights")
    for key in ("mine", "others"):
        Path("E", states.name(key, 3, "content")).write_text("state")
    return one


def leave_receipt(one):
    causes, results = records.causes(one, Digests()), records.results(one, Digests())
    Receipts().write(one, causes, results)


def test_the_newest_state_comes_first(tmp_path):
    for epoch in (9, 10, 2):
        (tmp_path / states.name("key", epoch, "content")).write_text("")
    assert [path.stem.split("-")[2] for path in states.of(tmp_path, "key")] == [
        "000010",
        "000009",
        "000002",
    ]
    assert states.of(tmp_path, "another") == []


def test_they_stay_until_there_is_a_receipt(training):
    trainings.clear([training], NONE)
    assert len(states.of("E")) == 2
    leave_receipt(training)
    trainings.clear([training], NONE)
    assert states.of("E") == []


def test_they_stay_where_the_results_were_taken_away_after_the_receipt(training):
    leave_receipt(training)
    Path("E/a.pt").unlink()  # as Snakemake does with the outputs of a job that it refuses
    trainings.clear([training], NONE)
    assert len(states.of("E")) == 2


def test_under_dvc_they_stay_until_its_cache_has_the_results(training):
    leave_receipt(training)
    trainings.clear([training], NONE, recorded=True)
    lock = Lock(locked([training]))
    trainings.clear([training], lock, recorded=True)
    assert len(states.of("E")) == 2
    md5 = records.results(training, Digests())["E/a.pt"]
    cached = Path(dvc.cache_folder(), "files", "md5", md5[:2], md5[2:])
    cached.parent.mkdir(parents=True)
    cached.write_text("weights")
    trainings.clear([training], lock, recorded=True)
    assert states.of("E") == []


def test_no_other_step_has_states(training):
    leave_receipt(training)
    other = stage("evaluate", ["images"], ["E/a.pt"])
    leave_receipt(other)
    trainings.clear([other], NONE)
    assert len(states.of("E")) == 2


def test_states_of_a_scheme_that_is_no_more_stay_and_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for scheme in "EF":
        folder = Path("results/schemes", scheme, "seed0")
        folder.mkdir(parents=True)
        for epoch in (1, 2):
            (folder / states.name("key", epoch, "content")).write_bytes(bytes(1_000_000))
    of_e = stage("train", ["images"], ["results/schemes/E/seed0/a.pt"], "train@E-0")
    assert trainings.strays([of_e]) == [
        "results/schemes/F/seed0: 2.0 MB of an interrupted training that params.yaml has no more; "
        "`rm results/schemes/F/seed0/.resume-*` removes it"
    ]
    trainings.clear([of_e], NONE)
    assert len(states.of("results/schemes/F/seed0")) == 2
