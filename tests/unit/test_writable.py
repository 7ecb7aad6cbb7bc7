"""A folder that a run may not write is refused by name, before the first job."""

import os

import pytest
from groupconv.engines import writable
from groupconv.ground.errors import StepError

ANOTHER = 20_001


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder that everybody may write; where this process is root's, it is no longer."""
    tmp_path.chmod(0o777)
    monkeypatch.chdir(tmp_path)
    root = os.geteuid() == 0
    if root:
        os.setreuid(ANOTHER, 0)  # what one may write is asked of the real user
    yield tmp_path
    if root:
        os.setreuid(0, 0)


@pytest.mark.parametrize(
    ("closed", "path"),
    [
        ("results", "results/figures/fig01.svg"),
        ("logs/train", "logs/train/E/seed0.log"),
        (".snakemake", "results/report.html"),
    ],
)
def test_the_folder_that_is_closed_is_named(folder, closed, path):
    writable.check([path])
    (folder / closed).mkdir(parents=True)
    (folder / closed).chmod(0o555)
    with pytest.raises(StepError, match=f"^{closed}: you may not write into this folder, "):
        writable.check(["results.csv", path])
