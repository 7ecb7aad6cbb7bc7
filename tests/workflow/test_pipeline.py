"""One definition of each step: dvc.yaml and the table of docs/rebuilds.md follow from the rules."""

import affected
import yaml
from groupconv.settings import config
from project import ROOT

TABLE = "docs/rebuilds.md: its table of parameters has drifted: python tests/affected.py"


def test_dvc_yaml_is_what_the_rules_say(project):
    path = project.folder / "dvc.yaml"
    as_committed = path.read_text()
    assert project.snakemake("-n").returncode == 0
    assert path.read_text() == as_committed, "dvc.yaml has drifted: snakemake -n mends it"


def test_dvc_yaml_is_the_same_for_images_of_your_own(project):
    for label in ("a", "b"):
        (project.folder / "pics" / label).mkdir(parents=True)
        (project.folder / "pics" / label / "1.png").touch()
    project.edit("source: sample", "source: folder")
    project.edit("folder: data/folder", "folder: pics/")
    as_committed = (project.folder / "dvc.yaml").read_text()
    run = project.snakemake("-n")
    assert run.returncode == 0, run.stdout
    assert (project.folder / "dvc.yaml").read_text() == as_committed


def test_a_changed_rule_or_import_is_brought_over_and_said(project):
    old = "from groupconv.ground.errors import DataError\n"
    project.edit(old, f"from groupconv import intervals\n{old}", "workflow/groupconv/split.py")
    run = project.snakemake("-n")
    assert "dvc.yaml: brought up to the rules" in run.stdout
    stages = yaml.safe_load((project.folder / "dvc.yaml").read_text())["stages"]
    assert "workflow/groupconv/intervals.py" in stages["split"]["deps"]
    assert "brought up" not in project.snakemake("-n").stdout


def test_the_documents_table_is_that_of_the_pipeline():
    text = affected.DOCUMENT.read_text(encoding="utf-8")
    assert affected.inserted(text) == text, TABLE


def test_the_table_is_what_snakemake_would_make(finished):
    """One key of each row, changed in a finished project."""
    project, _ = finished
    changes = {
        "split.seed": ("  seed: 0               # not", "  seed: 1               # not"),
        "train.momentum": ("momentum: 0.9 ", "momentum: 0.8 "),
        "model.architecture": ("architecture: vgg13_bn", "architecture: vgg16_bn"),
        "evaluate.checkpoint": ("checkpoint: last ", "checkpoint: best_val "),
        "latency.rounds": ("rounds: 30 ", "rounds: 31 "),
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
        assert steps & set(expected["data.source"]) | steps & {"macs", "latency"} == set(
            expected[key]
        ), key
