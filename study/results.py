"""The text results of a training: packed from a run's files, and unpacked to them again.

study/results/STAGE/SCHEME-seedN/ has history.csv, test.json, and the predictions of the val and of
the test part without what the manifest says already: the images' ids and classes, in its order. A
loss keeps 8 digits. test.json has also what the training was made with, and by which meaning of the
code: what was made by another is refused beside it. study/results/data/ has each manifest that was
trained on, without the pixels' places, and study/results/measured/ what depends on no training.
"""

import json
import shutil
from pathlib import Path

import pandas as pd
from groupconv.data.manifest import TEXT, read_table
from groupconv.ground import atomic
from groupconv.ground.errors import DataError

from study.plan import ROOT, Plan, Training

RESULTS = ROOT / "study" / "results"
PREDICTIONS = {"predictions": "test", "val_predictions": "val"}
OF_MANIFEST = "id class code_point origin page height width channels split".split()
MEASURED = "latency.csv latency.json layers.csv training_speed.csv training_speed.json".split()
XZ = {"method": "xz", "preset": 9}
DECIDING = ("grid", "train", "evaluate")  # steps whose results no hash in the record holds
IMAGES = ("manifest_sha256", "pixels_sha256")


def place(results: Path, one: Training) -> Path:
    """The file that is written last: where it is, the training is there."""
    return results / one.name / ("sweep.csv" if one.seed is None else "test.json")


def pack(run: Path, one: Training, results: Path, made: dict) -> None:
    """Write the text results of a training that ``run`` has made.

    ``made``: commit, code, params, and of a training what else its checkpoint says.
    """
    to = results / one.name
    to.mkdir(parents=True, exist_ok=True)
    if one.seed is None:
        _write_json(to / "made.json", made)
        shutil.copy(run / one.target, to / "sweep.csv")
        return
    _pack_data(run, results, made["manifest_sha256"])
    shutil.copy(run / one.folder / "history.csv", to / "history.csv")
    for name in PREDICTIONS:
        table = _read(run / one.folder / f"{name}.csv")
        table["loss"] = table["loss"].map("{:.8g}".format)
        table[["predicted", "in_top5", "loss"]].to_csv(
            to / f"{name}.csv.xz", index=False, compression=XZ, lineterminator="\n"
        )
    history = pd.read_csv(to / "history.csv")
    record = json.loads((run / one.folder / "test.json").read_text(encoding="utf-8"))
    made = {"seconds_per_epoch": float(history["seconds"].median()), **made}
    _write_json(to / "test.json", {**record, "made": made})


def _pack_data(run: Path, results: Path, sha256: str) -> None:
    to = results / "data" / sha256[:16]
    if not to.exists():
        to.mkdir(parents=True)
        for name, columns in (("manifest", OF_MANIFEST), ("counts", None)):
            table = read_table(str(run / "data" / f"{name}.csv"), columns)
            table = table[columns] if columns else table
            path = to / f"{name}.csv.xz"
            table.to_csv(path, index=False, compression=XZ, lineterminator="\n")


def pack_measured(run: Path, schemes: list[str], results: Path) -> None:
    """MACs, latency and seconds of a training step: of the paper's full model."""
    to = results / "measured"
    to.mkdir(parents=True, exist_ok=True)
    for scheme in schemes:
        shutil.copy(run / f"results/schemes/{scheme}/macs.json", to / f"{scheme}.json")
    for name in MEASURED:
        shutil.copy(run / "results" / name, to / name)


def there(plan: Plan, results: Path = RESULTS) -> list[Training]:
    """Every training that has its results."""
    return [one for one in plan.trainings if place(results, one).exists()]


def made_with(one: Training, results: Path = RESULTS) -> dict:
    """What a training was made with."""
    name = "made.json" if one.seed is None else "test.json"
    record = json.loads((results / one.name / name).read_text(encoding="utf-8"))
    return record if one.seed is None else record["made"]


