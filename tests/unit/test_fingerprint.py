"""Which code a step's fingerprint covers. test_meaning.py has what a text means."""

import ast
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager

import pytest
from groupconv.ground import fingerprint
from groupconv.ground.errors import StepError
from project import ROOT

PACKAGE = ROOT / "workflow" / "groupconv"


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A copy of the package, which every test leaves as it was."""
    folder = tmp_path_factory.mktemp("copy") / "groupconv"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def package(copied, monkeypatch):
    """The copy, of which fingerprints are taken."""
    monkeypatch.setattr(fingerprint, "PACKAGE", copied)
    return copied


@pytest.fixture(scope="module")
def unedited(copied):
    """{step: fingerprint} of the copy as it was, and {file: the steps that import it}."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fingerprint, "PACKAGE", copied)
        reached = {step: fingerprint.imported(step) for step in fingerprint.STEPS}
        by = {path: {s for s in reached if path in reached[s]} for path in copied.rglob("*.py")}
        return fingerprints(), by


def fingerprints():
    return {step: fingerprint.digest(step) for step in fingerprint.STEPS}


@contextmanager
def edited(path, text):
    before = path.read_text(encoding="utf-8")
    path.write_text(text(before), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")


def test_a_comment_in_any_module_wakes_no_step(package):
    before = fingerprints()
    with ExitStack() as edits:
        for path in package.rglob("*.py"):
            edits.enter_context(edited(path, "# A comment.\n{}\n\n# The end.\n".format))
        assert fingerprints() == before


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.relative_to(PACKAGE).as_posix()
)
def test_another_constant_wakes_the_steps_that_import_it(path, package, unedited):
    """The fingerprint's own list of imports is held by test_rooms."""
    before, importers = unedited
    expected = importers[package / path.relative_to(PACKAGE)]
    with edited(package / path.relative_to(PACKAGE), "{}\nANOTHER = 1\n".format):
        woken = {step for step, digest in fingerprints().items() if digest != before[step]}
    room = path.relative_to(PACKAGE).parts[0]
    assert woken == (set() if room in ("ground", "settings") else expected)
    if room == "steps" and path.stem != "__init__":
        assert woken == {path.stem}
    if room == "engines":
        assert not woken


BLOCKS = """if 0:
    {0}
elif 1:
    {1}
else:
    {2}
try:
    {3}
except ValueError:
    {4}
else:
    {5}
finally:
    {6}
for i in ():
    {7}
else:
    {8}
while 0:
    with open(0):
        {9}
async def f():
    class A:
        {10}
match 0:
    case 0:
        {11}
"""


def test_an_import_in_any_block_is_seen_and_a_docstring_in_any_is_none(package):
    names = [path.stem for path in sorted((package / "network").glob("[a-z]*.py"))][:12]
    text = BLOCKS.format(*(f"from groupconv.network import {name}" for name in names))
    with edited(package / "steps" / "split.py", (text + "{}").format):
        found = {path.stem for path in fingerprint.imported("split")}
    assert set(names) <= found
    documented = BLOCKS.format(*('def g(): "What."; return 1' for _ in names))
    assert "What." not in fingerprint.meaning(documented, ast.parse(documented))


def test_a_module_that_is_no_python_is_one_line(package):
    broken = edited(package / "network" / "vgg.py", "{}\ndef (:\n".format)
    said = r"^workflow/groupconv/network/vgg\.py: line \d+: not Python: "
    with broken, pytest.raises(StepError, match=said):
        fingerprint.digest("train")


@pytest.mark.parametrize(
    "line",
    [
        "from . import macs",
        "from ..data.packed import INDEX",
        "def f():\n    from .. import data",
        "try:\n    from ..data import packed\nexcept ImportError:\n    pass",
    ],
)
def test_a_relative_import_is_refused(package, line):
    """It works, and no fingerprint would follow it."""
    at = next(i for i, one in enumerate(line.split("\n"), start=1) if "from ." in one)
    said = (
        rf"^workflow/groupconv/steps/split\.py: line {at}: a relative import, .*write groupconv\."
    )
    relative = edited(package / "steps" / "split.py", (line + "\n{}").format)
    with relative, pytest.raises(StepError, match=said):
        fingerprint.digest("split")


@pytest.mark.parametrize(
    "line",
    [
        "import importlib\nX = importlib.import_module('groupconv.results.rates')",
        "from importlib import import_module as get\nX = get('groupconv.results.rates')",
        "X = __import__('groupconv.results.rates')",
    ],
)
def test_an_import_by_a_text_is_refused(package, line):
    by_text = edited(package / "results" / "sweeping.py", (line + "\n{}").format)
    said = (
        r"^workflow/groupconv/results/sweeping\.py: .*: an import by a text, which no fingerprint"
    )
    with by_text, pytest.raises(StepError, match=said):
        fingerprint.digest("grid")


