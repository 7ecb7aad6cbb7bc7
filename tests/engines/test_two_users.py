"""Two people in one folder that their group shares: set-gid, and both with umask 002."""

import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from project import Program
from versioned import Versioned, copied

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(os.geteuid() != 0, reason="hardware: needs root, to be somebody else"),
]

GROUP, USERS = 20_000, (20_001, 20_002)


@dataclass
class Person(Versioned):
    """The project as one user works in it; Python itself may lie in root's folders."""

    user: int
    home: Path

    def popen(self, program, *arguments, **environment) -> Program:
        as_user = ["--reuid", self.user, "--regid", GROUP, "--clear-groups"]
        reading = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
        words = " ".join(map(str, ["umask 002; exec setpriv", *as_user, *reading, '"$@"']))
        path = os.pathsep.join([str(Path(program).parent), os.environ["PATH"]])
        who = {"HOME": str(self.home), "USER": str(self.user), "LOGNAME": str(self.user)}
        environment = {"PATH": path, **who, **environment}
        return super().popen("sh", "-c", words, "sh", str(program), *arguments, **environment)


def may_write(path):
    """Let the group write, as set-gid and umask 002 do for what is made here."""
    os.chown(path, USERS[0], GROUP, follow_symlinks=False)
    if path.is_dir():
        path.chmod(0o2775)
    elif not path.is_symlink() and ".dvc/cache" not in str(path) and ".git/" not in str(path):
        path.chmod(0o664)


@pytest.fixture
def people(made):
    """The made project in a folder of the group, as each of two of its users has it."""
    top = Path(tempfile.mkdtemp(prefix="groupconv-users-"))
    top.chmod(0o755)
    shared = copied(made, top / "shared")
    shared.git("config", "core.sharedRepository", "group")
    assert shared.dvc("config", "--local", "cache.shared", "group").returncode == 0
    for path in [shared.folder, *shared.folder.rglob("*")]:
        may_write(path)
    found = []
    for user in USERS:
        home = top / str(user)
        home.mkdir()
        (home / ".gitconfig").write_text("[safe]\n\tdirectory = *\n")
        os.chown(home, user, GROUP)
        found.append(Person(shared.folder, user, home))
    yield found
    shutil.rmtree(top)


def ran(person):
    """A whole run; returns the screen."""
    run = person.snakemake("--cores", "2")
    assert run.returncode == 0, run.stdout
    return run.stdout


def test_what_is_not_ones_own_is_said_before_the_first_job(people):
    """Snakemake would delete outputs first, and end in two tracebacks."""
    first, _ = people
    figures = first.folder / "results" / "figures"
    os.chown(figures, 0, 0)
    figures.chmod(0o755)
    first.edit("dpi: 150", "dpi: 100")
    before = first.files()
    run = first.snakemake("--cores", "2")
    assert run.returncode == 1
    assert "Traceback" not in run.stdout
    assert run.stdout.splitlines()[-1].startswith("results/figures: you may not write into ")
    assert first.files() == before


def test_both_run_plan_and_record_in_turn(people):
    first, second = people
    for person in people:
        person.agree()
    first.edit("dpi: 150", "dpi: 100")
    assert "dvc.lock: recorded 2 stages" in ran(first)
    second.agree()
    ahead = time.time() + 86_400
    for path in (first.folder / "results").rglob("*.csv"):
        os.utime(path, (ahead, ahead))  # the first one's files
    second.edit("dpi: 100", "dpi: 99")
    assert "dvc.lock: recorded 2 stages" in ran(second)
    for person in people:
        person.agree()
        assert person.snakemake("--summary").returncode == 0
    first.edit("rounds: 2 ", "rounds: 3 ")
    assert "latency" in ran(first)
    second.agree()
    assert second.dvc("repro").returncode == 0
    first.agree()
    own = first.folder / ".snakemake" / "groupconv"
    for path in [own, *own.rglob("*")]:
        assert path.stat().st_mode & 0o060 == 0o060, path
        assert path.stat().st_gid == GROUP, path
