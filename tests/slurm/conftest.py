"""A real Slurm cluster for the session, and the small project on it."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
from project import ROOT
from slurm_jobs import LONGER
from versioned import Versioned, copied, small_made

SCRIPT = Path(__file__).with_name("cluster.sh")

# .ci/run stops these tests where the others failed: as with Ctrl-C, they then say what failed here.
signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def cluster():
    """The running cluster."""
    assert os.geteuid() == 0, "the test cluster needs root"
    try:
        subprocess.run([SCRIPT, "start"], check=True, timeout=250)
        yield SCRIPT
    finally:
        subprocess.run([SCRIPT, "stop"], check=True, timeout=100)
        assert processes_of_jobs() == []


def processes_of_jobs():
    """What runs here of the cluster's jobs."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("SLURM_CLUSTER_NAME") == "groupconv":
                found.append(process.cmdline())
    return found


@pytest.fixture(autouse=True)
def _no_job_stays(request):
    """A test that failed leaves the cluster to the next."""
    yield
    if "cluster" in request.fixturenames:
        subprocess.run(["scancel", "--user=root"], timeout=60, check=False)


@pytest.fixture(scope="session")
def local(tmp_path_factory, wheel):
    """The small project, made on this machine without Slurm. Do not change its files."""
    return small_made(tmp_path_factory.mktemp("local"), wheel)


@pytest.fixture
def again(cluster, local, tmp_path):
    """A copy in which the trainings are to be made again."""
    project = copied(local, tmp_path)
    project.edit("epochs: 2 ", "epochs: 3 ")
    return project


@pytest.fixture
def longer(cluster, local, tmp_path):
    """A copy in which the trainings are to be made again, with time to disturb them."""
    project = copied(local, tmp_path)
    project.edit(*LONGER)
    return project


@pytest.fixture
def bare(cluster, tmp_path):
    """A project without rules, with this repository's profiles."""
    (tmp_path / "profiles").symlink_to(ROOT / "profiles")
    (tmp_path / "slurm").symlink_to(ROOT / "slurm")
    return Versioned(tmp_path)
