"""params.yaml: read and checked. Knows no torch, and no step (reads.py has what each may read).

The schema (workflow/schemas/params.schema.yaml) holds types and ranges; here are the checks that
need two keys, and the text of every complaint: file, key, value, what is allowed, nearest key.
"""

import difflib
import json
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from groupconv.data.sources import SOURCES, char_shape
from groupconv.ground.errors import ParamsError, SchemeError
from groupconv.network import architecture
from groupconv.settings import exponents

OWN_IMAGES = "data/folder"  # there in every copy: an engine can depend on it
MISSING = ("na", "nan", "none", "null")  # as pandas reads them
MOST_NAMED = 12  # values that a complaint lists
SCHEMA = Path(__file__).parents[2] / "schemas" / "params.schema.yaml"


class _UniqueKeyLoader(yaml.SafeLoader):
    """SafeLoader that refuses a key given twice, of which YAML would silently keep the last, and
    one that is no text, as `no` and `null` are not."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.tag != "tag:yaml.org,2002:str":
                text = key.value if isinstance(key, yaml.ScalarNode) else "a list or a mapping"
                raise ParamsError(f"line {line}: {text}: a key must be text; to YAML this is not")
            if key.value in seen:
                raise ParamsError(f"line {line}: {key.value}: this key stands twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


exponents.accept(_UniqueKeyLoader)


def load(path: str | Path) -> dict:
    """Read and check a params file. Raises ParamsError, one line per complaint."""
    try:
        params = yaml.load(Path(path).read_text(encoding="utf-8"), _UniqueKeyLoader)
    except OSError as error:
        raise ParamsError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ParamsError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}:" if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise ParamsError(f"{path}:{where} not valid YAML: {problem}") from error
    except ParamsError as error:
        raise ParamsError(f"{path}: {error}") from error
    check(params, str(path))
    return params


def check(params: object, origin: str) -> None:
    """Check parsed params against the schema and across keys.

    ``origin`` (a file's name, or "--config") begins each line. Raises ParamsError.
    """
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    of_data = schema["properties"]["data"]["properties"]
    of_data["source"]["enum"] = list(SOURCES)
    # YAML takes most of their names for numbers.
    numbers = [int(book) for book in char_shape.BOOKS if book.isdigit()]
    of_data["books"]["items"]["enum"] = [*char_shape.BOOKS, *numbers]
    errors = sorted(
        Draft202012Validator(schema).iter_errors(params), key=lambda e: list(map(str, e.path))
    )
    lines = [line for error in errors for line in _explain(error)] or _check_across(params)
    if lines:
        raise ParamsError("\n".join(f"{origin}: {line}" for line in lines))


def _explain(error) -> list[str]:
    """A schema error in the user's words, a line for each key that it is about."""
    at = "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in error.absolute_path)[1:]
    below = f"{at}." if at else ""
    value, limit = error.instance, error.validator_value
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        return [
            f"{below}{key} = {_show(value[key])}: unknown key; {_nearest(key, known, below)}"
            for key in value
            if key not in known
        ]
    if error.validator == "required":
        return [f"{below}{key}: missing" for key in limit if key not in value][:1]
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
    return [f"{at or 'the file'} = {_show(value)}: {allowed}"]


def _check_across(params: dict) -> list[str]:
    """Complaints that need more than one key; the schema already holds."""
    data, schemes = params["data"], params["schemes"]
    lines = []
    if data["source"] != "folder" and data["folder"] != OWN_IMAGES:
        lines.append(
            f"data.folder = {_show(data['folder'])}: must be {OWN_IMAGES} unless data.source is "
            "folder"
        )
    if data["source"] != "char-shape" and data["books"] is not None:
        lines.append(
            f"data.books = {_show(data['books'])}: must be null unless data.source is char-shape"
        )
    for name, scheme in schemes.items():
        try:
            architecture.convolutions(params["model"]["architecture"], scheme["groups"])
        except SchemeError:
            lines += _bad_groups(name, scheme["groups"])
    if set(schemes["baseline"]["groups"]) != {1}:
        groups = schemes["baseline"]["groups"]
        lines.append(f"schemes.baseline.groups = {groups}: must be [1, 1, 1, 1, 1]")
    lines += [
        f"schemes.{name}: a name that means a missing value in a table"
        for name in schemes
        if name.lower() in MISSING
    ]
    if len({name.lower() for name in schemes}) < len(schemes):
        lines.append("schemes: two names differ in case alone, which some file systems ignore")
    return lines


def _bad_groups(name: str, groups: list[int]) -> list[str]:
    lines = []
    for stage, g in enumerate(groups, start=1):
        allowed = architecture.allowed_groups(stage)
        if g not in allowed:
            near = sorted(sorted(allowed, key=lambda a: abs(a - g))[:2])
            channels = (
                "3 and 64"
                if stage == 1
                else "{} and {}".format(*architecture.CHANNELS[stage - 2 : stage])
            )
            lines.append(
                f"schemes.{name}.groups[{stage - 1}] (conv-{stage}) = {g}: must divide {channels} "
                f"channels; nearest: {', '.join(map(str, near))}"
            )
    return lines


def _show(value: object) -> str:
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
