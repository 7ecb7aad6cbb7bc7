"""Step report: figures, tables and their captions -> one self-contained report.html.

The page loads nothing: figures, tables, style, script and glyphs are in it. Its sentences are those
of pages/; the template only puts them in their places. Does not know how a number was made.
"""

import json
from collections import Counter
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import jinja2
import pandas as pd
import yaml

from groupconv.data.division import kept, says
from groupconv.data.parts import PARTS
from groupconv.data.sources import SOURCES
from groupconv.ground import atomic
from groupconv.ground.provenance import commit, versions
from groupconv.pages import (
    answers,
    claimed,
    contents,
    glyphs,
    kinds,
    making,
    markup,
    mistakes,
    papers,
    vector,
    words,
)
from groupconv.pages.resolution import resolution
from groupconv.results.back_ends import LEAST, LEAST_IMAGES
from groupconv.results.trained import seeds_of
from groupconv.results.words import many

PACKAGES = ("snakemake", "pandas", "numpy", "scipy", "matplotlib", "seaborn")


def run(
    params: dict,
    claims: str,
    ambiguities: str,
    texts: str,
    figures: str,
    tables: str,
    latency: str,
    agreement: str,
    summary: str,
    comparisons: str,
    tests: str,
    report: str,
) -> None:
    """Fill ``texts``/report.html.j2 with everything that the workflow made.

    ``tests`` is a template with {scheme} and {seed}: test.json of each training. Raises DataError
    if a scheme has none, DiskError.
    """
    timed, found = read_json(latency), read_json(claims)
    source = SOURCES[params["data"]["source"]]
    results = pd.read_csv(summary).set_index("scheme", drop=False)
    data = read(Path(tables) / "data.md")
    language = source.language or markup.language(*samples(Path(figures)))
    compared = pd.read_csv(comparisons)
    theirs = papers.schemes(compared)
    given = answers.Given(
        summary=results,
        comparisons=answers.by_key(compared),
        papers=papers.changes(found),
        schemes=params["schemes"],
        loaded=timed["load"]["loaded"],
        unconverged=found["unconverged"],
    )
    seeds = seeds_of(tests, params["schemes"], params["train"]["seeds"])
    scheme = mistakes.focus(results) or "baseline"
    of_trainings = trained(tests, seeds)
    collected = bool(of_trainings["commits"])
    published = divided(Path(tables) / "data.csv")
    titles = {name: one.title for name, one in SOURCES.items()}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(texts), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["ja"] = lambda text: markup.marked(text, language)
    environment.filters["cited"] = lambda text: markup.cited(text, language)
    page = environment.get_template("report.html.j2").render(
        sections=kinds.SECTIONS,
        language=language,
        style=read(Path(texts) / "style.css"),
        script=read(Path(texts) / "page.js"),
        here=trained_here(params["train"]["epochs"], seeds),
        answers=answers.answers(given),
        figures=figure_groups(
            params["schemes"], Path(figures), language, theirs, loaded=given.loaded
        ),
        tables=[table(row, Path(tables), language) for row in contents.TABLES],
        claims=claimed.claims(found),
        verdicts=claimed.counts(found),
        resolution=resolution(results),
        many=many,
        ambiguities=[
            {**entry, "keys": [in_force(params, key) for key in entry["key"].split(", ")]}
            for entry in yaml.safe_load(read(Path(ambiguities)))
        ],
        differs=[words.difference(text, titles) for text in found["differs"]],
        params=yaml.safe_dump(params, sort_keys=False, allow_unicode=True),
        latency=timed,
        fair=fair(params),
        agreed=agreed(read_json(agreement)),
        least=f"{LEAST:.0%} of at least {LEAST_IMAGES}",
        versions={**timed["versions"], **installed()},
        source=source,
        images=markup.cells(data),
        selection=words.selection(
            params["data"], params["split"], held_out(published, params["split"]["division"])
        ),
        division=says(published, params["split"]["division"]),
        steps=[
            (step, making.command(step, scheme, seeds[scheme][0], collected=collected), said)
            for step in making.STEPS
            for said in [making.parameters(step, params)]
        ],
        trained=of_trainings,
        commit=commit(),
        made=f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC",
    )
    face = glyphs.face(page) if language else ""
    atomic.write_text(report, page.replace("/* glyphs */", face, 1))


def figure_groups(
    schemes: dict, folder: Path, language: str, theirs: set[str], *, loaded: bool
) -> list[dict]:
    """The figures of each row: those of one row per scheme stand together, under one caption.

    ``theirs``: the schemes that are the paper's.
    """
    rows = contents.figures(schemes)
    groups = []
    for caption, members in groupby(rows, key=lambda row: row.caption):
        members = list(members)
        groups.append(
            {
                "caption": f"{caption} {kinds.LOADED}" if members[0].timed and loaded else caption,
                "section": members[0].section,
                "each": members[0].scheme is not None,
                "figures": [
                    {
                        "name": row.name,
                        "title": contents.title(row, theirs),
                        "svg": vector.inline(read(file), row.name, language),
                        "address": markup.address(file, "image/svg+xml"),
                    }
                    for row in members
                    for file in [folder / f"{row.name}.svg"]
                ],
            }
        )
    return groups


