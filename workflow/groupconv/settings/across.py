"""Checks several values of params.yaml at once: groups and channels, folder and source.

An example of a complaint: `schemes.F.groups[3] (conv-4) = 48: must divide 256 and 512 channels;
nearest: 32, 64`. The schema has checked each key before.
"""

import itertools
import os
from pathlib import Path

from groupconv.ground.errors import SchemeError
from groupconv.network import architecture
from groupconv.network.back_ends.table import DEFAULT
from groupconv.results.order import in_order
from groupconv.settings import reads
from groupconv.settings.schema import nearest, show

OWN_IMAGES = "data/folder"  # there in every copy: an engine can depend on it
# The workflow writes these, or consists of them: no folder of images.
OWN_PATHS = ("data/raw", "data/images.npy", "results", "logs", "workflow", ".snakemake", ".dvc")
APART = 1.2  # after 0.01 and 0.0101 a grid would come to 0.01 once more
MISSING = ("na", "nan", "none", "null")  # as pandas reads them


def complaints(params: dict) -> list[str]:
    """Every complaint, a line each: key, value, what is allowed."""
    return [
        *of_data(params["data"]),
        *of_schemes(params["model"], params["schemes"]),
        *_of_each_scheme(params),
        *of_sweep(params["sweep"]),
        *of_back_ends(params["latency"]["back_ends"]),
    ]


def of_back_ends(names: list[str]) -> list[str]:
    """A complaint if one of those that every page of results reads is not among them."""
    missing = [name for name in DEFAULT if name not in names]
    line = f"latency.back_ends = {show(names)}: must have {' and '.join(DEFAULT)}, too"
    return [line] if missing else []


def of_data(data: dict) -> list[str]:
    """Complaints about the source, the folder and the books, a line each."""
    lines = []
    if data["source"] != "folder" and data["folder"] != OWN_IMAGES:
        lines.append(
            f"data.folder = {show(data['folder'])}: must be {OWN_IMAGES} unless data.source is "
            "folder"
        )
    elif said := _bad_folder(data["folder"]):
        lines.append(f"data.folder = {show(data['folder'])}: {said}")
    if data["source"] != "char-shape" and data["books"] is not None:
        lines.append(
            f"data.books = {show(data['books'])}: must be null unless data.source is char-shape"
        )
    return lines


def _bad_folder(folder: str) -> str:
    """Why a folder of one's own cannot be used, before anybody looks into it; "" if it can."""
    if folder.startswith("~"):
        return f"~ is not expanded here; write {os.path.expanduser(folder)}"
    if not folder.isprintable():
        return "a control character in it; allowed: a path that can be printed"
    here, wanted = Path.cwd().resolve(), Path(folder).resolve()
    if wanted == (here / OWN_IMAGES).resolve():
        return ""
    for name in OWN_PATHS:
        mine = here / name
        if wanted == mine or wanted in mine.parents or mine in wanted.parents:
            return f"it overlaps the workflow's own {name}; allowed: another folder"
    return ""


def of_schemes(model: dict, schemes: dict) -> list[str]:
    """Complaints about the names and the groups of these schemes, a line each."""
    lines = []
    for name, scheme in schemes.items():
        try:
            architecture.convolutions(model["architecture"], **scheme)
        except SchemeError:
            lines += _bad_groups(name, **scheme)
    baseline = schemes.get("baseline", {"groups": [1]})  # a step may have another scheme alone
    groups = baseline["groups"]
    if set(groups) != {1}:
        lines.append(f"schemes.baseline.groups = {groups}: must be [1, 1, 1, 1, 1]")
    lines += [
        f"schemes.baseline.{key} = {show(value)}: must be left out; a scheme of another name may "
        "have it"
        for key, value in baseline.items()
        if key != "groups"
    ]
    lines += [
        f"schemes.{name}: a name that means a missing value in a table"
        for name in schemes
        if name.lower() in MISSING
    ]
    if len({name.lower() for name in schemes}) < len(schemes):
        lines.append("schemes: two names differ in case alone, which some file systems ignore")
    return lines


def _of_each_scheme(params: dict) -> list[str]:
    """Complaints about a key with a value per scheme: a scheme lacks one, or does not exist."""
    lines, schemes = [], params["schemes"]
    for key in reads.PER_SCHEME:
        section, name = key.split(".")
        values = params[section][name]
        if not isinstance(values, dict):
            continue
        if missing := [scheme for scheme in in_order(schemes) if scheme not in values]:
            lines.append(
                f"{key}: missing for {', '.join(missing)}; write a value for each scheme, or one "
                "for all"
            )
        for other in (scheme for scheme in values if scheme not in schemes):
            meant = f"did you mean {near}?" if (near := nearest(other, schemes)) else ""
            allowed = meant or f"allowed: {', '.join(in_order(schemes))}"
            lines.append(f"{key}.{other} = {show(values[other])}: no such scheme; {allowed}")
    return lines


def of_sweep(sweep: dict) -> list[str]:
    """Complaints about a grid that cannot go on: the next rate is rounded to two digits."""
    rates = sorted(sweep["learning_rates"])
    return [
        f"sweep.learning_rates = {show(sweep['learning_rates'])}: {below:g} and {rate:g} are too "
        f"close to each other; allowed: each at least {APART} times the one below it"
        for below, rate in itertools.pairwise(rates)
        if rate < APART * below * (1 - 1e-9)
    ]


def _bad_groups(
    name: str, groups: list[int], shuffle: bool = False, width: float = 1.0
) -> list[str]:
    lines = []
    for stage, g in enumerate(groups, start=1):
        allowed = architecture.allowed_groups(stage, width)
        if g not in allowed:
            near = sorted(sorted(allowed, key=lambda a: abs(a - g))[:2])
            channels = "{} and {}".format(*architecture.read_and_written(stage, width))
            narrow = f" at width {width}" if width != 1 else ""
            lines.append(
                f"schemes.{name}.groups[{stage - 1}] (conv-{stage}) = {g}: must divide {channels} "
                f"channels{narrow}; nearest: {', '.join(map(str, near))}"
            )
    return lines
