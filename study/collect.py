"""From the text results to the study's numbers.

    python -m study.collect [--check] [--pixels FOLDER]

By the steps of any run: summary, claims, tables, figures, report, for each stage by itself, into
study/collected/STAGE/; all of them, or none. --check writes nothing, and names each number of the
committed CSV, JSON and text files that the results do not give; figures and page are drawn from
these. --pixels takes the images that the pages show from FOLDER, the data/ of a run of the study.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from groupconv.ground.errors import DataError, StepError
from groupconv.pages.pictures import rows_shown
from groupconv.settings import reads
from groupconv.steps import agreement, claims, figures, report, summary, tables

from study import compare, convergence, pixels, reading, results
from study import plan as plans
from study.plan import ROOT, Plan, Training

COLLECTED = ROOT / "study" / "collected"
# What --check compares.
NUMBERS = ("summary.csv", "comparisons.csv", "curves.csv", "metrics.json", "claims.json", "tables")
RATES = "rates.csv"
OF_GRID = "stage scheme initialization learning_rate seed diverged val_top1 val_loss".split()
PAPER, TEXTS = ROOT / "workflow" / "paper", ROOT / "workflow" / "report"


def main(arguments: list[str]) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    parser.add_argument(
        "--pixels", type=Path, help="data/ of a run: keep the pixels that are shown"
    )
    given = parser.parse_args(arguments)
    try:
        for line in collect(plans.load(), check=given.check, data=given.pixels):
            print(line)
    except StepError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def collect(
    plan: Plan,
    kept: Path = results.RESULTS,
    collected: Path = COLLECTED,
    *,
    check: bool = False,
    data: Path | None = None,
) -> Iterator[str]:
    """Make every stage's files in ``collected``; yields a line for each.

    With ``check`` compare alone. ``data``: a run's, from which the pixels are kept that the pages
    show; None: those that were. Raises DataError if results do not belong together, or a number
    is not the collected one.
    """
    results.check(plan, kept)
    found = results.there(plan, kept)
    if data:
        trained = [results.made_with(one, kept) for one in found if one.seed is not None]
        pixels.check(data, {made["manifest_sha256"] for made in trained})
    with tempfile.TemporaryDirectory() as name:
        made, pictures = Path(name) / "collected", Path(name) / pixels.PICTURES
        made.mkdir()
        if (kept / pixels.PICTURES).exists():
            shutil.copy(kept / pixels.PICTURES, pictures)
        yield from rates([one for one in found if one.seed is None], kept, made / RATES)
        shown: set[str] = set()
        for stage in plan.stages:
            trainings = [one for one in found if one.stage == stage and one.seed is not None]
            if not any(one.scheme == "baseline" for one in trainings) or len(trainings) < 2:
                continue
            run = Path(name) / stage
            results.unpack(trainings, kept, run)
            params = plans.limited(
                plan.stages[stage],
                sorted({one.scheme for one in trainings}),
                sorted({one.seed for one in trainings}),
            )
            numbers(run, params, convergence.still_moves(plan, stage, kept))
            if not check:
                of_stage = page(run, params, pictures)
                shown |= set(of_stage)
                if data:
                    pixels.keep(of_stage, data, pictures)
                    page(run, params, pictures)
            left_out = shutil.ignore_patterns("schemes", "agreement.json", *results.MEASURED)
            shutil.copytree(run / "results", made / stage, ignore=left_out)
            yield f"{stage}: {', '.join(one.name.split('/')[1] for one in trainings)}"
        if check:
            same(made, collected)
            return
        for path in made.iterdir():  # all is made by now
            shutil.rmtree(collected / path.name, ignore_errors=True)
            copied = shutil.copytree if path.is_dir() else shutil.copy
            collected.mkdir(parents=True, exist_ok=True)
            copied(path, collected / path.name)
        if data:
            pixels.drop_others(shown, pictures)
            shutil.copy(pictures, kept / pixels.PICTURES)


def same(made: Path, collected: Path) -> None:
    """Raise DataError, a line for each number of ``collected`` that is not ``made``'s."""
    found: list[str] = []
    for path in sorted(made.rglob("*")):
        name = path.relative_to(made)
        if path.is_file() and (len(name.parts) == 1 or name.parts[1] in NUMBERS):
            found += compare.files(path, collected / name)
    there = {path.name for path in collected.glob("*/")}
    found += [f"{collected / name}: no result gives it" for name in there - set(os.listdir(made))]
    if found:
        raise DataError("\n".join(found))


