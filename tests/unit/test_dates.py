"""Dates that hide a change from Snakemake."""

import os

import pytest
from groupconv.engines import dates
from groupconv.engines.marker import FAR


@pytest.mark.parametrize(
    ("dated", "hides"), [(0, True), (1, False), (1_700_000_000, False), (FAR, True), (4e9, True)]
)
def test_a_date_that_hides_a_change(tmp_path, dated, hides):
    files = [tmp_path / "a", tmp_path / "b"]
    for path in files:
        path.touch()
    os.utime(files[1], (dated, dated))
    assert dates.hide([*map(str, files), "missing"], FAR) == hides
    assert files[1].stat().st_mtime == dated
    dates.bring_within([*map(str, files)], FAR)
    assert not dates.hide(map(str, files), FAR)
