"""Checks the files of workflow/paper, which a reader may edit, before a step reads them.

An example: `workflow/paper/claims.yaml: data.images = "65,795": must be a whole number`.
"""

from pathlib import Path

import yaml

from groupconv.ground.errors import StepError
from groupconv.settings import dialect, reads, schema, unreadable

ROOT = Path(__file__).parents[3]
SCHEMAS = {  # by what a step calls the file
    "paper": "claims.schema.yaml",
    "ambiguities": "ambiguities.schema.yaml",
}
NO_KEY = "-"  # of an ambiguity that no key decides


def check(name: str, path: str) -> None:
    """Raise StepError for the file ``path`` that a step calls ``name``: a line for each mistake."""
    text = dialect.text_of(path)
    dialect.parsed(text, path)  # refuses what is read in two ways
    document = yaml.safe_load(text)  # as the steps read it: 1e-2 is text
    shape = schema.complete(unreadable.read(schema.SCHEMA.with_name(SCHEMAS[name])))
    across = _of_claims if name == "paper" else _of_ambiguities
    found = schema.complaints(document, shape) or list(dict.fromkeys(across(document)))
    lines = [f"{path}: {line}".replace("\n", "\\n") for line in found]  # of a name
    if lines:
        raise StepError("\n".join(lines))


def _of_claims(document: dict) -> list[str]:
    """What is no value of a key, and what one part says of another that has no such name."""
    setting, schemes, families = (document[key] for key in ("setting", "schemes", "families"))
    keys, found = _entries("claims"), []
    for key, value in setting.items():
        if key in keys:
            found += _of_value(key, value, keys[key])
        else:
            found.append(f"setting.{key}: {_no_key(key, keys)}")
    blocks = len(schemes["baseline"])
    for name, groups in schemes.items():
        if len(groups) != blocks:
            said = f"must have {blocks} numbers, as baseline has"
            found.append(f"schemes.{name} = {schema.show(groups)}: {said}")
    others = [name for name in schemes if name != "baseline"]
    for key, names in families.items():
        found += _unknown(f"families.{key}", names, others)
    for name in {*families["primary"]} & {*families["secondary"]}:
        found.append(f"families: {name}: stands in both; leave one out")
    found += _unknown("assumed", document["assumed"], [*setting, *document["data"]])
    ids = [str(claim["id"]) for claim in document["claims"]]
    found += [f"claims: id {name}: stands twice" for name in ids if ids.count(name) > 1]
    answered = [str(entry.get("claim")) for entry in document["entries"]]
    found += [f"claims: id {name}: no entry has it as its claim" for name in {*ids} - {*answered}]
    return found


def _of_value(key: str, value: object, entry: dict) -> list[str]:
    if entry.get("x-per-scheme") and isinstance(value, dict):
        entry = {"type": "object", "additionalProperties": entry}
    shape = {"properties": {"setting": {"properties": {key: entry}}}}
    return schema.complaints({"setting": {key: value}}, shape)


def _unknown(at: str, names: list[str], allowed: list[str]) -> list[str]:
    found = []
    for name in names:
        if name not in allowed:
            near = schema.nearest(name, allowed)
            meant = f"did you mean {near}?" if near else f"allowed: {', '.join(allowed)}"
            found.append(f"{at}: {schema.show(name)}: no such name; {meant}")
    return found


def _of_ambiguities(document: list[dict]) -> list[str]:
    """The keys of params.yaml, sections or files that decide them, where there is none."""
    keys = _entries("report")
    known = {*keys, *(key.partition(".")[0] for key in keys), "schemes", NO_KEY}
    return [
        f"[{i}].key: {key}: {_no_key(key, keys, f', a file, or {NO_KEY}')}"
        for i, entry in enumerate(document)
        for key in entry["key"].split(", ")
        if key not in known and not _is_file(key)
    ]


def _is_file(name: str) -> bool:
    """Whether it is a file of this repository."""
    inside = not Path(name).is_absolute() and ".." not in Path(name).parts
    return "/" in name and inside and (ROOT / name).is_file()


def _entries(step: str) -> dict[str, dict]:
    """{key of params.yaml: its entry of the schema} of those that ``step`` reads."""
    read = reads.READS[step]
    return {
        f"{section}.{key}": entry
        for section, of in schema.read()["properties"].items()
        for key, entry in of.get("properties", {}).items()
        if section in read or f"{section}.{key}" in read
    }


def _no_key(key: str, keys: dict, others: str = "") -> str:
    near = schema.nearest(key, keys)
    meant = f"did you mean {near}?" if near else f"write one, as data.fit{others}"
    return f"no key that is read here; {meant}"
