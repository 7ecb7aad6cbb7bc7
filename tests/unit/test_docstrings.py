"""A public docstring names the errors that its function raises; ruff holds that it is there."""

import ast

import pytest
from groupconv.data import archive, transfer
from groupconv.ground import errors
from project import ROOT

PACKAGE = ROOT / "workflow" / "groupconv"
OURS = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}
OURS |= {kind.__name__: kind for kind in (archive.DamagedError, transfer.TransferError)}
FUNCTIONS = [
    (path.relative_to(PACKAGE).as_posix(), node)
    for path in sorted(PACKAGE.rglob("*.py"))
    for top in ast.parse(path.read_text("utf-8")).body
    for node in (top, *(top.body if isinstance(top, ast.ClassDef) else ()))
    if isinstance(node, ast.FunctionDef) and not {top.name[0], node.name[0]} & {"_"}
]


def raised(function):
    """Names of our errors that the function itself raises, and nobody in it catches."""
    inner = [n for n in ast.walk(function) if isinstance(n, ast.FunctionDef) and n is not function]
    skipped = {id(n) for one in inner for n in ast.walk(one)}
    for node in ast.walk(function):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            name = ast.unparse(node.exc.func).rpartition(".")[2]
            if name in OURS and id(node) not in skipped:
                yield name


@pytest.mark.parametrize("path", sorted({path for path, _ in FUNCTIONS}))
def test_the_errors_that_a_function_raises_are_named(path):
    for at, function in FUNCTIONS:
        said = ast.get_docstring(function) or ""
        for name in raised(function) if at == path else ():
            known = [kind.__name__ for kind in OURS[name].__mro__ if kind.__name__ in OURS]
            assert any(one in said for one in known), f"{path}: {function.name}: {name}"
