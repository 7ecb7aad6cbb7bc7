"""From the text results to the study's numbers.

    python -m study.collect [--check] [--pixels FOLDER]

By the steps of any run: summary, claims, tables, figures, report, for each stage by itself, into
study/collected/STAGE/. --check writes nothing, and names each number that is not the committed one.
--pixels takes the images that the pages show from FOLDER, the data/ of a run of the study.
"""

import argparse
import json
import math
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

from study import convergence, pixels, results
from study import plan as plans
from study.plan import ROOT, Plan, Training

COLLECTED = ROOT / "study" / "collected"
# What git has of it; --check compares these.
NUMBERS = ("summary.csv", "comparisons.csv", "curves.csv", "claims.json")
RATES = "rates.csv"
OF_GRID = "stage scheme initialization learning_rate seed diverged val_top1 val_loss".split()
DIGITS = 1e-6  # another processor, or another numpy, may round otherwise
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
    pictures = kept / pixels.PICTURES
    if data:
        trained = [results.made_with(one, kept) for one in found if one.seed is not None]
        pixels.check(data, {made["manifest_sha256"] for made in trained})
    yield from rates([one for one in found if one.seed is None], kept, collected, check=check)
    of_all_pages: set[str] = set()
    for stage in plan.stages:
        trainings = [one for one in found if one.stage == stage and one.seed is not None]
        if not any(one.scheme == "baseline" for one in trainings) or len(trainings) < 2:
            continue
        with tempfile.TemporaryDirectory() as name:
            run = Path(name) / "run"
            results.unpack(trainings, kept, run)
            params = plans.limited(
                plan.stages[stage],
                sorted({one.scheme for one in trainings}),
                sorted({one.seed for one in trainings}),
            )
            numbers(run, params, convergence.still_moves(plan, stage, kept))
            if check:
                for name in NUMBERS:
                    compare(run / "results" / name, collected / stage / name)
            else:
                shown = page(run, params, pictures)
                of_all_pages |= set(shown)
                if data:
                    pixels.keep(shown, data, pictures)
                    page(run, params, pictures)
                shutil.rmtree(collected / stage, ignore_errors=True)
                left_out = shutil.ignore_patterns("schemes", "agreement.json", *results.MEASURED)
                shutil.copytree(run / "results", collected / stage, ignore=left_out)
        yield f"{stage}: {', '.join(one.name.split('/')[1] for one in trainings)}"
    if data and of_all_pages:
        pixels.drop_others(of_all_pages, pictures)


def rates(grids: list[Training], kept: Path, collected: Path, *, check: bool) -> Iterator[str]:
    """All grids in rates.csv; yields the best of each on validation."""
    if not grids:
        return
    tables = [pd.read_csv(results.place(kept, one)) for one in grids]
    with tempfile.TemporaryDirectory() as name:
        now, committed = Path(name) / RATES, collected / RATES
        every = pd.concat([of.assign(stage=g.stage) for g, of in zip(grids, tables, strict=True)])
        every[OF_GRID].to_csv(now, index=False, lineterminator="\n")
        if check:
            compare(now, committed)
        else:
            committed.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(now, committed)
    for grid, table in zip(grids, tables, strict=True):
        best = table.loc[table["val_top1"].idxmax()]
        tried = table["learning_rate"]
        end = best["learning_rate"] in (tried.min(), tried.max())
        yield (
            f"{grid.name}: best {best['initialization']}, {best['learning_rate']:g}: validation "
            f"top-1 {best['val_top1']:.1%}{', at an end' if end else ''}"
        )


def numbers(run: Path, params: dict, unconverged: str) -> None:
    """The steps summary and claims, of the files in ``run``; ``unconverged``: of rule 5."""

    def at(*names: str) -> dict[str, str]:
        return {Path(n).stem: str(run / "results" / n) for n in names}

    of_seed = run / "results/schemes/{scheme}/seed{seed}"
    manifest = str(run / "data/manifest.csv")
    agreed = {"agreement_json": at("agreement.json")["agreement"], "pixels": "", "checkpoint": ""}
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


def page(run: Path, params: dict, pictures: Path) -> list[str]:
    """The steps tables, figures and report; returns the ids of the images that are shown.

    ``pictures`` has the pixels of some, where it is there.
    """
    found, data = run / "results", run / "data"
    of = {name: str(found / f"{name}.csv") for name in ("summary", "comparisons")}
    of |= {"claims": str(found / "claims.json"), "manifest": str(data / "manifest.csv")}
    tables.run(
        reads.params_of(params, "tables"),
        **{name: of[name] for name in ("summary", "claims", "manifest")},
        counts=str(data / "counts.csv"),
        folder=str(found / "tables"),
    )
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


def compare(now: Path, committed: Path) -> None:
    """Raise DataError, naming the first place where two files are not the same numbers."""
    if not committed.exists():
        raise DataError(f"{committed}: missing; python -m study.collect makes it")
    for place, mine, theirs in differences(_content(now), _content(committed), committed.name):
        raise DataError(f"{committed}: {place}: {theirs}, the results say {mine}")


def _content(path: Path) -> object:
    if path.suffix == ".csv":
        return pd.read_csv(path, keep_default_na=False).to_dict("list")
    return json.loads(path.read_text(encoding="utf-8"))


def differences(mine: object, theirs: object, place: str) -> Iterator[tuple[str, object, object]]:
    """(where, mine, theirs), as far as both are not the same but for DIGITS."""
    if isinstance(mine, dict) and isinstance(theirs, dict) and mine.keys() == theirs.keys():
        for key in mine:
            yield from differences(mine[key], theirs[key], f"{place}: {key}")
    elif isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        for i, both in enumerate(zip(mine, theirs, strict=True)):
            yield from differences(*both, f"{place}[{i}]")
    elif isinstance(mine, float) and isinstance(theirs, int | float):
        if not math.isclose(mine, theirs, rel_tol=DIGITS, abs_tol=DIGITS):
            yield place, mine, theirs
    elif mine != theirs:
        yield place, mine, theirs


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
