"""A copy of this project, without what a run or the set-up made in it."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
EVERYWHERE = shutil.ignore_patterns("__pycache__")
MADE = {".venv", ".git", ".snakemake", "dvc.lock", "results", "logs"}  # of the root alone
MADE_BELOW = {"raw", "cache", "tmp"}  # of data/ and .dvc/


def copy(folder: Path) -> None:
    """Copy the project to ``folder``, as a git repository of its own."""

    def ignored(at: str, names: list[str]) -> set[str]:
        made = {ROOT: MADE, ROOT / "data": MADE_BELOW, ROOT / ".dvc": MADE_BELOW}
        return EVERYWHERE(at, names) | (made.get(Path(at), set()) & set(names))

    shutil.copytree(ROOT, folder, symlinks=True, dirs_exist_ok=True, ignore=ignored)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
