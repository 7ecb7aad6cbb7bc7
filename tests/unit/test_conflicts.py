"""A file of ours, or of DVC's, that a merge left in conflict: one line, and no entry vanishes."""

import os
import re

import pytest
from groupconv.engines import jobs, recording
from groupconv.engines.dvclock import Lock
from groupconv.ground.errors import StepError
from groupconv.settings import unreadable

CONFLICT = """\
schema: '2.0'
stages:
<<<<<<< HEAD
  macs:
    cmd: one
=======
  macs:
    cmd: other
>>>>>>> branch
"""
SAID = "line 3: `<<<<<<< HEAD`: git left a conflict: keep one side, and remove the three marks"


@pytest.fixture
def lock(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "dvc.lock"
    path.write_text(CONFLICT)
    return path


def test_a_conflict_in_dvc_lock_is_said(lock):
    with pytest.raises(StepError, match=f"^dvc.lock: {SAID}$"):
        Lock()


def test_a_run_during_which_it_came_records_nothing_and_says_why(lock, monkeypatch):
    monkeypatch.setattr(recording.code, "write", lambda: None)
    with open(os.devnull) as handle:
        assert recording.record([], handle) == f"dvc.lock: nothing recorded: dvc.lock: {SAID}"
    assert lock.read_text() == CONFLICT


def test_an_empty_or_missing_dvc_lock_has_no_entries(lock):
    lock.write_text("")
    assert Lock().entries == {}
    lock.unlink()
    assert Lock().entries == {}


def test_a_conflict_in_dvc_yaml_is_said():
    with pytest.raises(StepError, match=f"^dvc.yaml: {SAID}$"):
        jobs.read(CONFLICT)


def test_another_file_is_named_with_its_path(tmp_path):
    path = tmp_path / "claims.yaml"
    with pytest.raises(StepError, match=f"^{re.escape(str(path))}: No such file or directory$"):
        unreadable.read(path)
    path.write_bytes(b"a: \xff\n")
    with pytest.raises(StepError, match=f"^{re.escape(str(path))}: not UTF-8 text"):
        unreadable.read(path)
