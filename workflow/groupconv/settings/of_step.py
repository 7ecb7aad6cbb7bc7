"""Checks the params on a step's command line against the schema, cut to what the step reads.

A rule cuts them out of a checked params.yaml; by hand one can type anything. A complaint
is one line: `macs: PARAMS: model.architecture = "vgg99": must be vgg13_bn, ...`.
"""

from groupconv.ground.errors import ParamsError
from groupconv.settings import across, reads, schema

WHOLE = "PARAMS"  # what a complaint calls all of them


def check(step: str, own: object) -> None:
    """Check the params ``own`` of ``step`` as reads.params_of() would cut them.

    Raises ParamsError with the first complaint.
    """
    allowed = schema_of(step)
    if "scheme" not in allowed["properties"]:  # a step of one scheme has that one's value
        allowed = schema.in_form(allowed, own)
    lines = schema.complaints(own, allowed, WHOLE) or _across(own)
    if not lines:
        return
    line = lines[0] if lines[0].startswith(f"{WHOLE} ") else f"{WHOLE}: {lines[0]}"
    needs = (
        f"; it needs {', '.join((reads.READS | reads.BY_NAME)[step])}"
        if line.endswith(": missing")
        else ""
    )
    raise ParamsError(f"{step}: {line}{needs}")


def schema_of(step: str) -> dict:
    """The schema of what ``step`` reads: every key that it has is required, no other is known."""
    sections = schema.read()["properties"]
    schemes = sections["schemes"]
    of_job = {
        "scheme": schemes["propertyNames"],
        "seed": sections["train"]["properties"]["seeds"]["items"],
    }
    found: dict = {}
    for key in (reads.READS | reads.BY_NAME)[step]:
        section, _, name = key.partition(".")
        if section == "schemes":
            found["schemes"] = schemes if not name else schemes | {"required": []}
        elif not name:
            found[key] = of_job[key] if key in of_job else sections[key]
        else:
            entry = sections[section]["properties"][name]
            found.setdefault(section, _section({}))["properties"][name] = entry
    for entry in found.values():
        if "properties" in entry:
            entry["required"] = list(entry["properties"])
    return _section(found) | {"required": list(found)}


def _section(keys: dict) -> dict:
    return {"type": "object", "additionalProperties": False, "properties": keys}


def _across(own: dict) -> list[str]:
    """Complaints about several keys at once, if the step reads all of them."""
    lines = across.of_data(own["data"]) if "folder" in own.get("data", {}) else []
    if "scheme" in own and "schemes" in own and list(own["schemes"]) != [own["scheme"]]:
        names = schema.show(list(own["schemes"]))
        lines.append(f"schemes = {names}: must have scheme {own['scheme']} alone")
    if "model" in own and "schemes" in own:
        lines += across.of_schemes(own["model"], own["schemes"])
    if "sweep" in own:
        lines += across.of_sweep(own["sweep"])
    if "back_ends" in own.get("latency", {}):
        lines += across.of_back_ends(own["latency"]["back_ends"])
    return lines
