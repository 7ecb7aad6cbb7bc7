"""What a rule gives to its step: the path of each of the step's arguments, from its shell command.

For example, `macs={output.macs}` is the rule's output of that name.
"""

import re
from collections.abc import Callable

NO_PATHS = ("mirror", "threads")  # arguments of a step that are no part of its result
ONE = re.compile(r"(\w+)=\{(input|output|params)\.(\w+)(?::q)?\}")
SEVERAL = re.compile(r"\s\{params\.(\w+):q\}")  # each of its words is name=path already


def literal(text: str) -> Callable:
    """An argument as it stands: Snakemake would take braces in it for wildcards."""

    def given(wildcards):
        return text

    given.text = text
    return given


def arguments(command: str, inputs: dict, outputs, params) -> tuple[dict[str, str], dict[str, str]]:
    """({argument: path} of the rule's own files, {argument: text} of literals), in their order.

    ``inputs``: {name: paths}; ``outputs`` and ``params`` have them by name, as Snakemake keeps
    them. Of several inputs in one argument it returns the first.
    """
    paths, literals = {}, {}
    for name, kind, what in ONE.findall(command):
        if name in NO_PATHS:
            continue
        if kind == "input":
            paths[name] = inputs[what][0]
        elif kind == "output":
            paths[name] = str(getattr(outputs, what))
        elif (text := getattr(getattr(params, what), "text", None)) is not None:
            literals[name] = text
        else:  # seam.reads: paths without wildcards
            paths[name] = getattr(params, what)(None)[0]
    paths |= {name: inputs[name][0] for name in SEVERAL.findall(command) if inputs.get(name)}
    return paths, literals
