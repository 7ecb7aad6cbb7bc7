"""What needs two keys of params.yaml at once: groups and channels, folder and source.

An example of a complaint: `schemes.F.groups[3] (conv-4) = 48: must divide 256 and 512 channels;
nearest: 32, 64`. The schema already holds for what comes here.
"""

import os
from pathlib import Path

from groupconv.ground.errors import SchemeError
from groupconv.network import architecture
from groupconv.settings.schema import show

OWN_IMAGES = "data/folder"  # there in every copy: an engine can depend on it
# What the workflow writes, or is: no folder of images.
OWN_PATHS = ("data/raw", "data/images.npy", "results", "logs", "workflow", ".snakemake", ".dvc")
MISSING = ("na", "nan", "none", "null")  # as pandas reads them


def complaints(params: dict) -> list[str]:
    """Each a line: key, value, what is allowed."""
    return [*of_data(params["data"]), *of_schemes(params["model"], params["schemes"])]


def of_data(data: dict) -> list[str]:
    """Of the source, the folder and the books: each a line."""
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
            return f"the workflow's own {name} would be in it, or it in that; allowed: another one"
    return ""


def of_schemes(model: dict, schemes: dict) -> list[str]:
    """Of the names and the groups of these schemes: each a line."""
    lines = []
    for name, scheme in schemes.items():
        try:
            architecture.convolutions(model["architecture"], scheme["groups"])
        except SchemeError:
            lines += _bad_groups(name, scheme["groups"])
    groups = schemes.get("baseline", {"groups": [1]})["groups"]
    if set(groups) != {1}:
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
