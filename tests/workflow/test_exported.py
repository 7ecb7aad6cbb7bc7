"""A network is exported by its name, and runs without torch as docs/latency.md writes it."""

import re
import shlex
import shutil
import subprocess
import sys

import pandas as pd
import pytest
from project import ROOT
from versioned import copied

DOCUMENT = (ROOT / "docs" / "latency.md").read_text(encoding="utf-8")
(COMMAND,) = re.findall(r"```bash\n(snakemake .*model.onnx)\n```", DOCUMENT)
(PROGRAM,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.S)


@pytest.mark.slow
def test_the_recipe_gives_the_classes_that_evaluate_found(finished, tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    project = copied(finished[0], tmp_path / "project")
    run = project.snakemake(*shlex.split(COMMAND)[1:])
    assert run.returncode == 0, run.stdout
    place = tmp_path / "elsewhere"
    place.mkdir()
    folder = project.folder / "results/schemes/E/seed0"
    shutil.copy(folder / "model.onnx", place)
    shutil.copy(project.folder / "data/square.npy", place)
    assert len(printed(PROGRAM, place)) == 5
    assert "[:5]" in PROGRAM
    names = printed(PROGRAM.replace("[:5]", ""), place)
    manifest = pd.read_csv(project.folder / "data/manifest.csv", dtype=str)
    assert len(names) == len(manifest)
    found = dict(zip(manifest["id"], names, strict=True))
    for name in ("predictions.csv", "val_predictions.csv"):
        table = pd.read_csv(folder / name, dtype=str)
        assert [found[image] for image in table["id"]] == table["predicted"].tolist()
    # No step reads the file: nothing is made again.
    assert "Nothing to be done" in project.snakemake("-n").stdout


def printed(program, folder):
    """The classes that the program prints, where there is no torch."""
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.modules['torch'] = None\n{program}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.split()