def test_a_step_has_the_code_that_was_held_whatever_the_files_say_since(package):
    fingerprint.hold("train", fingerprint.text("train"))
    before = fingerprints()
    with edited(package / "network" / "training.py", "{}\nANOTHER = 1\n".format):
        assert fingerprint.digest("train") == before["train"]
        assert fingerprint.digest("grid") != before["grid"]
        with pytest.raises(StepError, match=r"^train: its code was edited while it ran"):
            fingerprint.held().check()
    fingerprint.held().check()


@pytest.mark.parametrize("name", ["helper.py", "helpers/one.py", "helpers/deep/one.py"])
@pytest.mark.parametrize("text", ["import {0}", "def f():\n    from {0} import one"])
def test_a_module_beside_the_package_is_refused(package, name, text):
    """Python finds it, as step.py lies there; no fingerprint would have it."""
    path = package.parent / name
    package_of = package.parent / name.split("/")[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("X = 1\n")
    line = text.format(package_of.stem)
    said = rf"^workflow/groupconv/steps/split\.py: imports {package_of.stem} of workflow/: "
    try:
        with edited(package / "steps" / "split.py", (line + "\n{}").format):
            with pytest.raises(StepError, match=said):
                fingerprint.digest("split")
            fingerprint.digest("macs")
    finally:
        shutil.rmtree(package_of) if package_of.is_dir() else path.unlink()
    fingerprint.digest("split")


@pytest.mark.parametrize("end", ["\n", "\r"])
@pytest.mark.parametrize("coding", ["latin-1", "shift_jis", "no-such-coding"])
def test_another_coding_is_refused(package, coding, end):
    text = f"{end}# -*- coding: {coding} -*-{end}{{}}".format
    said = r"^workflow/groupconv/steps/split\.py: not Python: .*coding"
    with edited(package / "steps" / "split.py", text), pytest.raises(StepError, match=said):
        fingerprint.digest("split")


def test_a_byte_order_mark_means_nothing(package):
    """Python accepts it, and some editors write it."""
    before = fingerprint.digest("split")
    with edited(package / "steps" / "split.py", "\ufeff{}".format):
        assert fingerprint.digest("split") == before


def test_another_python_gives_the_same():
    """By the Pythons that are at hand here; with this one alone it says little."""
    code = "from groupconv.ground import fingerprint as f; print(*map(f.digest, f.STEPS))"
    for name in (sys.executable, "python3.12", "python3.13", "python3.14"):
        python = shutil.which(name)
        if python and not subprocess.run([python, "-c", ""], check=False).returncode:
            run = subprocess.run(
                [python, "-c", code],
                cwd=ROOT / "workflow",
                capture_output=True,
                text=True,
                check=True,
            )
            assert run.stdout.split() == list(fingerprints().values()), name


def test_every_step_has_a_fingerprint_of_its_own():
    digests = {fingerprint.digest(step) for step in fingerprint.STEPS}
    assert len(digests) == len(fingerprint.STEPS)


TRAINING = {"train", "grid"}
NETWORKS = {*TRAINING, "evaluate", "training_speed"}
ELSEWHERE = {"agreement", "export"}
IMPORTED_BY = {  # written by hand: neither more nor fewer
    "data/decode.py": {"prepare"},
    "data/packed.py": {"prepare", "square", "figures", "tables"},
    "data/parts.py": {"split", "summary", "claims", "tables", "report"},
    "data/transfer.py": {"download"},
    "data/sources/kmnist.py": {"download", "prepare", "report"},
    "network/architecture.py": {
        *(*NETWORKS, *ELSEWHERE, "macs", "latency"),
        *("summary", "claims", "tables", "figures"),
    },
    "network/loader.py": {*NETWORKS, *ELSEWHERE},
    "network/resume.py": TRAINING,
    "network/vgg.py": {*NETWORKS, *ELSEWHERE, "macs", "latency"},
    "network/back_ends/table.py": {*ELSEWHERE, "latency", "claims"},  # whose measures it names
    "network/back_ends/ov.py": {*ELSEWHERE, "latency"},
    "results/comparability.py": {"summary", "claims"},
    "results/intervals.py": {"evaluate", "agreement", "latency", "summary", "claims", "report"},
    "results/order.py": {
        *("grid", "sweep", "agreement", "latency", "training_speed"),
        *("summary", "tables", "figures", "report"),
    },
    "pages/drawing.py": {"figures"},
    "pages/tables.py": {"tables"},
    "engines/plan.py": set(),
    "ground/atomic.py": set(),
    "settings/resources.py": set(),
}


@pytest.mark.parametrize("name", IMPORTED_BY)
def test_a_constant_wakes_these_steps_and_no_others(name, package, unedited):
    before, _ = unedited
    with edited(package / name, "{}\nANOTHER = 1\n".format):
        woken = {step for step, digest in fingerprints().items() if digest != before[step]}
    assert woken == IMPORTED_BY[name]


def test_a_source_that_is_a_package_counts_too(package):
    before = fingerprints()
    mine = package / "data" / "sources" / "mine"
    mine.mkdir()
    (mine / "__init__.py").write_text("X = 1\n")
    try:
        changed = {step for step, digest in fingerprints().items() if digest != before[step]}
    finally:
        shutil.rmtree(mine)
    assert changed == {"download", "prepare", "report"}
