"""Every command that README, CONTRIBUTING and docs/ show runs as it is written, or says why not.

A comment on the line above a fenced block says how the block is held:
`<!-- run: PLACE -->`: it runs here: in this checkout, in a finished project (finished), or in one
with two commits and dvc.lock (versioned);
`<!-- tested by: FILE -->`: that test runs it as it is written;
`<!-- not run: REASON -->`: it needs what a test has not.
"""

import os
import re
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from project import ROOT, SNAKEMAKE
from versioned import Versioned, copied

DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "study/README.md")),
    *sorted(ROOT.glob("docs/*.md")),
]
FENCE = re.compile(r"^(?P<above>.*)\n```(?P<language>\S*)\n(?P<text>(?:.*\n)*?)```$", re.M)
MARKER = re.compile(r"<!-- (?P<kind>run|tested by|not run): (?P<what>.+) -->")
REASONS = {
    "needs a cluster",
    "needs a GPU",
    "needs a remote",
    "needs a terminal",
    "needs conda",
    "needs root",
    "needs the network",
    "runs the tests",
    "takes minutes",
}
PLACES = ("checkout", "finished", "versioned")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, its language, its text, and the comment above it."""

    document: Path
    line: int
    language: str
    text: str
    kind: str
    what: str

    @property
    def place(self) -> str:
        """For example docs/slurm.md:12."""
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def blocks(document: Path) -> list[Block]:
    """The fenced blocks of a document, in order."""
    text = document.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        marker = MARKER.fullmatch(match["above"])
        kind, what = (marker["kind"], marker["what"]) if marker else ("", "")
        line = text.count("\n", 0, match.start("language")) + 1
        found.append(Block(document, line, match["language"], match["text"], kind, what))
    return found


BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]
COMMANDS = [block for block in BLOCKS if block.language == "bash"]
TO_RUN = [block for block in COMMANDS if block.kind == "run"]


def test_all_blocks_are_found():
    fences = sum(
        line.startswith("```")
        for document in DOCUMENTS
        for line in document.read_text(encoding="utf-8").splitlines()
    )
    assert 2 * len(BLOCKS) == fences > 60


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_every_block_says_what_it_is_and_how_it_is_held(block):
    assert block.language in ("bash", "python", "text", "yaml")
    if block.language in ("text", "yaml"):
        assert not re.search(r"^\$ ", block.text, re.M), "commands stand in a bash block"
        return
    allowed = {
        "run": block.language == "bash" and block.what in PLACES,
        "not run": block.what in REASONS,
        "tested by": names(block.what, block.document.name),
    }
    assert allowed.get(block.kind), f"{block.place}: <!-- {block.kind}: {block.what} -->"


def names(test: str, document: str) -> bool:
    """Whether a file of tests reads the document."""
    path = ROOT / test
    return test.startswith("tests/") and path.is_file() and document in path.read_text()


@pytest.fixture(scope="module")
def places(request, tmp_path_factory):
    """A function: the name of a place -> its folder, made when it is first asked for."""
    made: dict[str, Path] = {"checkout": ROOT}

    def place(name: str) -> Path:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            made[name] = {"finished": done, "versioned": with_history}[name](folder)
        return made[name]

    def done(folder: Path) -> Path:
        project, _ = request.getfixturevalue("finished")
        return copied(project, folder).folder

    def with_history(folder: Path) -> Path:
        """Two states: another learning rate without results, then the present one, recorded."""
        project = Versioned(done(folder))
        shutil.copy(ROOT / ".dvc" / "plots" / "page.html", folder / ".dvc" / "plots")
        project.git("init", "--quiet")
        for key, value in (("user.name", "t"), ("user.email", "t@example.org")):
            project.git("config", key, value)
        as_it_is = (folder / "params.yaml").read_text()
        project.edit("learning_rate: 0.005", "learning_rate: 0.01")
        project.git("add", "--all", "--", ".", ":!results")
        project.git("commit", "--quiet", "--message", "another learning rate")
        (folder / "params.yaml").write_text(as_it_is)
        run = project.snakemake("--cores", "1")
        assert run.returncode == 0, run.stdout
        assert (folder / "dvc.lock").exists(), run.stdout
        return folder

    return place


@pytest.mark.parametrize("block", TO_RUN, ids=lambda block: block.place)
def test_the_commands_run_as_they_are_written(block, places):
    path = f"{SNAKEMAKE.parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text],
        cwd=places(block.what),
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, f"{block.text}\n{run.stdout}"


def test_every_link_leads_somewhere_and_readme_to_every_page():
    listed = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True)
    files = [ROOT / name for name in listed.splitlines()]
    there = {*files, *(folder for file in files for folder in file.parents)}  # in a clone, too
    reached = set()
    for document in DOCUMENTS:
        text = re.sub(r"(?ms)^```.*?^```$", "", document.read_text(encoding="utf-8"))
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            path = (document.parent / target).resolve()
            assert path in there, f"{document.name}: {target}"
            if document.name == "README.md":
                reached.add(path)
    assert reached >= set(DOCUMENTS[1:])


def test_the_front_page_is_short():
    assert len(DOCUMENTS[0].read_text(encoding="utf-8").splitlines()) <= 120


def test_one_version_everywhere():
    newest = re.search(
        r"^## (\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text(), re.M
    )
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {str(cited["version"]), project["version"]} == {newest[1]}
    assert str(cited["date-released"]) == newest[2]


def test_the_hooks_are_local_and_their_programs_are_installed():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repository["repo"] for repository in hooks] == ["local"]
    for hook in hooks[0]["hooks"]:
        assert hook["language"] == "system"
        assert (SNAKEMAKE.parent / hook["entry"].split()[0]).exists()
