"""The meaning of a step's code as one word: what can alter a result, and nothing else.

A fingerprint covers a step's module and all of this package that it imports, but for the rooms
that may not decide a number. Comments, docstrings and blank lines are left out of the text. It is
taken by positions, not from Python's own tree or tokens, so it is the same for every Python from
3.11 on. Standard library.
"""

import ast
import hashlib
import io
import tokenize
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
WITHOUT = ("ground", "settings")  # rooms that wake no step
STEPS = tuple(sorted(path.stem for path in (PACKAGE / "steps").glob("[a-z]*.py")))


def files(step: str) -> list[Path]:
    """The files whose meaning decides what ``step`` makes, sorted. Raises SyntaxError."""
    return [path for path in imported(step) if path.relative_to(PACKAGE).parts[0] not in WITHOUT]


def imported(step: str) -> list[Path]:
    """The step's module and every file of this package that it imports, directly or not."""
    found: set[Path] = set()
    waiting = [PACKAGE / "steps" / f"{step}.py"]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imports(path, path.stat().st_mtime_ns)
    return sorted(found)


@cache
def _imports(path: Path, _changed_ns: int) -> list[Path]:
    """What one file imports of this package; a package that looks for modules imports them all."""
    found = []
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            if "pkgutil" in names:
                found += sorted(path.parent.glob("*.py"))
        else:
            continue
        for name in names:
            package, *parts = name.split(".")
            if package == PACKAGE.name:
                for end in range(len(parts) + 1):
                    place = PACKAGE.joinpath(*parts[:end])
                    found += filter(Path.is_file, (place.with_suffix(".py"), place / "__init__.py"))
    return found


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes(), filename=str(path))


def digest(step: str) -> str:
    """The fingerprint: sha256 of the names and meanings of the step's files. Raises SyntaxError."""
    whole = hashlib.sha256()
    for path in files(step):
        text = _meaning(path, path.read_bytes())
        whole.update(f"{path.relative_to(PACKAGE).as_posix()}\n{text}\n".encode())
    return whole.hexdigest()


@cache
def _meaning(path: Path, content: bytes) -> str:
    return meaning(content.decode("utf-8"), str(path))


def meaning(source: str, name: str = "<text>") -> str:
    """Python source without comments, docstrings and blank lines. Raises SyntaxError.

    Lines inside of a text that is no docstring stay as they are.
    """
    lines = source.splitlines()
    kept: set[int] = set()  # lines of which the next line's beginning is inside a text
    for node in ast.walk(ast.parse(source, filename=name)):
        if isinstance(node, (ast.Constant, ast.JoinedStr)) and node.end_lineno > node.lineno:
            kept.update(range(node.lineno, node.end_lineno))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source, filename=name)):
        body = getattr(node, "body", None)
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if not ast.get_docstring(node, clean=False):
            continue
        text = body[0].value
        kept.difference_update(range(text.lineno, text.end_lineno))
        end = lines[text.end_lineno - 1].encode()[text.end_col_offset :].decode()
        for row in range(text.lineno, text.end_lineno + 1):
            start = lines[row - 1].encode()[: text.col_offset].decode() if row == text.lineno else ""
            lines[row - 1] = start + (end if row == text.end_lineno else "")
    meant, inside = [], False
    for row, line in enumerate(lines, start=1):
        if inside or row in kept:
            meant.append(line)
        elif line.strip(" \t\f;"):
            meant.append(line.rstrip())
        inside = row in kept
    return "\n".join(meant)
