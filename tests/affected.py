"""The steps that a parameter wakes. `python tests/affected.py` writes docs/rebuilds.md's table."""

import re
from pathlib import Path

from groupconv.engines import jobs
from groupconv.settings import config

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "rebuilds.md"

BEGIN, END = "<!-- affected: made by `python tests/affected.py` -->\n", "<!-- /affected -->\n"


def leaves(params: dict) -> list[str]:
    """Every parameter as a dotted key; a scheme's groups stand for one key."""
    found = []
    for section, inner in params.items():
        found += [section] if section == "schemes" else [f"{section}.{key}" for key in inner]
    return found


def reached(params: dict) -> dict[str, list[str]]:
    """{dotted key: the steps that read it, and all that read what those make}."""
    definitions = jobs.load((ROOT / "dvc.yaml").read_text())
    every = jobs.jobs(definitions, params)
    before = jobs.producers(every)
    table = {}
    for key in leaves(params):
        hit: dict[str, str] = {}
        for one in every:
            mine = any(
                key == k
                or key.startswith(f"{k}.")
                or (key == "schemes" and k.startswith("schemes"))
                for k in one.params
            )
            # train.seeds says which trainings there are, as `schemes` does.
            there_is = key == "train.seeds" and one.step in ("train", "evaluate")
            if mine or there_is or before[one.name] & hit.keys():
                hit[one.name] = one.step
        table[key] = list(dict.fromkeys(hit.values()))
    return table


def markdown(params: dict) -> str:
    """The table in Markdown: keys that reach the same steps share a row."""
    rows: dict[tuple, list[str]] = {}
    for key, steps in reached(params).items():
        rows.setdefault(tuple(steps), []).append(f"`{key}`")
    lines = ["| parameter | steps that are made again |", "|---|---|"]
    lines += [
        f"| {', '.join(keys)} | {', '.join(steps) or 'none'} |" for steps, keys in rows.items()
    ]
    return "\n".join(lines) + "\n"


def inserted(text: str) -> str:
    """The document with its table as it should be."""
    table = markdown(config.load(ROOT / "params.yaml"))
    return re.sub(rf"(?s)(?<={re.escape(BEGIN)}).*(?={re.escape(END)})", lambda _: table, text)


if __name__ == "__main__":
    DOCUMENT.write_text(inserted(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
