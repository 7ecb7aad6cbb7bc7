"""The cluster's script by itself: what it refuses, and that it leaves the host as it found it."""

import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.slurm, pytest.mark.timeout(600)]

SCRIPT = Path(__file__).with_name("cluster.sh")
STATE = Path("/var/lib/groupconv-slurm")
PORTS = {6817, 6819, 17001, 17002, 17003}
DAEMONS = {"slurmctld", "slurmd", "slurmstepd", "slurmdbd", "mariadbd", "munged"}
# Kept by programs for themselves: the accounts before a change, the linker's cache.
NOT_COMPARED = {"passwd-", "shadow-", "group-", "gshadow-", "ld.so.cache"}


@pytest.fixture(autouse=True)
def _no_cluster():
    assert not STATE.exists(), f"a cluster runs: {SCRIPT} stop"
    yield
    subprocess.run([SCRIPT, "stop"], check=True, timeout=100)


def host():
    """All of this host that a cluster changes: /etc with the accounts, packages, what runs."""
    packages = ["dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Abbrev}\n"]
    tops, names = ("/var/lib", "/var/log", "/run"), ("slurm", "munge", "mysql")
    folders = [f"{top}/{name}" for top in tops for name in names]
    return {
        "/etc": {
            str(path): sha256(path.read_bytes()).hexdigest() if path.is_file() else None
            for path in Path("/etc").rglob("*")
            if path.name not in NOT_COMPARED
        },
        "packages": subprocess.run(packages, capture_output=True, text=True, check=True).stdout,
        "folders": [Path(f).exists() for f in (*folders, STATE, "/usr/sbin/policy-rc.d")],
        "processes": DAEMONS & {process.info["name"] for process in psutil.process_iter(["name"])},
        "ports": PORTS & {c.laddr.port for c in psutil.net_connections() if c.status == "LISTEN"},
    }


def differences(before, after):
    """What is not in both, readable."""
    return {
        part: set(before[part].items()) ^ set(after[part].items())
        if part == "/etc"
        else (before[part], after[part])
        for part in before
        if before[part] != after[part]
    }


def private(script, log, **environment):
    """Run ``script`` with mounts and a host name of its own; returns its status and what it said.

    Into a file: the daemons would keep a pipe open.
    """
    with log.open("w") as said:
        run = subprocess.run(
            ["unshare", "--mount", "--uts", "sh", "-ec", script],
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            timeout=250,
            check=False,
        )
    return run.returncode, log.read_text()


def test_the_host_is_left_as_it_was_found(tmp_path):
    hosts = tmp_path / "hosts"  # a mount, as in containers, that does not know this host
    known = Path("/etc/hosts").read_text().rstrip()
    hosts.write_text(known)
    before = host()
    status, said = private(
        f"mount --bind {hosts} /etc/hosts; hostname groupconv-test; {SCRIPT} start; {SCRIPT} start;"
        f" {SCRIPT} accounts; {SCRIPT} start; sacct >/dev/null;"
        f" grep -q groupconv-test /etc/hosts; {SCRIPT} stop; {SCRIPT} stop",
        tmp_path / "said",
    )
    assert status == 0, said
    assert hosts.read_text() == known
    assert not differences(before, host())


def test_a_start_that_fails_says_why_and_leaves_nothing(tmp_path):
    (tmp_path / "slurmd").write_text("#!/bin/sh\n")  # the nodes never come up
    (tmp_path / "slurmd").chmod(0o755)
    before = host()
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    status, said = private(f"exec {SCRIPT} start", tmp_path / "said", PATH=path)
    assert status == 1
    assert "cluster.sh: the nodes do not come up" in said
    assert not differences(before, host())


@pytest.mark.parametrize(
    "name", ["slurm/slurm.conf", "slurm/plugstack.conf", "munge/munge.key", "munge/other"]
)
def test_a_configuration_that_it_did_not_write_is_refused_and_kept(tmp_path, name):
    """In a private copy of /etc."""
    etc = tmp_path / "etc"
    shutil.copytree("/etc", etc, symlinks=True)
    foreign = etc / name
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("somebody's")
    before = host()
    status, said = private(f"mount --bind {etc} /etc; exec {SCRIPT} start", tmp_path / "said")
    assert status == 1
    assert said.splitlines() == [
        f"cluster.sh: /etc/{name}: a Slurm or munge configuration that this script did not write"
    ]
    status, said = private(f"mount --bind {etc} /etc; exec {SCRIPT} stop", tmp_path / "said")
    assert status == 0
    assert foreign.read_text() == "somebody's"
    assert not differences(before, host())


def test_slurm_that_runs_here_is_refused(tmp_path):
    stand_in = tmp_path / "slurmd"
    shutil.copy(shutil.which("sleep"), stand_in)
    with subprocess.Popen([stand_in, "100"]) as running:
        status, said = private(f"exec {SCRIPT} start", tmp_path / "said")
        running.kill()
    assert status == 1
    assert said.splitlines() == ["cluster.sh: Slurm or munge runs on this host"]
