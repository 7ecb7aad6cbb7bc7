"""Step report: figures, tables and their captions -> one self-contained report.html.

The page loads nothing: figures are embedded. Does not know how a number was made.
"""

import base64
import json
from collections import Counter
from pathlib import Path

import jinja2
import pandas as pd
import yaml
from markdown_it import MarkdownIt

from groupconv.data.division import says
from groupconv.data.parts import PARTS
from groupconv.data.sources import SOURCES
from groupconv.ground import atomic
from groupconv.ground.progress import many
from groupconv.ground.provenance import versions
from groupconv.pages import contents
from groupconv.pages.resolution import resolution

PACKAGES = ("snakemake", "pandas", "numpy", "scipy", "matplotlib", "seaborn")


def run(
    params: dict,
    claims: str,
    ambiguities: str,
    texts: str,
    figures: str,
    tables: str,
    latency: str,
    report: str,
) -> None:
    """Fill ``texts``/report.html.j2 with everything that the workflow made. Raises DiskError."""
    timed = json.loads(Path(latency).read_text(encoding="utf-8"))
    source = SOURCES[params["data"]["source"]]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(texts), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page = environment.get_template("report.html.j2").render(
        figures=[
            {
                "name": row.name,
                "title": row.title,
                "section": row.section,
                "caption": row.caption,
                "image": embedded(Path(figures) / f"{row.name}.svg"),
            }
            for row in contents.figures(params["schemes"])
        ],
        tables=[
            {
                "name": row.name,
                "section": row.section,
                "caption": row.caption,
                "html": table(Path(tables) / f"{row.name}.md"),
            }
            for row in contents.TABLES
        ],
        resolution=resolution(pd.read_csv(Path(tables) / "results.csv")),
        many=many,
        ambiguities=[
            {**entry, "keys": [in_force(params, key) for key in entry["key"].split(", ")]}
            for entry in yaml.safe_load(Path(ambiguities).read_text(encoding="utf-8"))
        ],
        differs=json.loads(Path(claims).read_text(encoding="utf-8"))["differs"],
        params=yaml.safe_dump(params, sort_keys=False, allow_unicode=True),
        latency=timed,
        versions={**timed["versions"], **installed()},
        source=source,
        division=divided(Path(tables) / "data.csv", params["split"]["division"]),
    )
    atomic.write_text(report, page)


def divided(path: Path, division: str) -> str:
    """A sentence on the source's published parts, from the table of the data; "" without any."""
    table = pd.read_csv(path, index_col="part")
    found = {
        (part, split): int(table.loc[split, f"published_{part}"])
        for part in PARTS
        for split in PARTS
        if f"published_{part}" in table
    }
    return says(Counter(found), division)


def installed() -> dict[str, str]:
    """Versions of the packages that made the page; Snakemake is not in every environment."""
    from importlib import metadata

    return versions(*(p for p in PACKAGES if next(iter(metadata.distributions(name=p)), None)))


def table(path: Path) -> str:
    """A Markdown table as HTML; markup in a cell is shown as text."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    return markdown.render(path.read_text(encoding="utf-8"))


def in_force(params: dict, key: str) -> str:
    """A key of params.yaml with its value; a section, a file or "-" as it is."""
    section, _, name = key.partition(".")
    if section not in params or not name:
        return key
    return f"{key}: {json.dumps(params[section][name], ensure_ascii=False)}"


def embedded(path: Path) -> str:
    """A data: address with the SVG file's bytes."""
    return "data:image/svg+xml;base64," + base64.b64encode(path.read_bytes()).decode()
