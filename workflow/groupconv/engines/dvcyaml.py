"""Writes our stages into dvc.yaml from the rules; other lines stay as their owner wrote them.

The rules are the one definition of a step; dvc.yaml says the same to DVC.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import yaml

from groupconv.engines import jobs
from groupconv.engines.jobs import CODE, CODE_FOLDER, PACKAGE
from groupconv.ground.errors import StepError
from groupconv.settings import reads

# The comment makes another command of the rule another command of the stage.
COMMAND = "snakemake --cores all --force {target} --allowed-rules {rules}  # rule {digest}"
# Small text results, which git versions; DVC's cache takes everything else.
IN_GIT = {
    "summary.csv": "outs",
    "comparisons.csv": "outs",
    "curves.csv": "outs",
    "metrics.json": "metrics",
    "claims.json": "outs",
    "tables": "outs",
}
RANGES = {"scheme": "${schemes}", "seed": "${train.seeds}"}


@dataclass(frozen=True)
class Rule:
    """What a rule declares: files with {scheme} and {seed} in them, and its shell command.

    ``arguments`` and ``literals``: what the command gives to the step, by name; a literal has no
    wildcards.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    command: str
    arguments: dict[str, str] = field(default_factory=dict)
    literals: dict[str, str] = field(default_factory=dict)


def derived(text: str, rules: dict[str, Rule], folders: dict[str, str], params: dict) -> str:
    """dvc.yaml's ``text`` with our stages as the ``rules`` (by step) say. Raises StepError.

    ``params``: of params.yaml, which has one value or one for each scheme. ``folders``: those that
    DVC takes as one, by what dvc.yaml calls them; a path with {scheme} in it stays by itself. A
    stage of ours that its user has frozen stays frozen.
    """
    definitions = {CODE: code_stage()} | {
        step: definition(step, rule, folders, params) for step, rule in rules.items()
    }
    now = jobs.read(text)
    head, blocks, tail = _blocks(text)
    if blocks.keys() != now.keys():
        raise StepError("dvc.yaml: write each stage's name with two blanks before it, as DVC does")
    for step, wanted in definitions.items():
        present = now.get(step)
        if isinstance(present, dict) and present.get("frozen"):
            wanted["frozen"] = True
        if step not in blocks or _unordered(present) != _unordered(wanted):
            body = yaml.safe_dump({step: wanted}, sort_keys=False, width=1000)
            blocks[step] = "".join(f"  {line}\n" for line in body.splitlines())
    ours = [step for step in definitions if step in blocks]
    # Ours in the order of the workflow, where the first of them stands; others as they stand.
    names = [name for name in blocks if name not in definitions]
    before = next((i for i, name in enumerate(blocks) if name in definitions), 0)
    names[before:before] = ours
    return head + "stages:\n" + "".join(blocks[name] for name in names) + tail


def _unordered(stage: object) -> object:
    """A stage without the order of its lists, which `dvc freeze` changes and which says nothing."""
    if not isinstance(stage, dict):
        return stage
    return {k: sorted(v, key=repr) if isinstance(v, list) else v for k, v in stage.items()}


def _blocks(text: str) -> tuple[str, dict[str, str], str]:
    """What stands before the stages, each stage's lines, and what stands after them."""
    found = re.search(r"^stages:[^\n]*\n((?:(?: .*|#.*)?\n)*)", text, flags=re.M)
    if not found:
        return (text.rstrip("\n") + "\n" if text.strip() else ""), {}, ""
    blocks: dict[str, str] = {}
    lead, name = "", None
    for line in found[1].splitlines(keepends=True):
        begins = re.match(r"  (?:\"([^\"]+)\"|'([^']+)'|([^\s#'\"][^:]*)):", line)
        if begins:
            name = next(filter(None, begins.groups()))
            blocks[name], lead = lead + line, ""
        elif re.match(r"( {0,2}#.*)?$", line.rstrip("\n")):  # a comment belongs to what follows
            lead += line
        elif name is not None:
            blocks[name] += lead + line
            lead = ""
    return text[: found.start()], blocks, lead + text[found.end() :]


def code_stage() -> dict:
    """The stage that writes the meaning of the code. After a comment was added, it alone runs."""
    return {"cmd": "python workflow/fingerprints.py", "deps": [PACKAGE], "outs": [CODE_FOLDER]}


def definition(step: str, rule: Rule, folders: dict[str, str], params: dict) -> dict:
    """One stage as DVC reads it."""
    outs = _named(rule.outputs, folders)
    wildcards = [name for name in RANGES if f"${{item.{name}}}" in outs[0]]
    name = "raw" if step == "download" else step
    given = {name: _named((path,), folders)[0] for name, path in rule.arguments.items()}
    given |= rule.literals
    found: dict = {}
    if wildcards:
        found["matrix"] = {wildcard: RANGES[wildcard] for wildcard in wildcards}
    found["cmd"] = COMMAND.format(
        target=outs[0] if wildcards else name,
        rules=" ".join(dict.fromkeys((step, name))),
        digest=_digest(rule, given),
    )
    # A raw file is checked by its hash: no change of code fetches it again.
    code = () if step == "download" else (f"{CODE_FOLDER}/{step}.txt",)
    if deps := _named((*rule.inputs, *code), folders):
        found["deps"] = deps
    found["params"] = [
        key.replace("{scheme}", "${item.scheme}") for key in reads.keys(step, params)
    ]
    for out in outs:
        kind, flags = _kind(step, out)
        found.setdefault(kind, []).append({out: flags} if flags else out)
    if given:  # DVC passes over it
        found["meta"] = {"arguments": " ".join(f"{n}={path}" for n, path in given.items())}
    return found


def _digest(rule: Rule, given: dict[str, str]) -> str:
    """A word for how a rule makes its step: its command, and which path each argument is.

    The stage's lists have the paths, but not that two of them exchanged their names. One path alone
    cannot: a raw file is not fetched again because its argument has another name.
    """
    text = rule.command + (json.dumps(given, sort_keys=True) if len(given) > 1 else "")
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _named(paths: tuple[str, ...], folders: dict[str, str]) -> list[str]:
    """The paths as dvc.yaml has them."""
    found = set()
    for path in paths:
        if path in folders:  # braces in a user's own are no wildcards
            found.add(folders[path])
            continue
        for folder, name in folders.items():
            if (f"{path}/").startswith(f"{folder}/") and "{scheme}" not in path:
                path = name
        found.add(re.sub(r"(?<!\$)\{(scheme|seed)\}", r"${item.\1}", path))
    return sorted(found)


def _kind(step: str, out: str) -> tuple[str, dict]:
    """The list of the stage that ``out`` stands in, and DVC's flags for it."""
    if step == "download":  # DVC would delete what was put there by hand, or half a download
        return "outs", {"persist": True}
    kind = next((IN_GIT[part] for part in PurePosixPath(out).parts if part in IN_GIT), None)
    # DVC would delete them before the step, which after a partial pull lacks what it reads.
    return (kind, {"cache": False, "persist": True}) if kind else ("outs", {})


def of_ours(name: str) -> bool:
    """Whether a stage's name in dvc.lock, as train@A-0, is one of our steps'."""
    return name.partition("@")[0] in (jobs.CODE, *reads.READS)