def check(plan: Plan, results: Path = RESULTS) -> None:
    """Raise DataError if two results are of other code or images, or one of other parameters.

    What prepare, split and square made is known by its hash, so their code may change.
    """
    first: dict[str, tuple[str, str]] = {}
    for one in there(plan, results):
        made = made_with(one, results)
        if made["params"] != plan.of_scheme(one):
            keys = ", ".join(_differing(made["params"], plan.of_scheme(one)))
            raise DataError(f"{results / one.name}: trained with another {keys} than is planned")
        for step in (step for step in DECIDING if step in made["code"]):
            digest = made["code"][step]
            name, other = first.setdefault(step, (one.name, digest))
            if digest != other:
                raise DataError(
                    f"{results / one.name}: made by other code of the step {step} "
                    f"({made['commit'][:10]}) than {results / name}; train all of them by one"
                )
        for key in (key for key in IMAGES if key in made):
            of = f"{key} {plan.stages[one.stage]['data']}"
            name, other = first.setdefault(of, (one.name, made[key]))
            if made[key] != other:
                raise DataError(
                    f"{results / one.name}: of other images ({key}) than {results / name}"
                )


def same(plan: Plan, one: Training, results: Path = RESULTS) -> Training | None:
    """A training of another stage that is there and, by its parameters, this very training."""
    if one.seed is None:
        return None

    def causes(of: Training) -> tuple:
        params = plan.stages[of.stage]
        rest = [params[section] for section in ("data", "split", "evaluate")]
        return of.scheme, of.seed, plan.of_scheme(of), rest

    others = [other for other in there(plan, results) if other.stage != one.stage]
    same_seed = (other for other in others if other.seed == one.seed)
    return next((other for other in same_seed if causes(other) == causes(one)), None)


def _differing(ours: dict, theirs: dict) -> list[str]:
    flat = [
        {
            f"{section}.{key}": value
            for section, keys in params.items()
            for key, value in (keys.items() if isinstance(keys, dict) else [("", keys)])
        }
        for params in (ours, theirs)
    ]
    return sorted(k for k in flat[0].keys() | flat[1].keys() if flat[0].get(k) != flat[1].get(k))


def unpack(trainings: list[Training], results: Path, run: Path) -> None:
    """Write the files of a run that has made these ``trainings`` of one stage.

    Raises DataError if they were trained on different images.
    """
    found = {made_with(one, results)["manifest_sha256"] for one in trainings}
    if len(found) > 1:
        raise DataError(f"{results / trainings[0].stage}: trained on {len(found)} other manifests")
    data = results / "data" / found.pop()[:16]
    manifest = pd.read_csv(data / "manifest.csv.xz", dtype=TEXT, keep_default_na=False)
    (run / "data").mkdir(parents=True)
    manifest.to_csv(run / "data" / "manifest.csv", index=False, lineterminator="\n")
    counts = pd.read_csv(data / "counts.csv.xz", dtype=TEXT, keep_default_na=False)
    counts.to_csv(run / "data" / "counts.csv", index=False, lineterminator="\n")
    for one in trainings:
        of, to = results / one.name, run / one.folder
        to.mkdir(parents=True)
        for name in ("history.csv", "test.json"):
            shutil.copy(of / name, to / name)
        for name, part in PREDICTIONS.items():
            table = _read(of / f"{name}.csv.xz")
            images = manifest[manifest["split"] == part].reset_index(drop=True)
            if len(table) != len(images):
                raise DataError(f"{of / name}.csv.xz: {len(table):,} rows, of {len(images):,}")
            table.insert(0, "id", images["id"])
            table.insert(1, "class", images["class"])
            table.insert(3, "correct", (table["class"] == table["predicted"]).astype(int))
            table.to_csv(to / f"{name}.csv", index=False, lineterminator="\n")
    if not (results / "measured").exists():
        raise DataError(f"{results}/measured: missing; python -m study.train --measure makes it")
    schemes = {one.scheme for one in trainings}
    for scheme in schemes:
        shutil.copy(
            results / "measured" / f"{scheme}.json", run / f"results/schemes/{scheme}/macs.json"
        )
    for name in MEASURED:
        path = results / "measured" / name
        if path.suffix == ".csv":
            table = pd.read_csv(path)
            table = table[table["scheme"].isin(schemes)]
            table.to_csv(run / "results" / name, index=False, lineterminator="\n")
        else:
            shutil.copy(path, run / "results" / name)


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(
        path, dtype={"id": str, "class": str, "predicted": str}, keep_default_na=False
    )


def _write_json(path: Path, content: dict) -> None:
    atomic.write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
