"""Reads workflow/schemas/params.schema.yaml, and says in the user's words what it refuses.

An example of a complaint: `train.learnig_rate = 0.01: unknown key; did you mean
train.learning_rate?` Knows one key at a time (across.py knows several), and no files of a user.
"""

import difflib
import json
import math
import re
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, validators

from groupconv.data.sources import SOURCES, char_shape
from groupconv.ground.progress import many
from groupconv.network.back_ends.table import BACK_ENDS
from groupconv.settings import exponents, unreadable

SCHEMA = Path(__file__).parents[2] / "schemas" / "params.schema.yaml"
MOST_NAMED = 12  # values that a complaint lists
LARGEST = 2**31 - 1  # of a whole number without a maximum of its own
KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "keys with values",
    "null": "null",
}
INTEGER = re.compile(r"[-+]?(0|[1-9]\d*)")
NUMBER = re.compile(r"[-+]?(\d+\.\d*|\.\d+)([eE][-+]?\d+)?")


def read() -> dict:
    """The schema, with the names that the code knows, and every key required but x-optional.

    Raises StepError if it is no YAML, as after a merge.
    """
    schema = unreadable.read(SCHEMA)
    of_data = schema["properties"]["data"]["properties"]
    of_data["source"] |= {"enum": list(SOURCES), "description": " | ".join(SOURCES)}
    # YAML takes most of the books' names for numbers.
    numbers = [int(book) for book in char_shape.BOOKS if book.isdigit()]
    of_data["books"]["items"]["enum"] = [*char_shape.BOOKS, *numbers]
    back_ends = schema["properties"]["latency"]["properties"]["back_ends"]
    back_ends["items"]["enum"] = list(BACK_ENDS)
    return complete(schema)


def complete(entry: dict) -> dict:
    """Require every known key, unless it says that it is optional, and bound every whole number:
    a database has no larger ones. Returns the entry, in which that stands now.
    """
    inner = entry.get("properties", {})
    if inner:
        entry["required"] = [key for key, of in inner.items() if not of.get("x-optional")]
    if "integer" in _types(entry):
        entry.setdefault("maximum", LARGEST)
    for below in (*inner.values(), entry.get("additionalProperties"), entry.get("items")):
        if isinstance(below, dict):
            complete(below)
    return entry


def _types(entry: dict) -> list[str]:
    kind = entry.get("type", [])
    return [kind] if isinstance(kind, str) else kind


def _is_integer(checker, value: object) -> bool:
    """Whether it is one in Python, too: to JSON Schema 4.0 is, with which no range can be made."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(checker, value: object) -> bool:
    """NaN would pass every limit."""
    return _is_integer(checker, value) or (isinstance(value, float) and math.isfinite(value))


Validator = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_number}
    ),
)


def complaints(params: object, schema: dict | None = None, whole: str = "the file") -> list[str]:
    """What the schema refuses in parsed ``params``: a line for each key, in the keys' order.

    ``schema``: another one than that of the file; ``whole``: what a line calls all of ``params``.
    """
    schema = in_form(read(), params) if schema is None else schema
    try:
        errors = list(Validator(schema).iter_errors(params))
    except RecursionError:
        return [f"{whole}: brackets in brackets in brackets"]
    other = [error.path for error in errors if error.validator == "type"]  # no limit matters then
    errors = [error for error in errors if error.validator == "type" or error.path not in other]
    ordered = sorted(errors, key=lambda error: list(map(str, error.path)))
    return list(dict.fromkeys(line for error in ordered for line in _explain(error, schema, whole)))


def in_form(schema: dict, params: object) -> dict:
    """``schema`` in the form of ``params``: where they have a value per scheme, so has it."""
    for section, entry in schema["properties"].items():
        given = params.get(section) if isinstance(params, dict) else None
        for key, single in entry.get("properties", {}).items():
            many = isinstance(given, dict) and isinstance(given.get(key), dict)
            if single.get("x-per-scheme") and many:
                entry["properties"][key] = {"type": "object", "additionalProperties": single}
    return schema


def typed(value, entry: dict | None = None):
    """``value`` with texts turned into numbers, true, false or null where the schema takes no text.

    ``entry`` is the schema of this value. Every other text stays.
    """
    entry = read() if entry is None else entry
    if isinstance(value, dict):
        inner, other = entry.get("properties", {}), entry.get("additionalProperties")
        other = entry if entry.get("x-per-scheme") else other
        other = other if isinstance(other, dict) else {}
        return {key: typed(below, inner.get(key, other)) for key, below in value.items()}
    if isinstance(value, list):
        return [typed(item, entry.get("items", {})) for item in value]
    return _as_typed(value, _types(entry)) if isinstance(value, str) else value


def _as_typed(text: str, types: list[str]):
    if "null" in types and text in ("null", "~"):
        return None
    if "boolean" in types and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if {"integer", "number"} & set(types) and INTEGER.fullmatch(text) and len(text) < 20:
        return int(text)
    if "number" in types and (NUMBER.fullmatch(text) or exponents.NUMBER.match(text)):
        return float(text)
    return text


def _explain(error, schema: dict, whole: str) -> list[str]:
    """A schema error in the user's words, a line for each key that it is about."""
    at = "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in error.absolute_path)
    at = at.removeprefix(".")
    below = f"{at}." if at else ""
    value, limit = error.instance, error.validator_value
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        return [
            f"{below}{key} = {show(value[key])}: unknown key; {_known(key, known, below, schema)}"
            for key in value
            if key not in known
        ]
    if error.validator == "required":
        return [f"{below}{key}: missing" for key in limit if key not in value]
    allowed = {
        "enum": lambda: f"must be {_either(limit)}{_did_you_mean(value, error.schema)}",
        "type": lambda: _type(value, error.schema, list(error.absolute_path)),
        "minimum": lambda: f"must be at least {limit}",
        "maximum": lambda: f"must be at most {limit}",
        "exclusiveMinimum": lambda: f"must be more than {limit}",
        "exclusiveMaximum": lambda: f"must be less than {limit}",
        "minItems": lambda: f"must have at least {many(limit, 'item')}",
        "maxItems": lambda: f"must have at most {many(limit, 'item')}",
        "minLength": lambda: f"must not be empty{_such_as(error.schema)}",
        "uniqueItems": lambda: "must not have an item twice",
        "pattern": lambda: "a name is a letter, then letters, digits and _",
    }.get(error.validator, lambda: error.message)()
    if "propertyNames" in error.absolute_schema_path:
        return [f"{below}{value}: {allowed}"]
    return [f"{at or whole} = {show(value)}: {allowed}"]