def rates(grids: list[Training], kept: Path, to: Path) -> Iterator[str]:
    """Write all grids to the table ``to``; yields the best of each on validation."""
    if not grids:
        return
    tables = [results.grid(one, kept) for one in grids]
    for one, table in zip(grids, tables, strict=True):
        reading.having(table.to_dict("series"), results.place(kept, one), *OF_GRID[1:])
    every = pd.concat([of.assign(stage=g.stage) for g, of in zip(grids, tables, strict=True)])
    every[OF_GRID].to_csv(to, index=False, lineterminator="\n")
    for grid, table in zip(grids, tables, strict=True):
        best = table.loc[table["val_top1"].idxmax()]
        tried = table["learning_rate"]
        end = best["learning_rate"] in (tried.min(), tried.max())
        yield (
            f"{grid.name}: best {best['initialization']}, {best['learning_rate']:g}: validation "
            f"top-1 {best['val_top1']:.1%}{', at an end' if end else ''}"
        )


def numbers(run: Path, params: dict, unconverged: str) -> None:
    """The steps summary, claims, tables, of the files in ``run``; ``unconverged``: of rule 5."""

    def at(*names: str) -> dict[str, str]:
        return {Path(n).stem: str(run / "results" / n) for n in names}

    of_seed = run / "results/schemes/{scheme}/seed{seed}"
    manifest = str(run / "data/manifest.csv")
    agreed = {"agreement_json": at("agreement.json")["agreement"]}
    agreed |= dict.fromkeys(("pixels", "last", "best_val"), "")
    agreement.run(reads.params_of(params, "agreement"), manifest, **agreed)  # all back ends: fp32
    summary.run(
        reads.params_of(params, "summary"),
        str(PAPER / "claims.yaml"),
        manifest,
        **{name: f"{of_seed}/{name}.csv" for name in (*results.PREDICTIONS, "history")},
        macs=str(run / "results/schemes/{scheme}/macs.json"),
        runs=str(run / "results/latency.csv"),
        steps=str(run / "results/training_speed.csv"),
        **at("latency.json", "agreement.json", "summary.csv", "comparisons.csv"),
        **at("metrics.json", "curves.csv"),
    )
    claims.run(
        reads.params_of(params, "claims"),
        str(PAPER / "claims.yaml"),
        manifest,
        **at("summary.csv", "comparisons.csv", "latency.json", "training_speed.json"),
        **at("claims.json"),
        unconverged=unconverged,
    )
    tables.run(
        reads.params_of(params, "tables"),
        **at("summary.csv", "claims.json"),
        manifest=manifest,
        counts=str(run / "data" / "counts.csv"),
        folder=str(run / "results" / "tables"),
    )


def page(run: Path, params: dict, pictures: Path) -> list[str]:
    """The steps figures and report; returns the ids of the images that are shown.

    ``pictures`` has the pixels of some, where it is there.
    """
    found, data = run / "results", run / "data"
    of = {name: str(found / f"{name}.csv") for name in ("summary", "comparisons")}
    of |= {"claims": str(found / "claims.json"), "manifest": str(data / "manifest.csv")}
    of_seed = f"{found}/schemes/{{scheme}}/seed{{seed}}"
    drawn = figures.run(
        reads.params_of(params, "figures"),
        **of,
        images=str(pictures) if pictures.exists() else "",
        history=f"{of_seed}/history.csv",
        predictions=f"{of_seed}/predictions.csv",
        runs=str(found / "latency.csv"),
        layers=str(found / "layers.csv"),
        latency=str(found / "latency.json"),
        folder=str(found / "figures"),
    )
    report.run(
        reads.params_of(params, "report"),
        of["claims"],
        ambiguities=str(PAPER / "ambiguities.yaml"),
        texts=str(TEXTS),
        figures=str(found / "figures"),
        tables=str(found / "tables"),
        latency=str(found / "latency.json"),
        agreement=str(found / "agreement.json"),
        **{name: of[name] for name in ("summary", "comparisons")},
        tests=f"{of_seed}/test.json",
        report=str(found / "report.html"),
    )
    return [row["id"] for row in rows_shown(drawn)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
