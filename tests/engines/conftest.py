"""One small project, made once, under git and DVC; every test takes a copy of it."""

import pytest
from versioned import copied, small, small_made


@pytest.fixture(scope="session")
def first(tmp_path_factory, wheel):
    """The project after its first commit, with nothing made yet."""
    return small(tmp_path_factory.mktemp("first"), wheel)


@pytest.fixture(scope="session")
def made(tmp_path_factory, wheel):
    """The project after one run of Snakemake and a commit. Do not change its files."""
    return small_made(tmp_path_factory.mktemp("made"), wheel)


@pytest.fixture
def fresh(first, tmp_path):
    """A copy in which nothing was made yet."""
    return copied(first, tmp_path)


@pytest.fixture
def done(made, tmp_path):
    """A copy in which everything was made and committed."""
    return copied(made, tmp_path)
