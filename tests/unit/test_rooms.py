"""The rooms of workflow/groupconv, and what none of them may import: read from the imports."""

import ast
import json
import subprocess
import sys
from graphlib import TopologicalSorter

import pytest
from groupconv.ground import fingerprint
from project import ROOT

PACKAGE = ROOT / "workflow" / "groupconv"
ROOMS = {"steps", "network", "data", "results", "pages", "settings", "engines", "ground"}
NEVER = {
    "steps": {"steps", "engines"},
    "network": {"steps", "engines", "settings", "pages"},
    "data": {"steps", "engines", "settings", "pages"},
    "results": {"steps", "engines", "settings", "pages"},
    "pages": {"steps", "engines", "settings"},
    "settings": {"steps", "engines", "pages"},
    "ground": ROOMS - {"ground"},
}
ENGINES = {"snakemake", "snakemake_interface_logger_plugins", "snakemake_executor_plugin_slurm"}
# A change in ground/ wakes no step, so nothing of it may reach the bytes of a result but what is
# left out of fingerprints on purpose: the facts about machine, versions, commit and code.
WRITES_AND_ENDS = {"atomic", "errors"} | {
    f"errors.{kind}Error" for kind in "Step Params Scheme Data Device Diverged Disk".split()
}
FACTS = {"fingerprint", "machine", "provenance", "provenance.machine"}
FACTS |= {"provenance.versions", "provenance.program_version", "provenance.commit"}
MESSAGES = {"progress", "errors.span"}  # words of the screen and of errors, in no file
MESSAGES |= {f"progress.{name}" for name in "say amount many ending duration".split()}
SPEAKING = {"report", "tables", "figures", "claims", "summary"}  # steps whose files have sentences
# Where what the report imports counts with words for the screen, and not in an error.
COUNTING = {
    "data/division.py",  # says(): on the screen and on the page; stays, as a change wakes split
    "data/layout.py",  # prepare's lines on the screen
    "data/sources/folder.py",  # the same
}
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST = 300  # lines


def room(path):
    return path.relative_to(PACKAGE).parts[0]


def imports(path):
    """Every module that the file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_module_has_a_room():
    assert {room(path) for path in MODULES} == ROOMS | {"__init__.py"}
    found = sorted(path.stem for path in (PACKAGE / "steps").glob("[a-z]*.py"))
    assert found == sorted(fingerprint.STEPS)
    assert len(found) == 18


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_no_room_imports_what_it_may_not(path):
    names = [name.split(".") for name in imports(path)]
    ours = {parts[1] for parts in names if parts[0] == "groupconv" and len(parts) > 1}
    forbidden = NEVER.get(room(path), set())
    if room(path) == "steps":  # another step: groupconv.steps itself names none
        forbidden = forbidden - {"steps"}
        others = {parts[2] for parts in names if parts[:2] == ["groupconv", "steps"] and parts[2:]}
        assert not others, others
    assert not ours & forbidden
    engines = {parts[0] for parts in names} & (ENGINES | {"dvc"})
    assert not engines or room(path) == "engines", engines


def test_no_module_imports_what_lies_beside_the_package():
    """Python would find it there; no fingerprint has it."""
    folder = PACKAGE.parent
    beside = {path.stem for path in folder.iterdir()} - {PACKAGE.name}
    assert {"step", "fingerprints", "rules"} <= beside
    for path in MODULES:
        assert not {name.split(".")[0] for name in imports(path)} & beside, path


def test_no_modules_import_each_other_in_a_circle():
    """Inside of a function, too."""
    named = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in MODULES}
    graph = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): named & set(imports(path))
        for path in MODULES
    }
    TopologicalSorter(graph).prepare()  # CycleError names the modules


def test_what_wakes_a_step_imports_nothing_of_settings_but_its_needs():
    """settings/ is not in a step's fingerprint: what a step takes from it may decide no number."""
    for path in MODULES:
        if room(path) in ("steps", "pages"):
            taken = {n for n in imports(path) if n.startswith("groupconv.settings.")}
            assert taken <= {"groupconv.settings.resources"}, path


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_what_wakes_nothing_gives_a_result_nothing(path):
    before = "groupconv.ground."
    taken = {name.removeprefix(before) for name in imports(path) if name.startswith(before)}
    if room(path) in ("results", "pages"):
        assert taken <= WRITES_AND_ENDS
    elif room(path) == "steps" and path.stem in SPEAKING:
        assert taken <= WRITES_AND_ENDS | FACTS | {"progress", "progress.say"}
    elif room(path) in ("steps", "network", "data"):
        assert taken <= WRITES_AND_ENDS | FACTS | MESSAGES


def test_no_sentence_of_the_page_comes_of_words_for_the_screen():
    says = []
    for path in fingerprint.files("report"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        errors = {id(n) for e in ast.walk(tree) if isinstance(e, ast.Raise) for n in ast.walk(e)}
        counts = "groupconv.ground.progress.many" in set(imports(path))
        for node in ast.walk(tree):
            if counts and isinstance(node, ast.Call) and getattr(node.func, "id", "") == "many":
                says += [path] if id(node) not in errors else []
    assert {path.relative_to(PACKAGE).as_posix() for path in says} == COUNTING


@pytest.mark.parametrize("folder", ["workflow", "tests", "benchmarks", "study"])
def test_no_file_is_long(folder):
    files = [p for p in (ROOT / folder).rglob("*") if p.suffix in (".py", ".smk")]
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in files}
    assert not [path for path, count in lines.items() if count > LONGEST]


LOADED = """
import importlib, json, sys
found = {}
for step in sys.argv[1:]:
    for name in [name for name in sys.modules if name.split(".")[0] == "groupconv"]:
        del sys.modules[name]
    importlib.import_module("groupconv.steps." + step)
    ours = [m for name, m in sys.modules.items() if name.split(".")[0] == "groupconv"]
    found[step] = [module.__file__ for module in ours]
print(json.dumps(found))
"""


def test_what_python_loads_for_a_step_is_what_its_fingerprint_reads():
    """Imports inside of functions are read, too, though they are not loaded yet."""
    run = subprocess.run(
        [sys.executable, "-c", LOADED, *fingerprint.STEPS],
        cwd=ROOT / "workflow",
        capture_output=True,
        text=True,
        check=True,
    )
    for step, files in json.loads(run.stdout).items():
        assert set(files) <= {str(path) for path in fingerprint.imported(step)}, step
