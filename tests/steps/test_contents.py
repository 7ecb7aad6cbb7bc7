"""The table of figures and tables; and the recipe "a figure", done as it is written."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils.core import publish_parts
from docutils.writers.html4css1 import Writer
from groupconv.ground.errors import StepError
from groupconv.pages import captions, contents, drawing, kinds, tables
from groupconv.settings import config, reads
from groupconv.steps import claims
from groupconv.steps import tables as tables_step
from results_tree import build
from test_report import Outline

PARAMS = config.load("params.yaml")
PAPER = "workflow/paper/claims.yaml"
BY_HAND = ("tables", "claims")  # the claims, which open one by one
ROW = {"name": "n", "title": "N", "section": "data", "caption": "C.", "draw": "cost"}

# The recipe: a function at the end of drawing.py, and one more row of FIGURES.
RECIPE = Path("docs/recipes.md").read_text(encoding="utf-8")
FUNCTION, SPEED = re.findall(r"```python\n# workflow/\S+\.py\n(.*?)```", RECIPE, re.S)


def names(schemes):
    return [figure.name for figure in contents.figures(schemes)]


def test_curves_are_numbered_as_in_the_paper_then_by_name_whatever_the_order():
    expected = ["fig03", "fig07", "curves_A2", "curves_F"]
    for given in (["baseline", "A2", "D", "F"], ["F", "D", "A2", "baseline"]):
        drawn = [figure.name for figure in contents.figures(given) if figure.scheme]
        assert drawn == expected


def test_a_row_per_scheme_gives_each_its_own_title():
    titles = {figure.scheme: figure.title for figure in contents.figures(["baseline", "A", "F"])}
    titles.pop(None)
    assert titles == {"baseline": "Figure 3, baseline", "A": "Figure 4, scheme A", "F": "Scheme F"}


def test_a_rows_files_are_named_here_alone():
    rows = contents.figures(["baseline", "F"])[:2]
    assert contents.files(rows, "png", "f") == ["f/overview.png", "f/fig09.png"]
    assert contents.files(contents.TABLES, "md", Path("t"))[0] == "t/schemes.md"
    for rules in Path("workflow/rules").glob("*.smk"):
        assert not re.search(r"\.(svg|png)\"", rules.read_text(encoding="utf-8")), rules


def test_every_row_has_a_name_of_its_own_and_a_function():
    rows = [*contents.figures(PARAMS["schemes"]), *contents.TABLES]
    for kind in (contents.Figure, contents.Table):
        found = [row.name for row in rows if isinstance(row, kind)]
        assert len(found) == len(set(found))
    for row in rows:
        module = drawing if isinstance(row, contents.Figure) else tables
        assert contents.function(module, row).__module__ == module.__name__
        assert row.caption.endswith(".")


def test_a_section_that_the_page_does_not_have_is_one_line():
    with pytest.raises(StepError, match=r"n: section = 'date': the page has answer, claims, "):
        contents.Figure(**{**ROW, "section": "date"})
    with pytest.raises(StepError, match="section = ''"):
        contents.Table(name="t", title="T", section="", caption="C.", make="data")


@pytest.mark.parametrize("section", kinds.SECTIONS)
def test_a_figure_or_table_in_any_section_is_on_the_page(section):
    template = Path("workflow/report/report.html.j2").read_text(encoding="utf-8")
    after = template.split(f'{{{{ heading("{section}") }}}}')[1].split("{{ heading(")[0]
    for rows in ("tables", "figures"):
        assert f'{{{{ {rows}_of("{section}") }}}}' in after or (rows, section) == BY_HAND


def test_what_a_figure_shows_is_said_by_a_function_or_by_its_caption():
    row = contents.Figure(**ROW)
    assert contents.says(SimpleNamespace(cost=lambda given: f"{given} ms"), row, 5) == "5 ms"
    assert contents.says(SimpleNamespace(), row, 5) == "C."
    of_one = replace(row, scheme="E")
    assert contents.says(SimpleNamespace(cost=lambda g, s: f"{g} {s}"), of_one, 5) == "5 E"


def test_a_function_that_is_not_there_is_one_line():
    with pytest.raises(StepError, match=r"n: draw = 'costs': no function of drawing\.py"):
        contents.function(drawing, contents.Figure(**{**ROW, "draw": "costs"}))


def test_the_rules_read_the_table_without_what_draws():
    code = (
        "import sys; from groupconv.pages import contents; contents.figures(['baseline']);"
        "print([m for m in ('matplotlib', 'pandas', 'numpy', 'jinja2') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd="workflow", capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_snakemakes_caption_is_the_pages_caption(tmp_path, monkeypatch):
    odd = contents.Figure(**{**ROW, "caption": r"Marks_ are *text*: `a`, |b|, c\d, curves_F."})
    monkeypatch.setattr(contents, "FIGURES", (*contents.FIGURES, odd))
    captions.write(["baseline", "F"], tmp_path)
    figures = contents.figures(["baseline", "F"])
    assert {path.stem for path in tmp_path.iterdir()} == {figure.name for figure in figures}
    for figure in figures:
        text = captions.place(figure, tmp_path).read_text(encoding="utf-8")
        body = Outline(publish_parts(text, writer=Writer())["body"])
        assert body.text.strip() == figure.caption


def test_the_recipe_for_a_figure_is_one_function_and_one_row(tmp_path):
    workflow = tmp_path / "workflow"
    shutil.copytree("workflow", workflow, ignore=shutil.ignore_patterns("__pycache__"))
    pages = workflow / "groupconv" / "pages"
    with open(pages / "drawing.py", "a", encoding="utf-8") as file:
        file.write(f"\n\n{FUNCTION}")
    text = (pages / "contents.py").read_text(encoding="utf-8")
    before, after = text.split("\n)\n\nTABLES = (", 1)
    added = f"{before}\n{SPEED})\n\nTABLES = ({after}"
    (pages / "contents.py").write_text(added, encoding="utf-8")

    params = {**PARAMS, "schemes": {s: PARAMS["schemes"][s] for s in ("baseline", "E")}}
    paths = build(tmp_path / "results", params)
    given = "paper manifest summary comparisons latency training_speed claims".split()
    claims.run(reads.params_of(params, "claims"), **{name: paths[name] for name in given})
    given = ("summary", "claims", "manifest", "counts")
    part = reads.params_of(params, "tables")
    tables_step.run(part, **{name: paths[name] for name in given}, folder=paths["tables"])
    read = "claims manifest images summary comparisons history predictions runs layers latency"
    run(workflow, "figures", params, {name: paths[name] for name in read.split()}, paths["figures"])
    texts = {
        "claims": paths["claims"],
        "ambiguities": "workflow/paper/ambiguities.yaml",
        "texts": str(workflow / "report"),
    }
    read = "figures tables latency agreement summary comparisons tests report".split()
    run(workflow, "report", params, {**texts, **{name: paths[name] for name in read}})

    drawn = {path.name for path in Path(paths["figures"]).iterdir()}
    assert {"speed.svg", "speed.png", "fig03.svg", "fig08.svg"} <= drawn
    page = Path(paths["report"]).read_text(encoding="utf-8")
    outline = Outline(page)
    assert outline.heading_of["speed"] == "accuracy"
    words = " ".join(outline.text.split())
    assert "Images a second in training: a scheme's median over epochs & seeds." in words


def run(workflow, step, params, paths, folder=None):
    """Run one step of another copy of the code, in a process of its own."""
    paths = {**paths, "folder": folder} if folder else paths
    code = "import json, sys; from groupconv.steps import {0}; {0}.run(**json.load(sys.stdin))"
    given = json.dumps({"params": reads.params_of(params, step), **paths})
    command = [sys.executable, "-W", "error", "-c", code.format(step)]
    done = subprocess.run(
        command, input=given, env={"PYTHONPATH": str(workflow)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
