"""Checks the entries of claims.yaml, to which a reader may add: the first mistake, as one line.

An example: `entry 4c: statement.rule = "directions": no such rule; did you mean direction?`
"""

import difflib
import itertools
import json

from groupconv.ground.errors import StepError
from groupconv.network.back_ends.table import BACK_ENDS
from groupconv.results.changes import UNITS
from groupconv.results.judging import EXTREMES, RULES
from groupconv.results.statements import DOWN, UP

POINTS = "test_top1 val_top1 val_less_test_top1 train_top1 train_eval_top1".split()
LOSSES = "test_loss val_loss train_loss train_eval_loss".split()
COUNTS = "macs params conv_params".split()
COSTS = [*COUNTS, "latency", "training_seconds"]
OF_BACK_ENDS = [f"latency_{name}" for name in BACK_ENDS if name != "eager"]  # that is "latency"
MEASURES = [*POINTS, *LOSSES, *COSTS, *OF_BACK_ENDS]
OF_IMAGES = "test_top1 val_top1 test_loss val_loss".split()  # whose variance by image is known
TEXTS = ("words", "place", "reading")
ANOTHER = "another_reading_of"
LARGEST = 10**12  # of a number: the paper's largest is 65,795
SHOWN = 60  # characters of a value
AMONG_SEVERAL = ("order", "worst")  # rules that compare schemes with each other
NUMBER = ("value unit scheme measure", "level n_paper tolerance")  # what it must, and may have


def _is_number(value: object) -> bool:
    """NaN compares with nothing, and a claim with it would be contradicted or hold by chance."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= LARGEST


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST


def _are_counts(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_count, value))


A_NUMBER = ("a number", _is_number)
A_SIZE = ("a number above 0", lambda value: _is_number(value) and value > 0)
KINDS = {  # what a value must be, where no list of names says it
    **dict.fromkeys(("value", "first", "second"), A_NUMBER),
    **dict.fromkeys(("margin", "tolerance"), A_SIZE),
    **dict.fromkeys((*TEXTS, "reason"), ("text", lambda value: isinstance(value, str))),
    "n_paper": ("a whole number above 0", _is_count),
    "images": ("two whole numbers above 0, as [10586, 13439]", _are_counts),
    "level": ("true or false", lambda value: isinstance(value, bool)),
}


def check(document: dict, file: str) -> None:
    """Raise StepError for the first mistake in the entries of ``document``, read from ``file``."""
    claims, ids = [claim["id"] for claim in document["claims"]], set()
    for at, entry in enumerate(document["entries"], start=1):
        name = entry.get("id") if isinstance(entry, dict) else None
        here = f"{file}: entry {' '.join(str(name).split()) if name else f'number {at}'}"
        if not isinstance(entry, dict):
            raise StepError(f"{here} = {_show(entry)}: must have keys, as id and words")
        _keys(here, "", entry, ["id", "claim", *TEXTS], [ANOTHER, "number", "statement"])
        if str(name) in ids:
            raise StepError(f"{here}: another entry has this id")
        ids.add(str(name))
        _of_kind(here, "", entry)
        _one_of(here, "claim", entry["claim"], claims)
        if ANOTHER in entry:
            _one_of(here, ANOTHER, entry[ANOTHER], _above(entry, document))
        if not {"number", "statement"} & set(entry):
            raise StepError(f"{here}: number or statement is missing")
        if "number" in entry:
            _part(here, "number", entry["number"], *NUMBER, document)
            _of_unit(here, entry["number"])
        if "statement" in entry:
            _statement(here, entry["statement"], document)


def _above(entry: dict, document: dict) -> list[str]:
    """The entries of the same claim that stand above it, each a first reading."""
    above = itertools.takewhile(lambda other: other is not entry, document["entries"])
    return [o["id"] for o in above if o["claim"] == entry["claim"] and ANOTHER not in o]


def _statement(here: str, given: object, document: dict) -> None:
    needs, may = "", ""
    if isinstance(given, dict):
        if "rule" not in given:
            raise StepError(f"{here}: statement.rule is missing")
        _one_of(here, "statement.rule", given["rule"], list(RULES))
        needs, may = RULES[given["rule"]].needs, RULES[given["rule"]].may
        together = may.split()  # of two_numbers
        if any(key in given for key in together):
            for key in together:
                if key not in given:
                    said = f"is missing; {', '.join(together)} go together"
                    raise StepError(f"{here}: statement.{key} {said}")
    _part(here, "statement", given, f"rule {needs}", may, document)
    if given["rule"] == "two_numbers" and "measure" in given:
        _one_of(here, "statement.measure", given["measure"], OF_IMAGES)
    if given["rule"] == "bound" and given["value"] >= 0:
        said = "must be below 0, as -80 of a saving of 80%"
        raise StepError(f"{here}: statement.value = {given['value']}: {said}")
    if given["rule"] in AMONG_SEVERAL and len(document["schemes"]) < 3:
        raise StepError(f"{here}: statement.rule = {given['rule']}: schemes has too few to compare")
    against = given.get("reference", "baseline")
    if given["rule"] not in AMONG_SEVERAL and given.get("scheme") == against:
        raise StepError(f"{here}: statement.scheme = {against}: it is compared with {against}")
    if "first" in given and given["first"] == given["second"]:
        raise StepError(f"{here}: statement.second = {given['second']}: the same as first")


def _of_unit(here: str, number: dict) -> None:
    """Raise StepError unless the number is a level in nats, or a change in the measure's unit."""
    measure, level = number["measure"], number.get("level", False)
    if level and measure not in LOSSES:
        said = f"only a loss is given as a level; {measure} as a change: leave it out"
        raise StepError(f"{here}: number.level = true: {said}")
    if number["scheme"] == "baseline" and not level:
        raise StepError(f"{here}: number.scheme = baseline: of its own level, write level: true")
    unit = "nats" if level else "points" if measure in POINTS else "percent"
    if measure in COUNTS and "tolerance" not in number:
        said = f"is missing; {measure} are exact: what does the paper's number allow?"
        raise StepError(f"{here}: number.tolerance {said}")
    if number["unit"] != unit:
        of = f"a level of {measure}" if level else f"a change of {measure}"
        raise StepError(f"{here}: number.unit = {number['unit']}: {of} is in {unit}")


