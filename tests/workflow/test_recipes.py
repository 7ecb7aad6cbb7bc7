"""The recipe for a figure works as docs/recipes.md writes it: one function, one row."""

import re

import pytest
from project import ROOT
from versioned import computed, copied

BLOCKS = re.findall(
    r"```python\n# (workflow/\S+\.py)\n(.*?)```",
    (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8"),
    re.S,
)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_figure_is_one_function_and_one_row(finished, tmp_path):
    project = copied(finished[0], tmp_path)
    (drawing, function), (contents, row) = BLOCKS
    with open(project.folder / drawing, "a", encoding="utf-8") as file:
        file.write(f"\n\n{function}")
    project.edit("\nFIGURES = (\n", f"\nFIGURES = (\n{row}", contents)
    run = project.snakemake("--cores", "2")
    assert run.returncode == 0, run.stdout
    assert computed(run.stdout) == {"tables", "figures", "report"}
    for kind in ("svg", "png"):
        assert (project.folder / "results" / "figures" / f"speed.{kind}").stat().st_size > 1000
    page = (project.folder / "results" / "report.html").read_text(encoding="utf-8")
    assert page.index('id="accuracy"') < page.index('<figure id="speed">') < page.index('id="cost"')
