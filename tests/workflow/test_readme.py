"""README's first command, as a new user types it: slow, and the one test of the set-up."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from project import ROOT, copy_of_checkout

LEAST_TOP1 = 0.50


def blocks():
    """README's fenced blocks, in order."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^```\w*\n(.*?)^```$", text, flags=re.M | re.S)


def test_the_first_two_blocks_are_one_line_each_and_ci_calls_the_second():
    main, tests = (block.strip() for block in blocks()[:2])
    assert "\n" not in main + tests
    assert tests in (ROOT / ".ci" / "run").read_text()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_first_command_in_a_new_folder_makes_everything(tmp_path):
    folder = copy_of_checkout(tmp_path)
    # The Python that this environment was made from, and nothing of this environment.
    path = f"{Path(sys.base_prefix) / 'bin'}{os.pathsep}{os.defpath}"
    mine = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PYTEST_CURRENT_TEST")
    environment = {key: value for key, value in os.environ.items() if key not in mine}
    began = time.monotonic()
    run = subprocess.run(
        ["bash", "-c", blocks()[0]],
        cwd=folder,
        env={**environment, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-5000:]
    print(f"{time.monotonic() - began:.0f} s in all\n{run.stdout[-2500:]}")
    summary = pd.read_csv(folder / "results" / "summary.csv")
    assert summary["scheme"].tolist() == ["baseline", *"ABCDE"]
    assert (summary["test_top1"] >= LEAST_TOP1).all(), summary[["scheme", "test_top1"]]
    checked = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/results", f"--results={folder}"],
        cwd=ROOT,
        check=False,
    )
    assert checked.returncode == 0