def _part(here: str, part: str, given: object, needs: str, may: str, document: dict) -> None:
    """A number or a statement: its keys, and the value of each."""
    if not isinstance(given, dict):
        raise StepError(f"{here}: {part} = {_show(given)}: must have keys, as {needs.split()[0]}")
    _keys(here, f"{part}.", given, needs.split(), may.split())
    schemes = [*document["schemes"], *(EXTREMES if part == "number" else ())]
    allowed = {
        "unit": list(UNITS),
        "scheme": schemes,
        "reference": schemes,
        "sign": [DOWN, UP],
        "worse": [DOWN, UP, "either"],
        "measure": MEASURES,
    }
    for key, value in given.items():
        if key in allowed:
            _one_of(here, f"{part}.{key}", value, allowed[key])
    _of_kind(here, f"{part}.", given)


def _of_kind(here: str, before: str, given: dict) -> None:
    for key in given:  # in its order: of several mistakes the first is always the same
        said, is_it = KINDS.get(key, ("", lambda value: True))
        if not is_it(given[key]):
            raise StepError(f"{here}: {before}{key} = {_show(given[key])}: must be {said}")


def _keys(here: str, before: str, given: dict, needs: list[str], may: list[str]) -> None:
    for key in given:
        if key not in needs + may:
            raise StepError(f"{here}: {before}{key}: unknown key; {_near(key, needs + may)}")
    for key in needs:
        if given.get(key) in (None, ""):
            raise StepError(f"{here}: {before}{key} is missing")


def _one_of(here: str, key: str, value: object, allowed: list) -> None:
    if not any(value == one and type(value) is type(one) for one in allowed):
        if same := [one for one in allowed if str(one) == str(value)]:
            raise StepError(f"{here}: {key} = {_show(value)}: must be {_show(same[0])}")
        kind = key.rpartition(".")[2]
        said = f"{here}: {key} = {_show(value)}: no such {kind}; {_near(value, allowed)}"
        raise StepError(said)


def _near(value: object, allowed: list) -> str:
    names = [str(name) for name in allowed]
    near = difflib.get_close_matches(value, names, 1) if isinstance(value, str) else []
    return f"did you mean {near[0]}?" if near else f"allowed: {', '.join(names)}"


def _show(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except TypeError:  # a key that is no text
        text = str(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
