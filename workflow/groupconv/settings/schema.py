"""workflow/schemas/params.schema.yaml: read, and what it refuses said in the user's words.

An example of a complaint: `train.learnig_rate = 0.01: unknown key; did you mean
train.learning_rate?` Knows one key at a time (across.py knows several), and no files of a user.
"""

import difflib
import json
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from groupconv.data.sources import SOURCES, char_shape

SCHEMA = Path(__file__).parents[2] / "schemas" / "params.schema.yaml"
MOST_NAMED = 12  # values that a complaint lists


def read() -> dict:
    """The schema, with the names that the code knows, and every known key required."""
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    of_data = schema["properties"]["data"]["properties"]
    of_data["source"] |= {"enum": list(SOURCES), "description": " | ".join(SOURCES)}
    # YAML takes most of the books' names for numbers.
    numbers = [int(book) for book in char_shape.BOOKS if book.isdigit()]
    of_data["books"]["items"]["enum"] = [*char_shape.BOOKS, *numbers]
    _require_every_key(schema)
    return schema


def _require_every_key(schema: dict) -> None:
    inner = schema.get("properties", {})
    if inner:
        schema["required"] = list(inner)
    for below in (*inner.values(), schema.get("additionalProperties")):
        if isinstance(below, dict):
            _require_every_key(below)


def complaints(params: object) -> list[str]:
    """What the schema refuses in parsed ``params``: a line for each key, in the keys' order."""
    errors = Draft202012Validator(read()).iter_errors(params)
    ordered = sorted(errors, key=lambda error: list(map(str, error.path)))
    return list(dict.fromkeys(line for error in ordered for line in _explain(error)))


def _explain(error) -> list[str]:
    """A schema error in the user's words, a line for each key that it is about."""
    at = "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in error.absolute_path)[1:]
    below = f"{at}." if at else ""
    value, limit = error.instance, error.validator_value
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        return [
            f"{below}{key} = {show(value[key])}: unknown key; {_nearest(key, known, below)}"
            for key in value
            if key not in known
        ]
    if error.validator == "required":
        return [f"{below}{key}: missing" for key in limit if key not in value]
    allowed = {
        "enum": lambda: f"must be {_either(limit)}{_did_you_mean(value, limit)}",
        "type": lambda: f"must be {_either([limit] if isinstance(limit, str) else limit)}",
        "minimum": lambda: f"must be at least {limit}",
        "maximum": lambda: f"must be at most {limit}",
        "exclusiveMinimum": lambda: f"must be more than {limit}",
        "exclusiveMaximum": lambda: f"must be less than {limit}",
        "minItems": lambda: f"must have at least {limit} items",
        "maxItems": lambda: f"must have at most {limit} items",
        "uniqueItems": lambda: "must not have an item twice",
        "pattern": lambda: "a name is a letter, then letters, digits and _",
    }.get(error.validator, lambda: error.message)()
    if "propertyNames" in error.absolute_schema_path:
        return [f"{below}{value}: {allowed}"]
    return [f"{at or 'the file'} = {show(value)}: {allowed}"]


def show(value: object) -> str:
    """A value as a complaint prints it: JSON, cut to 60 characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _either(options: list) -> str:
    names = list(dict.fromkeys(map(str, options)))
    if len(names) > MOST_NAMED:
        return f"{', '.join(names[:3])} or another of {len(names)}"
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _did_you_mean(value: object, options: list) -> str:
    near = difflib.get_close_matches(str(value), map(str, options), 1)
    return f"; did you mean {near[0]}?" if near else ""


def _nearest(key: str, known: dict, below: str) -> str:
    near = difflib.get_close_matches(key, known, 1)
    return f"did you mean {below}{near[0]}?" if near else f"known: {', '.join(known)}"
