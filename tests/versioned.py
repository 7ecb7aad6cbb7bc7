"""A project under git and DVC, and what a user of both types in it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from project import Project, made_once, tiny

DVC = Path(sys.executable).with_name("dvc")


class Versioned(Project):
    """A project that git and DVC version."""

    def git(self, *arguments: str) -> str:
        """Run git here; returns what it prints."""
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        done = subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def commit(self) -> str:
        """Commit everything that git would take; returns the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "state")
        return self.git("rev-parse", "HEAD").strip()

    def dvc(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run `dvc ARGUMENTS` here to its end, as in an activated environment."""
        with self.start_dvc(*arguments) as run:
            screen, _ = run.communicate()
        return subprocess.CompletedProcess(run.args, run.returncode, screen)

    def start_dvc(self, *arguments: str) -> subprocess.Popen:
        """Start `dvc ARGUMENTS` here, as in an activated environment."""
        return self.popen(DVC, *arguments)

    def make(self, engine: str = "snakemake") -> set[str]:
        """Run everything by one engine; returns the steps that were computed, by label."""
        run = self.dvc("repro") if engine == "dvc" else self.snakemake("--cores", "2")
        assert run.returncode == 0, run.stdout
        return computed(run.stdout)

    def wanted(self) -> set[str]:
        """The steps that a dry run of Snakemake announces."""
        run = self.snakemake("-n")
        assert run.returncode == 0, run.stdout
        return {line.partition(":")[0] for line in reasons(run.stdout)}

    def wanted_by_dvc(self) -> set[str]:
        """The steps that DVC would run, if what it runs makes other bytes."""
        assert (
            self.dvc("repro", "code").returncode == 0
        )  # a dry run knows nothing of what it writes
        run = self.dvc("repro", "--dry", "--force-downstream")
        assert run.returncode == 0, run.stdout
        stages = re.findall(r"^Running stage '(.+)':", run.stdout, re.M)
        return {label(stage) for stage in stages}

    def agree(self) -> None:
        """Assert that both engines have nothing to do."""
        run = self.snakemake("-n")
        assert "Nothing to be done" in run.stdout, run.stdout
        run = self.dvc("status")
        assert run.stdout.strip() == "Data and pipelines are up to date.", run.stdout


def small(folder: Path, wheel: Path) -> Versioned:
    """The tiny configuration with two schemes, committed; nothing is made yet."""
    project = Versioned(tiny(folder, wheel).folder)
    project.edit("  D: {groups: [1, 64, 64, 64, 64]}\n", "")
    project.git("init", "--quiet")
    project.commit()
    return project


def small_made(folder: Path, wheel: Path) -> Versioned:
    """A copy of the small project after one run of Snakemake and a commit."""

    def make(place: Path) -> None:
        project = small(place, wheel)
        project.make()
        project.commit()

    return Versioned(made_once("small", make, folder))


def label(stage: str) -> str:
    """A stage's name as the steps print it: train@A-0 is train A seed 0."""
    step, _, keys = stage.partition("@")
    scheme, _, seed = keys.rpartition("-")
    return f"{step} {scheme} seed {seed}" if scheme else f"{step} {keys}".strip()


def reasons(screen: str) -> list[str]:
    """The lines that say why a step will be made."""
    steps = (
        "download prepare split square train evaluate macs latency agreement training_speed "
        "summary claims tables figures report"
    )
    return re.findall(rf"^(?:{'|'.join(steps.split())})\b[^:\n]*: (?!started).+$", screen, re.M)


def computed(screen: str) -> set[str]:
    """The steps that were computed, and not taken from the cache."""
    started = set(re.findall(r"^(.+): started$", screen, re.M))
    return started - set(
        re.findall(r"^(.+): made before from the same causes; taken from", screen, re.M)
    )


def copied(project: Project, folder: Path) -> Versioned:
    """A copy with all file times, records and caches."""
    shutil.copytree(project.folder, folder, symlinks=True, dirs_exist_ok=True)
    return Versioned(folder)
