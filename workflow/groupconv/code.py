"""Which files of ours a step runs: what they hold decides, with the params, what the step makes."""

import ast
import hashlib
from pathlib import Path

PACKAGE = Path(__file__).parent


def files(step: str) -> list[Path]:
    """The step's module and all of this package that it imports, directly or not, sorted."""
    found, open_ = set(), [PACKAGE / f"{step}.py"]
    while open_:
        path = open_.pop()
        if path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in getattr(node, "names", ())]
            if isinstance(node, ast.ImportFrom):
                names = [node.module or "", *(f"{node.module}.{name}" for name in names)]
            elif not isinstance(node, ast.Import):
                continue
            for name in names:
                package, *parts = name.split(".")
                if package == PACKAGE.name and parts:
                    stem = PACKAGE.joinpath(*parts)
                    # A package finds its modules itself.
                    candidates = (stem.with_suffix(".py"), *stem.glob("*.py"))
                    open_ += filter(Path.is_file, candidates)
    return sorted(found)


def digest(step: str) -> str:
    """sha256 of the content of those files."""
    whole = hashlib.sha256()
    for path in files(step):
        whole.update(path.read_bytes())
    return whole.hexdigest()
