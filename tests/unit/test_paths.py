"""The rules name the files of data/ and results/; what else spells one is held to them here."""

import ast
import re

import pytest
import yaml
from groupconv.pages import making
from project import ROOT

PATH = re.compile(r"(data|results)/[\w./{}]+\.\w+")
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]
SPELLED = sorted(
    {
        (node.value, path.relative_to(ROOT).as_posix())
        for path in (ROOT / "workflow" / "groupconv").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and PATH.fullmatch(str(node.value))
    }
)


def outputs(stage):
    """What the stage makes, with Snakemake's wildcards."""
    paths = [path if isinstance(path, str) else next(iter(path)) for path in stage["outs"]]
    return [re.sub(r"\$\{item\.(\w+)\}", r"{\1}", path) for path in paths]


@pytest.mark.parametrize(("path", "module"), SPELLED)
def test_a_path_that_the_code_spells_is_one_that_a_rule_makes(path, module):
    made = [output for stage in STAGES.values() for output in outputs(stage)]
    assert any(f"{path}/".startswith(f"{output}/") for output in made)


@pytest.mark.parametrize("step", making.STEPS, ids=lambda step: step.name)
def test_the_page_asks_snakemake_for_what_the_step_makes(step):
    assert step.target in outputs(STAGES[step.name])
