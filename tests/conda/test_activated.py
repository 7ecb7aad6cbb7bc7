"""--use-conda: a step whose environment is not in use fails and says which; it runs in no other.

Without conda: what Snakemake writes before a step's command, with environments that are too broken
to be activated, or not broken enough to be noticed.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from groupconv.engines import conda
from project import ROOT

ACTIVATE = 'export PATH="$1/bin:$PATH" CONDA_PREFIX="$1"\n'
STEP = "import sys; open('ran', 'w').write(sys.prefix)"


@pytest.fixture
def place(tmp_path):
    """A repository whose step says where it ran, an `activate`, an environment of report.yaml."""
    (tmp_path / "workflow").mkdir()
    (tmp_path / "workflow" / "step.py").write_text(STEP)
    shutil.copytree(ROOT / "envs", tmp_path / "envs", ignore=shutil.ignore_patterns("req*"))
    (tmp_path / "activate").write_text(ACTIVATE)
    make_environment(environment(tmp_path))
    shutil.copy(ROOT / "envs" / "report.yaml", f"{environment(tmp_path)}.yaml")
    return tmp_path


def make_environment(folder):
    """As conda makes one: a program, no link, and its library, which is a link here."""
    library = Path(sysconfig.get_path("stdlib"))
    (folder / "bin").mkdir(parents=True)
    (folder / "lib").mkdir()
    shutil.copy(Path(sys._base_executable).resolve(), folder / "bin" / "python")
    (folder / "lib" / library.name).symlink_to(library)


def run(place, **variables):
    """Run the step as Snakemake does; the exit status, and its log."""
    command = f"source '{place}/activate' '{environment(place)}'; {conda.CHECKED}"
    command += "python workflow/step.py report '{\"a\": 1}' 2> log"
    here = f"{Path(sys.executable).parent}:{os.defpath}"
    shell = ["bash", "-c", command]
    env = {**os.environ, "PATH": here, **variables}
    done = subprocess.run(shell, cwd=place, env=env, check=False, capture_output=True)
    log = place / "log"
    return done.returncode, log.read_text() if log.exists() else ""


def environment(place):
    return place / ".snakemake" / "conda" / "an environment_"


def emptied(place):
    shutil.rmtree(environment(place))
    environment(place).mkdir()


def gone(place):
    shutil.rmtree(environment(place))


def without_python(place):
    (environment(place) / "bin" / "python").unlink()


def another_python(place):
    without_python(place)
    (environment(place) / "bin" / "python").symlink_to(sys.executable)


def another_environments_python(place):
    other = place / "other"
    make_environment(other)
    (environment(place) / "bin" / "python").unlink()
    (environment(place) / "bin" / "python").symlink_to(other / "bin" / "python")


def python_that_does_not_run(place):
    (environment(place) / "bin" / "python").unlink()
    (environment(place) / "bin" / "python").write_text("#!/nowhere/python\n")
    (environment(place) / "bin" / "python").chmod(0o755)


def activate_says_no(place):
    (place / "activate").write_text('echo "Not a conda environment: $1" >&2; return 1\n')


def activate_says_no_and_ends_well(place):
    (place / "activate").write_text('echo "Not a conda environment: $1" >&2\n')


def activate_puts_it_last(place):
    (place / "activate").write_text('export PATH="$PATH:$1/bin" CONDA_PREFIX="$1"\n')


def activate_takes_another(place):
    make_environment(place / "other")
    (place / "activate").write_text(f'set -- "{place}/other"\n{ACTIVATE}')


def nothing_activates(place):
    (place / "activate").unlink()


@pytest.mark.parametrize("variables", [{}, {"PYTHONHOME": "/nowhere"}, {"CONDA_PREFIX": "/other"}])
def test_a_step_runs_in_its_own_environment(place, variables):
    assert run(place, **variables) == (0, "")
    assert (place / "ran").read_text() == str(environment(place))


@pytest.mark.parametrize(
    "breaks",
    [
        emptied,
        gone,
        without_python,
        another_python,
        another_environments_python,
        python_that_does_not_run,
        activate_says_no,
        activate_says_no_and_ends_well,
        activate_puts_it_last,
        activate_takes_another,
        nothing_activates,
    ],
)
def test_a_step_fails_where_its_environment_is_not_in_use(place, breaks):
    breaks(place)
    status, log = run(place)
    assert status == 1
    assert not (place / "ran").exists()
    command, error = log.splitlines()
    assert command.startswith("python workflow/step.py report ")
    assert error.startswith("error: --use-conda: envs/report.yaml: its environment is not in use: ")
    assert "remove that folder" in error
    assert ".snakemake/conda/an environment_" in error


def test_an_environment_of_a_pin_file_is_named_by_it(place):
    (place / "envs" / "report.linux-64.pin.txt").write_text("@EXPLICIT\n")
    made = Path(f"{environment(place)}.yaml")
    made.unlink()
    made.with_suffix(".pin.txt").write_text("@EXPLICIT\n")
    emptied(place)
    assert "--use-conda: envs/report.linux-64.pin.txt: " in run(place)[1]


def test_a_check_that_is_missing_lets_no_step_run(place):
    (place / "envs" / "activated.sh").unlink()
    status, _ = run(place)
    assert status
    assert not (place / "ran").exists()