def samples(folder: Path) -> list[str]:
    """The text of the figure of samples: the names of classes."""
    path = folder / "fig01.svg"
    return [read(path)] if path.exists() else []


def table(row: contents.Table, folder: Path, language: str) -> dict:
    """A table of the page: what its row says, its HTML, and its numbers as a file."""
    return {
        "name": row.name,
        "title": row.title,
        "section": row.section,
        "caption": row.caption,
        "html": markup.table(read(folder / f"{row.name}.md"), language),
        "address": markup.address(folder / f"{row.name}.csv", "text/csv"),
    }


def trained_here(epochs: int, seeds: dict[str, list[int]]) -> str:
    """Which networks this run has, and how often each was trained."""
    by_number: dict[int, list[str]] = {}
    for scheme, of in seeds.items():
        by_number.setdefault(len(of), []).append("the baseline" if scheme == "baseline" else scheme)
    said = (
        f"{listed(names)} {'is' if len(names) == 1 else 'are'} trained with {many(number, 'seed')}"
        for number, names in by_number.items()
    )
    return f"Here {', '.join(said)}, for {many(epochs, 'epoch')}."


def fair(params: dict) -> str:
    """What the rate and the initialisation decide, and those of this run."""
    most = max(n for one in params["schemes"].values() for n in one["groups"])
    here = " and ".join(
        in_force(params, k) for k in ("model.initialization", "train.learning_rate")
    )
    return (
        "The rate and the initialisation decide much. Behind batch norm a filter's norm sets only "
        f"its effective rate; Kaiming's rule makes that up to {most} times as high in a grouped "
        "layer as filters of one norm would, and in few epochs that decides. No rule is fair by "
        f"itself: docs/statistics.md has the figures of a sweep. This run has {here}."
    )


def listed(names: list[str]) -> str:
    """The baseline, D and E."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def agreed(record: dict) -> list[dict]:
    """A row for each back end below fp32 and scheme: how often it gives eager's class."""
    return [
        {
            "name": words.back_end(name),
            "precision": record["back_ends"][name],
            "scheme": scheme,
            "images": f"{of['images']:,}",
            "share": f"{of['top1_agreement']:.1%} [{100 * of['low']:.1f}, {100 * of['high']:.1f}]",
            "enough": "yes" if of["enough"] else f"no: {of['why_not']}",
        }
        for scheme, row in record["schemes"].items()
        for name, of in row["back_ends"].items()
    ]


def trained(tests: str, seeds: dict[str, list[int]]) -> dict[str, list[str]]:
    """Of the trainings, how many were tested on which machine, and made by which commit.

    A run's own are of its commit, and no record says another.
    """
    records = [read_json(tests.format(scheme=s, seed=n)) for s, of in seeds.items() for n in of]
    machines = Counter(
        f"{one['machine']['gpu'] or one['machine']['cpu']}, {many(one['machine']['cores'], 'core')}"
        for one in records
    )
    commits = Counter(one["made"]["commit"][:10] for one in records if "made" in one)
    return {
        "machines": [f"{many(n, 'network')} tested on {name}" for name, n in machines.items()],
        "commits": [f"{many(n, 'network')} trained by commit {c}" for c, n in commits.items()],
    }


def divided(path: Path) -> Counter:
    """{(published part, ours): images}, from the table of the data; empty without a division."""
    table = pd.read_csv(path, index_col="part")
    return Counter(
        {
            (part, split): int(table.loc[split, f"published_{part}"])
            for part in PARTS
            for split in PARTS
            if f"published_{part}" in table
        }
    )


def held_out(published: Counter, division: str) -> set[str]:
    """Our parts that the source has set aside; none where its parts are pooled."""
    there = {part for (part, _), n in published.items() if n}
    return set(kept(there).values()) if division == "published" else set()


def installed() -> dict[str, str]:
    """Versions of the packages that made the page; Snakemake is not in every environment."""
    from importlib import metadata

    return versions(*(p for p in PACKAGES if next(iter(metadata.distributions(name=p)), None)))


def in_force(params: dict, key: str) -> str:
    """A key of params.yaml with its value; a section, a file or "-" as it is."""
    section, _, name = key.partition(".")
    if section not in params or not name:
        return key
    return f"{key}: {making.value(params[section][name])}"


def read(path: Path) -> str:
    """A text file."""
    return path.read_text(encoding="utf-8")


def read_json(path: str) -> dict:
    """A JSON file."""
    return json.loads(read(Path(path)))
