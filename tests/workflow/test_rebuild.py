"""After a change only the affected steps are made again."""

import re

import pytest

ALL = "train evaluate macs latency summary claims tables figures report all".split()


def planned(run):
    """The rules of a dry run, each with its number of jobs."""
    assert run.returncode == 0, run.stdout
    stats = run.stdout[run.stdout.rindex("Job stats:") :] if "Job stats:" in run.stdout else ""
    return {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", stats, re.M)}


def test_a_second_run_has_nothing_to_do(finished):
    project, _ = finished
    assert "Nothing to be done" in project.snakemake("-n").stdout


@pytest.mark.parametrize(
    ("old", "new", "rules"),
    [
        ("dpi: 150", "dpi: 151", {"figures": 1, "report": 1, "all": 1, "total": 3}),
    ],
)
def test_a_change_reaches_only_what_depends_on_it(finished, old, new, rules):
    project, _ = finished
    project.edit(old, new)
    try:
        assert planned(project.snakemake("-n")) == rules
    finally:
        project.edit(new, old)
