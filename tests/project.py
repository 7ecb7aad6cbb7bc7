"""The real workflow, in a copy of this checkout, with the tests' small configuration."""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
LONGEST_S = 900  # that a test waits for a program


class Program(subprocess.Popen):
    """A program in a session of its own; none of its processes outlives a test that fails."""

    def __exit__(self, failure, *rest):
        if failure:  # a timeout too
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        super().__exit__(failure, *rest)


@dataclass
class Project:
    """A folder with the workflow's files, and what a user types in it."""

    folder: Path

    def start(self, *arguments: str) -> Program:
        """Start `snakemake ARGUMENTS` here; stdout and stderr together, as on a terminal."""
        return self.popen(SNAKEMAKE, *arguments, PATH=os.defpath)  # no activated environment

    def popen(self, program: str | Path, *arguments: str, **environment: str) -> Program:
        """Start a program of this environment, which is activated unless PATH says otherwise."""
        path = os.pathsep.join([str(Path(program).parent), os.environ["PATH"]])
        return Program(
            [program, *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PATH": path, **environment},
            start_new_session=True,  # a signal to the whole group reaches nothing else
            # A job of a shell in the background ignores Ctrl-C, and its children with it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run `snakemake ARGUMENTS` here to its end."""
        with self.start(*arguments) as run:
            screen, _ = run.communicate(timeout=LONGEST_S)
        return subprocess.CompletedProcess(run.args, run.returncode, screen)

    def edit(self, old: str, new: str, file: str = "params.yaml") -> None:
        """Replace the one occurrence of ``old``, as with an editor."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file}: {old!r} stands {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def files(self) -> set[str]:
        """Every file outside Snakemake's own folder, for a before and after."""
        return {
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if path.is_file() and not {".snakemake", "__pycache__"} & set(path.parts)
        }


def checkout() -> list[str]:
    """The files that git has or would take, but for what a run in this checkout has made."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    names = filter(None, listed.stdout.split("\0"))
    return [name for name in names if name != "dvc.lock" and not name.startswith("results/")]


def copy_of_checkout(folder: Path) -> Path:
    """The checkout's files, as they are in the working tree."""
    for name in checkout():
        if (ROOT / name).is_symlink():
            (folder / name).symlink_to(os.readlink(ROOT / name))
        elif (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def made_once(name: str, make: Callable[[Path], None], copy: Path) -> Path:
    """Copy to ``copy`` the project that ``make`` makes in a folder, once for this very checkout.

    Sessions and processes of tests share it, as a run takes a minute: it is kept in .pytest_cache
    until a file of the checkout, or the environment, is another.
    """
    whole = hashlib.sha256((ROOT / ".venv" / ".complete").read_bytes())
    for file in sorted(checkout()):
        if (ROOT / file).is_file():
            whole.update(file.encode() + (ROOT / file).read_bytes())
    shelf = ROOT / ".pytest_cache" / "projects"
    shelf.mkdir(parents=True, exist_ok=True)
    with open(shelf / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = shelf / whole.hexdigest()[:16] / name
        if not kept.exists():
            for other in shelf.iterdir():
                if other.is_dir() and other != kept.parent:
                    shutil.rmtree(other)
            making = kept.parent / f"{name}.making"
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir(parents=True)
            make(making)
            making.rename(kept)
        shutil.copytree(kept, copy, symlinks=True, dirs_exist_ok=True)
    return copy


SMALLEST = {  # latency step: its numbers do not matter in a test, and the real one takes a minute
    "params.yaml": {
        "processes: 5 ": "processes: 2 ",
        "warmup_runs: 1 ": "warmup_runs: 0 ",  # nor the up to four more until two agree
        "rounds: 30 ": "rounds: 2 ",
    },
    "workflow/schemas/params.schema.yaml": {
        "examples: [3]\n        minimum: 1\n": "examples: [3]\n        minimum: 0\n",
        "minimum: 5\n        maximum: 1000\n": "minimum: 2\n        maximum: 1000\n",
        "minimum: 30\n": "minimum: 2\n",
    },
}


def params_of(folder: Path) -> dict:
    """What params.yaml says, unchecked: its own schema may allow less than the checkout's."""
    return yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))


def tiny(folder: Path, wheel: Path) -> Project:
    """A copy with configs/tiny.yaml, the smallest latency step, and the raw file at hand."""
    copy_of_checkout(folder)
    shutil.copy(folder / "configs" / "tiny.yaml", folder / "params.yaml")
    (folder / "data" / "raw" / "sample").mkdir(parents=True)
    shutil.copy(wheel, folder / "data" / "raw" / "sample" / wheel.name)
    project = Project(folder)
    for file, edits in SMALLEST.items():
        for old, new in edits.items():
            project.edit(old, new, file)
    return project
