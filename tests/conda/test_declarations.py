"""envs/*.yaml: the pins, what each rule declares, and --use-conda where there is no conda."""

import ast
import json
import os
import re
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from declared import declared, pip_name
from groupconv.engines import conda
from groupconv.ground import fingerprint
from groupconv.settings import resources
from project import ROOT

# Snakemake's own parser, in a process of its own: a Snakefile changes the process that reads it.
PARSE = """
import json, sys
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, ResourceSettings
from snakemake.settings.types import WorkflowSettings
from snakemake_interface_executor_plugins.settings import ExecMode
device = {"device": sys.argv[1]}
with SnakemakeApi(OutputSettings()) as snakemake:
    parsed = snakemake.workflow(
        ResourceSettings(cores=1),
        ConfigSettings(config={"train": device, "latency": device}),
        workflow_settings=WorkflowSettings(exec_mode=ExecMode[sys.argv[2]]),
    )._workflow
print(json.dumps({
    rule.name: {
        "shell": rule.shellcmd,
        "environment": str(rule.conda_env or ""),
    }
    for rule in parsed.rules
}))
"""
# Declared, though no module of ours imports it: what runs, what fvcore imports, a font's folder.
NOT_IMPORTED = {"python", "pip", "iopath", "matplotlib-fontja"}
# What has other versions on conda-forge than elsewhere, and no part in a result.
NOT_PINNED = {"python": ">=3.11,<3.15", "pip": ""}
# provenance imports torch only when it is asked for the machine, which report does not.
NOT_REACHED = {"report.yaml": {"torch"}}
# More back ends of latency; a machine that has them imports them.
OPTIONAL = {"onnx", "onnxruntime", "openvino"}
# What every step runs first.
ADAPTER = fingerprint.reached(ROOT / "workflow" / "step.py")


@cache
def rules(device="cpu", mode="DEFAULT"):
    """Each rule with a command: that, and the environment's file.

    ``mode`` REMOTE: as a node reads it, for a job from a machine with a GPU.
    """
    run = subprocess.run(
        [sys.executable, "-c", PARSE, device, mode],
        cwd=ROOT,
        env={**os.environ, resources.GPUS: "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout).items()
    return {name: {**rule, "step": name} for name, rule in found if rule["shell"]}


def environment(rule):
    """The name of the rule's environment file."""
    return Path(rule["environment"]).name


def imported(rule):
    """The packages that the rule's code imports, as pip names them."""
    owners = metadata.packages_distributions()
    names = set()
    for file in [*fingerprint.imported(rule["step"]), *ADAPTER]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module.partition(".")[0])
    return {owners[name][0].lower() for name in names if name in owners} - {"groupconv"}


def test_conda_and_pip_have_the_same_versions():
    pins = {}
    for name in ("requirements.txt", "torch.txt"):
        text = (ROOT / "envs" / name).read_text()
        pins |= dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.M))
    for file, packages in declared().items():
        for name, version in packages.items():
            wanted = NOT_PINNED[name] if name in NOT_PINNED else f"={pins[pip_name(name)]}"
            assert version == wanted, f"{file}: {name}"


def test_only_conda_forge_is_asked_and_of_no_special_word():
    for file in sorted((ROOT / "envs").glob("*.yaml")):
        assert yaml.safe_load(file.read_text())["channels"] == ["conda-forge"], file.name
    pin = (ROOT / "envs" / "pin.sh").read_text()
    for name, value in conda.CHANNELS.items():
        assert f"{name}={value}" in pin


def test_every_rule_that_runs_python_declares_its_environment():
    assert len(rules()) == 18
    for name, rule in rules().items():
        assert rule["shell"].startswith(f"python workflow/step.py {name} ")
        assert environment(rule) in declared(), name


def test_a_rule_that_asks_for_a_gpu_gets_the_cuda_build():
    changed = {
        name for name in rules() if environment(rules()[name]) != environment(rules("cuda")[name])
    }
    assert changed == {"train", "evaluate", "agreement", "grid", "latency", "training_speed"}
    for name in changed:
        assert environment(rules()[name]) == "torch-cpu.yaml"
        assert environment(rules("cuda")[name]) == "torch-cuda.yaml"
    cpu, cuda = declared()["torch-cpu.yaml"], declared()["torch-cuda.yaml"]
    assert cuda.pop("pytorch-gpu") == cpu.pop("pytorch-cpu")
    assert cuda == cpu


@pytest.mark.skipif(resources.gpus_here(), reason="hardware: has a GPU")
def test_auto_is_decided_where_the_workflow_was_started():
    assert environment(rules("auto")["train"]) == "torch-cpu.yaml"
    assert environment(rules("auto", "REMOTE")["train"]) == "torch-cuda.yaml"


@pytest.mark.parametrize("file", ["data.yaml", "torch-cpu.yaml", "report.yaml"])
def test_an_environment_declares_what_its_steps_import_and_no_more(file):
    mine = [rule for rule in rules().values() if environment(rule) == file]
    wanted = set().union(*map(imported, mine)) - NOT_REACHED.get(file, set()) - OPTIONAL
    assert {pip_name(name) for name in declared()[file]} - NOT_IMPORTED == wanted


@pytest.mark.parametrize("dry", [[], ["-n"]])
def test_without_conda_one_line_says_how_to_get_it(project, dry):
    before = project.files()
    run = project.snakemake("--cores", "8", "--use-conda", *dry)
    assert run.returncode == 1
    assert run.stdout.splitlines() == [
        "Using workflow specific profile profiles/default for setting default command line "
        "arguments.",
        "--use-conda: no conda command (24.7.1 or newer) on this machine's PATH: install "
        "Miniforge, https://github.com/conda-forge/miniforge, or leave --use-conda out",
    ]
    assert project.files() == before
