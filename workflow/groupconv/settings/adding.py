"""A new key of the schema, put with its value into the text of a params file.

The key stands where the schema has it: behind the last key before it that the file has. A section
that the file lacks is put at its end. Everything else stays as its owner wrote it.
"""

import yaml

from groupconv.ground.errors import ParamsError
from groupconv.settings import config, schema


def check(name: str, value: str) -> None:
    """Refuse what no file may have: a ``name`` (SECTION.KEY) or a ``value`` against the schema.

    Raises ParamsError, one line.
    """
    section, _, key = name.partition(".")
    sections = schema.read()["properties"]
    if not section or not key:
        raise ParamsError(f"{name}: must be SECTION.KEY, as train.epochs")
    entry = sections.get(section, {}).get("properties", {}).get(key)
    if entry is None:
        known = [f"{s}.{k}" for s, of in sections.items() for k in of.get("properties", {})]
        near = schema.nearest(name, known)
        meant = f"; did you mean {near}?" if near else ""
        raise ParamsError(f"{name}: not in workflow/schemas/params.schema.yaml{meant}")
    if not value.strip() or "\n" in value:
        raise ParamsError(f"{name}: a value on one line must follow it")
    found = config.parsed(f"{key}: {value}", f"{name} = {value}")
    if list(found) != [key]:
        raise ParamsError(f"{name} = {value}: not one value; put it in quotes")
    alone = {"properties": {section: {"properties": {key: entry}}}}
    given = {section: found}
    if lines := schema.complaints(given, schema.in_form(alone, given)):
        raise ParamsError(lines[0])


def with_key(text: str, name: str, value: str) -> str:
    """``text`` with the line ``key: value``; as it is, if it has the key already.

    Raises ParamsError if the section is written in braces, on one line.
    """
    section, _, key = name.partition(".")
    ending = "\r\n" if "\r\n" in text else "\n"
    root = yaml.compose(text)
    nodes = {at.value: (at, inner) for at, inner in root.value}
    if section not in nodes:
        return f"{text.rstrip()}{ending}{ending}{section}:{ending}  {key}: {value}{ending}"
    at, inner = nodes[section]
    present = inner.value if isinstance(inner, yaml.MappingNode) else []
    if key in {node.value for node, _ in present}:
        return text
    if inner.end_mark.line == at.start_mark.line and inner.value:
        raise ParamsError(f"{section}: write each of its keys on a line of its own")
    order = list(schema.read()["properties"][section]["properties"])
    before = [pair for pair in present if pair[0].value in order[: order.index(key)]]
    last = before[-1][1] if before else at
    indent = present[0][0].start_mark.column if present else 2
    place = _line_end(text, last)
    line = f"{' ' * indent}{key}: {value}{ending}"
    return text[:place] + ("" if text[:place].endswith("\n") else ending) + line + text[place:]


def _line_end(text: str, node: yaml.Node) -> int:
    """Where the line behind a value begins."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    end = node.end_mark.index
    if text[:end].endswith("\n"):  # of lines behind | or >
        return end
    found = text.find("\n", end)
    return len(text) if found < 0 else found + 1
