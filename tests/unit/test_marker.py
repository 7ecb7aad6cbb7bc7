"""The marker: one file of a run's own, which no other process dates."""

import os
import time

import pytest
from groupconv.engines import alive
from groupconv.engines.marker import FAR, MARKER, Marker


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_run_has_the_marker_and_it_is_newer_than_anything_until_the_first_job():
    marker = Marker(in_a_run=True, living=alive.hold())
    assert marker.path == MARKER
    assert os.stat(MARKER).st_mtime == FAR
    marker.is_past()
    assert abs(os.stat(MARKER).st_mtime - time.time()) < 60


@pytest.mark.parametrize("in_a_run", [True, False])
def test_another_process_leaves_a_runs_marker_as_it_is(in_a_run):
    living = alive.hold()
    first = Marker(in_a_run=True, living=living)
    first.is_past()
    before = MARKER.read_text(), os.stat(MARKER).st_mtime_ns
    second = Marker(in_a_run=in_a_run, living=alive.hold())
    assert second.path != MARKER
    assert os.stat(second.path).st_mtime == FAR
    assert (MARKER.read_text(), os.stat(MARKER).st_mtime_ns) == before


def test_a_dry_run_leaves_it_to_a_run_that_begins_meanwhile():
    living = alive.hold()
    dry = Marker(in_a_run=False, living=living)
    assert Marker(in_a_run=True, living=alive.hold()).path == MARKER
    assert dry.path.exists()  # the dry run needs it still


def test_what_killed_processes_left_goes_with_the_next_run_that_is_alone():
    left = MARKER.with_name("changed-elsewhere-17")
    left.parent.mkdir(parents=True)
    left.write_text("")
    Marker(in_a_run=True, living=alive.hold())
    assert not left.exists()
