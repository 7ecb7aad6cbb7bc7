"""The meaning of a step's code: what can alter a result, and nothing else.

A fingerprint covers a step's module and all of this package that it imports, but for the rooms
that may not decide a number. Comments, docstrings and blank lines are left out. It is taken from
the text by positions, not from Python's own tree, so every Python from 3.11 on gives the same.
ground/provenance.py, which notes machine and versions in results, is left out on purpose.
Standard library.
"""

import ast
import hashlib
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from groupconv.ground.errors import StepError

PACKAGE = Path(__file__).parents[1]
WAKES_NOTHING = ("ground", "settings")  # rooms that may not decide a number
ADAPTERS = "engines"  # they import a step by its name, and no step imports them
TEXTS = {"STRING", "FSTRING_START", "TSTRING_START"}  # tokens that begin a text
BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")  # what has statements in it
BY_TEXT = re.compile(r"\b(import_module|__import__)\b")
STEPS = tuple(sorted(path.stem for path in (PACKAGE / "steps").glob("[a-z]*.py")))


@dataclass(frozen=True)
class Held:
    """What a process took as the meaning of ``step``'s code before it imported that."""

    step: str
    text: str

    def check(self) -> None:
        """Raise StepError if the files mean something else now, which another process imports."""
        if text(self.step) != self.text:
            raise StepError(f"{self.step}: its code was edited while it ran: run it again")


_held: list[Held] = []


def hold(step: str, meant: str) -> None:
    """From now on this process has the code that ``meant`` this, whatever its files say."""
    _held[:] = [Held(step, meant)]


def held() -> Held | None:
    """What a new process checks before it works for this one; None if nothing is held."""
    return _held[0] if _held else None


def digest(step: str) -> str:
    """One word for the meaning of ``step``'s code, where it is held as held. Raises StepError."""
    meant = next((one.text for one in _held if one.step == step), None)
    return hashlib.sha256((text(step) if meant is None else meant).encode()).hexdigest()


def text(step: str) -> str:
    """A line for each file that decides what ``step`` makes: sha256 of its meaning, and its path.

    Raises StepError if a file is not Python.
    """
    lines = []
    for path in files(step):
        if meant := _meaning(path, path.read_bytes()):
            lines.append(f"{hashlib.sha256(meant.encode()).hexdigest()}  {_name(path)}\n")
    return "".join(lines)


def files(step: str) -> list[Path]:
    """The files whose meaning decides what ``step`` makes, sorted. Raises StepError."""
    return [path for path in imported(step) if _room(path) not in WAKES_NOTHING]


def imported(step: str) -> list[Path]:
    """The step's module and every file of this package that it imports, directly or not.

    Raises StepError.
    """
    return reached(PACKAGE / "steps" / "__init__.py", PACKAGE / "steps" / f"{step}.py")


def reached(*files: Path) -> list[Path]:
    """The ``files`` and every file of this package that they import.

    Raises StepError, too if one imports a module beside the package: no fingerprint would have it.
    """
    found: set[Path] = set()
    waiting, beside = list(files), _beside()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            names, others, looks_for_modules = _imports(path, path.read_bytes())
            if strays := sorted(others & beside):
                raise StepError(
                    f"workflow/groupconv/{_name(path)}: imports {strays[0]} of workflow/: no "
                    f"change of it would be seen: move it into a room of workflow/groupconv/"
                )
            waiting += names
            if looks_for_modules:
                waiting += path.parent.rglob("*.py")
    return sorted(found)


def _beside() -> set[str]:
    """The modules and packages that lie beside this package, where Python finds them, too."""
    found = {path.stem for path in PACKAGE.parent.glob("*.py")}
    return found | {path.name for path in PACKAGE.parent.iterdir() if path.is_dir()} - {
        PACKAGE.name
    }


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def _room(path: Path) -> str:
    """The folder of the package that the file is in; "" beside the package."""
    return path.relative_to(PACKAGE).parts[0] if path.is_relative_to(PACKAGE) else ""


