"""One definition of each step: dvc.yaml and the table of docs/rebuilds.md follow from the rules."""

import re

import affected
import pytest
from groupconv.settings import config
from project import ROOT

TABLE = "docs/rebuilds.md: its table of parameters has drifted: python tests/affected.py"


def test_dvc_yaml_is_what_the_rules_say(project):
    run = project.snakemake("-n")
    assert run.returncode == 0
    assert "dvc.yaml: behind the rules" not in run.stdout, "snakemake --cores 1 pipeline mends it"


def test_dvc_yaml_is_the_same_for_images_of_your_own(project):
    for label in ("a", "b"):
        (project.folder / "pics" / label).mkdir(parents=True)
        (project.folder / "pics" / label / "1.png").touch()
    project.edit("source: sample", "source: folder")
    project.edit("folder: data/folder", "folder: pics/")
    run = project.snakemake("-n")
    assert run.returncode == 0, run.stdout
    assert "dvc.yaml: behind the rules" not in run.stdout


def test_the_documents_table_is_that_of_the_pipeline():
    text = affected.DOCUMENT.read_text(encoding="utf-8")
    assert affected.inserted(text) == text, TABLE


def test_a_trained_network_is_evaluated_before_the_next_is_trained(finished):
    """The first core that a training leaves evaluates; two that end at once may hide the second."""
    said = re.findall(r"^(train|evaluate) \w+ seed 0: started", finished[1], re.M)
    assert said[:3] == ["train", "train", "evaluate"]  # three trainings, two cores


@pytest.mark.slow
def test_the_table_is_what_snakemake_would_make(finished):
    """One key of each row, changed in a finished project."""
    project, _ = finished
    changes = {
        "split.seed": ("  seed: 0               # decides", "  seed: 1               # decides"),
        "train.momentum": ("momentum: 0.9 ", "momentum: 0.8 "),
        "model.architecture": ("architecture: vgg13_bn", "architecture: vgg16_bn"),
        "evaluate.checkpoint": ("checkpoint: last ", "checkpoint: best_val "),
        "latency.rounds": ("rounds: 2 ", "rounds: 3 "),
        "figures.dpi": ("dpi: 150", "dpi: 151"),
        "data.classes": ("classes: 3 ", "classes: 4 "),
    }
    expected = affected.reached(config.load(ROOT / "params.yaml"))
    for key, (old, new) in changes.items():
        project.edit(old, new)
        lines = project.snakemake("-n").stdout.splitlines()
        project.edit(new, old)
        steps = {
            line.split()[0].rstrip(":") for line in lines if line[:1].islower() and ": " in line
        }
        assert steps & set(expected["data.source"]) | steps & {
            "macs",
            "latency",
            "training_speed",
        } == set(expected[key]), key
