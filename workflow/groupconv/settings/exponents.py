"""5e-05 is a number in YAML 1.2, which DVC writes, and a text in the YAML 1.1 of PyYAML."""

import re

NUMBER = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$")


def accept(loader: type) -> None:
    """Let a YAML loader read 5e-05 as a number, as YAML 1.2 and DVC do."""
    loader.add_implicit_resolver("tag:yaml.org,2002:float", NUMBER, list("-+0123456789"))


def as_numbers(value: object) -> object:
    """``value``, nested or not, with every text like 5e-05 as the number that it is."""
    if isinstance(value, dict):
        return {key: as_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_numbers(inner) for inner in value]
    return float(value) if isinstance(value, str) and NUMBER.match(value) else value