@cache
def _imports(path: Path, content: bytes) -> tuple[list[Path], set[str], bool]:
    """The files of this package that one file imports, and the names of other packages.

    Last, whether it looks for the modules beside it. Raises StepError.
    """
    found: list[Path] = []
    others: set[str] = set()
    looks = False
    for node in _statements(_parsed(path, content)):
        if isinstance(node, ast.ImportFrom):
            if node.level:
                raise StepError(
                    f"workflow/groupconv/{_name(path)}: line {node.lineno}: a relative import, "
                    f"which no fingerprint follows: write {PACKAGE.name}. in front"
                )
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        looks = looks or "pkgutil" in names
        for name in names:
            package, *parts = name.split(".")
            others |= {package} - {PACKAGE.name}
            for end in range(len(parts) + 1) if package == PACKAGE.name else ():
                place = PACKAGE.joinpath(*parts[:end])
                found += filter(Path.is_file, (place.with_suffix(".py"), place / "__init__.py"))
    may = looks or _room(path) in ("", ADAPTERS, *WAKES_NOTHING)
    if not may and (by_text := BY_TEXT.search(_meaning(path, content))):
        raise StepError(
            f"workflow/groupconv/{_name(path)}: {by_text[0]}: an import by a text, which no "
            f"fingerprint follows: write an import statement"
        )
    return found, others, looks


@cache
def _meaning(path: Path, content: bytes) -> str:
    tree = _parsed(path, content)
    return meaning(_decoded(content), tree)


def _decoded(content: bytes) -> str:
    """As Python reads it: some editors put a byte order mark first, which says nothing.

    Raises ValueError, SyntaxError.
    """
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    coding, _ = tokenize.detect_encoding(io.BytesIO(lines).readline)
    if not coding.startswith("utf-8"):
        raise ValueError(f"its first lines say that its coding is {coding}; save it as UTF-8")
    return content.decode("utf-8-sig")


@cache
def _parsed(path: Path, content: bytes) -> ast.Module:
    """Raises StepError."""
    try:
        return ast.parse(_decoded(content), filename=str(path))
    except (SyntaxError, ValueError) as error:  # UnicodeDecodeError is a ValueError
        line = f" line {error.lineno}:" if getattr(error, "lineno", None) else ""
        reason = getattr(error, "msg", None) or error
        raise StepError(f"workflow/groupconv/{_name(path)}:{line} not Python: {reason}") from error


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """The module and every statement in it, without their expressions, which are most of a tree.

    Each start of Snakemake reads every module; no import and no docstring is in an expression.
    """
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for block in BLOCKS:
            waiting += getattr(node, block, ())


def meaning(source: str, tree: ast.Module) -> str:
    """Python source without comments, docstrings and blank lines; other texts stay as they are.

    A docstring that goes over several lines, one of which has other code, stays, too.
    """
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    lines = source.split("\n")
    comments, goes_on = _tokens(source)
    for row, column in comments:
        lines[row - 1] = lines[row - 1][:column]
    for first, start, last, end in _saying_nothing(tree):
        before = lines[first - 1].encode()[:start].decode()
        after = lines[last - 1].encode()[end:].decode().lstrip()
        if first == last:  # a semicolon goes with it
            lines[first - 1] = before + after.removeprefix(";").lstrip()
        elif not (before + after).strip():
            lines[first - 1 : last] = [""] * (last - first + 1)
            goes_on.difference_update(range(first, last))
    # What ends in a backslash goes on, too: an empty line behind it ends the statement.
    goes_on.update(row for row, line in enumerate(lines, start=1) if line.endswith("\\"))
    meant = []
    for row, line in enumerate(lines, start=1):
        if row in goes_on:
            meant.append(line)
        elif line.strip() or row - 1 in goes_on:
            meant.append(line.rstrip())
    return "\n".join(meant)


def _tokens(source: str) -> tuple[list[tuple[int, int]], set[int]]:
    """Where each comment begins, and the lines at whose end a text goes on."""
    comments, goes_on, open_ = [], set(), []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        if kind == "COMMENT":
            comments.append(token.start)
        elif kind in TEXTS:
            open_.append(token.start[0])
        # Up to Python 3.11 a text is one token; later an f-string is several, nested.
        if kind == "STRING" or kind.endswith("STRING_END"):
            goes_on.update(range(open_.pop(), token.end[0]))
    return comments, goes_on


def _saying_nothing(tree: ast.Module) -> list[tuple[int, int, int, int]]:
    """(first line, its byte, last line, its byte) of what does nothing, the last one first.

    Docstrings, also one below a field or in parentheses, and what stands for them in the body of a
    function or class: `pass` and `...`.
    """
    found = []
    for node in _statements(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.append(node)
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            found += [one for one in node.body if isinstance(one, ast.Pass)]
    places = [(one.lineno, one.col_offset, one.end_lineno, one.end_col_offset) for one in found]
    return sorted(places, reverse=True)
