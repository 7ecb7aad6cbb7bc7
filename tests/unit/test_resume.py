"""Saved states of a training: the newest whole one, one process at a time."""

import pytest
import torch
from groupconv.network import states as named
from groupconv.network.resume import KEPT, Resume


@pytest.fixture
def saved(tmp_path):
    """A training with a state of each of four epochs."""
    with Resume(tmp_path, {"learning_rate": 0.1}, "train E") as resume:
        for epoch in range(1, 5):
            resume.save({"epoch": epoch, "weights": torch.full((9,), epoch)}, epoch)
        yield resume


def states(folder):
    return sorted(folder.glob(".resume-*"), reverse=True)


def test_the_newest_state_is_taken_and_few_are_kept(saved, tmp_path):
    assert saved.load()["epoch"] == 4
    assert len(states(tmp_path)) == KEPT
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == []
    named.clear(tmp_path)
    assert states(tmp_path) == []
    assert saved.load() is None


@pytest.mark.parametrize(
    "damage", [lambda c: c[:-9], lambda c: c[:99] + b"x" + c[100:], lambda c: b""]
)
def test_a_damaged_one_costs_one_epoch(saved, tmp_path, damage, capfd):
    newest, before = states(tmp_path)
    newest.write_bytes(damage(newest.read_bytes()))
    assert saved.load()["epoch"] == 3
    assert f"{newest} is damaged; taking the one before it" in capfd.readouterr().err
    before.write_bytes(damage(before.read_bytes()))
    assert saved.load() is None


def test_one_that_a_file_system_lists_though_it_is_gone_is_passed_over(saved, monkeypatch):
    listed = named.of(saved.folder, saved.key)
    listed[0].unlink()
    monkeypatch.setattr(named, "of", lambda folder, key: listed)
    assert saved.load()["epoch"] == 3


def test_a_training_of_another_kind_takes_none_of_them(saved, tmp_path):
    other = Resume(tmp_path, {"learning_rate": 0.2}, "train E")
    assert other.load() is None


def test_half_a_state_of_a_killed_process_is_swept_away(tmp_path):
    (tmp_path / ".resume-new.pt.17.part").write_bytes(b"half")
    with Resume(tmp_path, {}, "train E") as resume:
        assert resume.load() is None
    assert list(tmp_path.iterdir()) == []
