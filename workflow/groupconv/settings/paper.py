"""Checks the files of workflow/paper, which a reader may edit, before a step reads them.

An example: `workflow/paper/claims.yaml: data.images = "65,795": must be a whole number`.
"""

from groupconv.ground.errors import StepError
from groupconv.settings import schema, unreadable

SCHEMAS = {  # by what a step calls the file
    "paper": "claims.schema.yaml",
    "ambiguities": "ambiguities.schema.yaml",
}


def check(name: str, path: str) -> None:
    """Raise StepError for the file ``path`` that a step calls ``name``: a line for each mistake."""
    document = unreadable.read(path)
    shape = schema.complete(unreadable.read(schema.SCHEMA.with_name(SCHEMAS[name])))
    found = schema.complaints(document, shape) or _of_keys(_keys(name, document))
    if name == "paper":
        found = found or _across(document)
    if found:
        raise StepError("\n".join(f"{path}: {line}" for line in found))


def _keys(name: str, document) -> list[tuple[str, str]]:
    """(where it stands, a key of params.yaml) for each that the document names."""
    if name == "paper":
        return [("setting", str(key)) for key in document["setting"]]  # 1 or yes is no text to YAML
    # "-", a file or a whole section is no key.
    return [
        (f"[{i}].key", key)
        for i, entry in enumerate(document)
        for key in entry["key"].split(", ")
        if "." in key and "/" not in key
    ]


def _across(document: dict) -> list[str]:
    """What one part of claims.yaml says of another that has no such name."""
    schemes, found = document["schemes"], []
    blocks = len(schemes["baseline"])
    for name, groups in schemes.items():
        if len(groups) != blocks:
            said = f"must have {blocks} numbers, as baseline has"
            found.append(f"schemes.{name} = {schema.show(groups)}: {said}")
    of_families = [(f"families.{key}", names) for key, names in document["families"].items()]
    of_both = [*document["setting"], *document["data"]]
    known = [*((at, names, list(schemes)) for at, names in of_families)]
    for at, names, allowed in [*known, ("assumed", document["assumed"], of_both)]:
        for other in [name for name in names if name not in allowed]:
            near = schema.nearest(other, allowed)
            meant = f"did you mean {near}?" if near else f"allowed: {', '.join(map(str, allowed))}"
            found.append(f"{at}: {other}: no such name; {meant}")
    ids = [str(claim["id"]) for claim in document["claims"]]
    found += [f"claims: id {name}: stands twice" for name in ids if ids.count(name) > 1]
    return list(dict.fromkeys(found))


def _of_keys(keys: list[tuple[str, str]]) -> list[str]:
    known = [
        f"{section}.{key}"
        for section, entry in schema.read()["properties"].items()
        for key in entry.get("properties", {})
    ]
    found = []
    for at, key in keys:
        if key not in known and not key.startswith("schemes."):
            near = schema.nearest(key, known)
            meant = f"; did you mean {near}?" if near else ", as data.fit"
            found.append(f"{at}: {key}: no key of params.yaml{meant}")
    return found
