"""One small project, made once, under git and DVC; every test takes a copy of it."""

import pytest
from project import tiny
from versioned import Versioned, copied


@pytest.fixture(scope="session")
def first(tmp_path_factory, wheel):
    """The project after its first commit, with nothing made yet."""
    project = Versioned(tiny(tmp_path_factory.mktemp("first"), wheel).folder)
    # The smallest latency step, as its numbers do not matter here.
    project.edit("minimum: 30", "minimum: 2", "workflow/schemas/params.schema.yaml")
    project.edit("rounds: 30", "rounds: 2")
    project.edit("warmup_runs: 3", "warmup_runs: 1")
    project.edit("  D: {groups: [1, 64, 64, 64, 64]}\n", "")
    project.git("init", "--quiet")
    project.commit()
    return project


@pytest.fixture(scope="session")
def made(first, tmp_path_factory):
    """The project after one run of Snakemake and a commit. Do not change its files."""
    project = copied(first, tmp_path_factory.mktemp("made"))
    project.make()
    project.commit()
    return project


@pytest.fixture
def fresh(first, tmp_path):
    """A copy in which nothing was made yet."""
    return copied(first, tmp_path)


@pytest.fixture
def done(made, tmp_path):
    """A copy in which everything was made and committed."""
    return copied(made, tmp_path)