def show(value: object) -> str:
    """A value as a complaint prints it: JSON, cut to 60 characters."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):  # a key that is no text; a value in itself
        text = f"({type(value).__name__})"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _type(value: object, entry: dict, path: list) -> str:
    """What a value of another type must be, with an example and how this one is written."""
    types = _types(entry)
    said = f"must be {_either([KINDS[kind] for kind in types])}"
    if types == ["number"] and isinstance(value, float):
        return f"{said} that is finite"
    if isinstance(value, str) and _as_typed(value, types) != value:
        return f"{said}; write {show(_as_typed(value, types))} without quotes"
    if "integer" in types and isinstance(value, float) and value.is_integer():
        return f"{said}; write {int(value)}"
    if "string" in types and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{said}; put it in quotes"
    return f"{said}{_such_as(entry, path)}"


def _such_as(entry: dict, path: list | None = None) -> str:
    """`, as 4`; of a list or a section with its key: `, as train: {epochs: 4}`."""
    examples = entry.get("examples")
    if not examples:
        return ""
    flow = yaml.safe_dump(examples[0], default_flow_style=True, allow_unicode=True, width=math.inf)
    text = flow.strip().removesuffix("\n...").strip()
    if isinstance(examples[0], list | dict) and path and isinstance(path[-1], str):
        text = f"{path[-1]}: {text}"
    elif isinstance(examples[0], dict):  # the whole file
        text = text.removeprefix("{").removesuffix("}")
    return f", as {text}"


def _either(options: list) -> str:
    names = list(dict.fromkeys(map(str, options)))
    if len(names) > MOST_NAMED:
        return f"{', '.join(names[:3])} or another of {len(names)}"
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _did_you_mean(value: object, entry: dict) -> str:
    """What other programs call by the name that was given (x-means), or a misspelt value."""
    if not isinstance(value, str):
        return ""
    meant = entry.get("x-means", {}).get(value.lower()) or nearest(value, entry["enum"])
    return f"; did you mean {meant}?" if meant else ""


def nearest(name: str, names) -> str:
    """The one of ``names`` that ``name`` misspells, or "": of three letters, two are not enough."""
    names = list(map(str, names))
    for known in names:
        if known.lower() == name.lower() or sorted(known) == sorted(name.lower()):
            return known
    near = difflib.get_close_matches(name.lower(), names, 1, cutoff=0.7)
    return near[0] if near else ""


def _known(key: str, known: dict, below: str, schema: dict) -> str:
    """Which key an unknown one means: one of this section, or that name in another section."""
    if near := nearest(str(key), known):
        return f"did you mean {below}{near}?"
    for section, entry in schema.get("properties", {}).items():
        if key in entry.get("properties", {}) and f"{section}." != below:
            return f"did you mean {section}.{key}?"
    return f"known: {', '.join(known)}"
