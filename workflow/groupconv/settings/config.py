"""params.yaml, or another file of its kind: read and checked. Knows no torch, and no step.

Here is the file; dialect.py has its YAML, unreadable.py says why it is none, schema.py checks each
key, across.py several at once, reads.py has what each step may read, comments.py writes the
comments. Every complaint is one line: file, key, value, what is allowed.
"""

import re
from pathlib import Path

from groupconv.ground.errors import ParamsError
from groupconv.settings import across, dialect, schema

COMMAND_LINE = "--config"  # an origin of params
EMPTY = "nothing in it; it needs every section: cp configs/tiny.yaml, or another complete file"


def load(path: str | Path) -> dict:
    """Read and check a params file. Raises ParamsError, one line per complaint."""
    return read(dialect.text_of(path), str(path))


def read(text: str, origin: str) -> dict:
    """The params in ``text``, checked; ``origin`` begins each complaint. Raises ParamsError."""
    params = parsed(text, origin)
    check(params, origin)
    return params


def parsed(text: str, origin: str) -> object:
    """What ``text`` says as YAML, not checked against the schema. Raises ParamsError."""
    params = dialect.parsed(text, origin)
    if params is None:
        raise ParamsError(f"{origin}: {EMPTY}")
    return params


def typed(params: dict) -> dict:
    """``params`` from Snakemake, with each text that stands for a number turned into that number.

    Snakemake takes every value of `--config 'train={epochs: 3}'` for text, and 5e-05 in a file,
    too.
    """
    return schema.typed(params)


def check(params: object, origin: str) -> None:
    """Check parsed params against the schema and across keys.

    ``origin`` (a file's name, or "--config") begins each line. Raises ParamsError.
    """
    lines = schema.complaints(params) or across.complaints(params)
    if origin == COMMAND_LINE:
        lines = [_as_it_is_typed(line, params) for line in lines]
    if lines:
        raise ParamsError("\n".join(f"{origin}: {line}" for line in lines))


def _as_it_is_typed(line: str, params: object) -> str:
    """A complaint of `--config`, with what it advises as one types it there."""
    if found := re.search(r"did you mean (\w+)\.(\w+)\?$", line):
        section, key = found.groups()
        given = re.match(r"(\w+) = (.*?): unknown key", line)
        if given and given[1] in params:  # --config epochs=3
            return f"{line[: found.start()]}type --config '{section}={{{key}: {given[2]}}}'"
    if found := re.match(r"(\w+)\b.*, as \1: (\{.*\})$", line):
        return f"{line[: line.rindex(', as ')]}, as --config '{found[1]}={found[2]}'"
    return line
