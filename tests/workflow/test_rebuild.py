"""After a change only the affected steps are made again."""

import os
import re

import pytest

TIMED = {"latency": 1, "agreement": 1, "training_speed": 1}
FILES = {"summary": "measure.smk", "evaluate": "train.smk"}  # of workflow/rules/
SUMMARIES = {"summary": 1, "claims": 1, "tables": 1, "figures": 1, "report": 1, "all": 1}


def planned(run):
    """The rules of a dry run, each with its number of jobs."""
    assert run.returncode == 0, run.stdout
    stats = run.stdout[run.stdout.rindex("Job stats:") :] if "Job stats:" in run.stdout else ""
    return {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", stats, re.M)}


def test_a_second_run_has_nothing_to_do(finished):
    project, _ = finished
    assert "Nothing to be done" in project.snakemake("-n").stdout


@pytest.mark.parametrize(
    ("edits", "step", "rules"),
    [
        (
            {
                "predictions=seam.literal(rules.evaluate.output.predictions)": (
                    "predictions=seam.literal(rules.evaluate.output.predictions.upper())"
                )
            },
            "summary",
            {},
        ),
        (
            {
                "last=rules.train.output.checkpoint,": "last=rules.train.output.best_val,",
                "best_val=rules.train.output.best_val,": "best_val=rules.train.output.checkpoint,",
            },
            "evaluate",
            {"evaluate": 3, "agreement": 1},
        ),
    ],
    ids=["a literal", "two inputs exchanged"],
)
def test_another_argument_of_a_rule_makes_its_step_again(finished, edits, step, rules):
    """Of the command's text, and of the stage's lists, nothing changes."""
    project, _ = finished
    for old, new in edits.items():
        project.edit(old, new, f"workflow/rules/{FILES[step]}")
    try:
        run = project.snakemake("-n")
        expected = {**SUMMARIES, **rules}
        assert planned(run) == {**expected, "total": sum(expected.values())}
        assert re.search(rf"^{step}.*: the rule's command changed$", run.stdout, re.M)
        assert "dvc.yaml: behind the rules" in run.stdout
    finally:
        for old, new in edits.items():
            project.edit(new, old, f"workflow/rules/{FILES[step]}")


@pytest.mark.parametrize("dated", [0, 4e9], ids=["1970", "2096"])
def test_a_dry_run_sees_past_strange_dates_and_leaves_them(finished, dated):
    """Snakemake alone would not see that the report, from an archive without dates, is made."""
    project, _ = finished
    folders = (project.folder / "results", project.folder / "logs")
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    before = {path: path.stat().st_mtime_ns for path in files}
    project.edit("dpi: 150", "dpi: 151")
    try:
        for path in files:
            os.utime(path, (dated, dated))
        run = project.snakemake("-n")
        assert planned(run) == {"figures": 1, "report": 1, "all": 1, "total": 3}
        assert "in the future" not in run.stdout
        assert {path.stat().st_mtime for path in files} == {dated}
    finally:
        project.edit("dpi: 151", "dpi: 150")
        for path, time_ns in before.items():
            os.utime(path, ns=(time_ns, time_ns))


@pytest.mark.parametrize(
    ("old", "new", "rules"),
    [
        ("dpi: 150", "dpi: 151", {"figures": 1, "report": 1, "all": 1}),
        ("rounds: 2 ", "rounds: 3 ", {"latency": 1, **SUMMARIES}),
        (
            "learning_rate: 0.005",
            "learning_rate: 0.01",
            {"train": 3, "evaluate": 3, "agreement": 1, **SUMMARIES},
        ),
        (
            "  E: {groups",
            "  F: {groups: [1, 2, 2, 2, 2]}\n  E: {groups",
            {"train": 1, "evaluate": 1, "macs": 1, **TIMED, **SUMMARIES},
        ),
        (
            "E: {groups: [1, 32, 32, 32, 32]}",
            "E: {groups: [1, 16, 32, 32, 32]}",
            {"train": 1, "evaluate": 1, "macs": 1, **TIMED, **SUMMARIES},
        ),
    ],
)
def test_a_change_reaches_only_what_depends_on_it(finished, old, new, rules):
    project, _ = finished
    project.edit(old, new)
    try:
        assert planned(project.snakemake("-n")) == {**rules, "total": sum(rules.values())}
    finally:
        project.edit(new, old)
