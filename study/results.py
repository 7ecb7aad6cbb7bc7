"""The text results of a training: packed from a run's files, and unpacked to them again.

study/results/STAGE/SCHEME-seedN/ has history.csv, test.json, and the predictions of the val and of
the test part without what the manifest says already: the images' ids and classes, in its order. A
loss keeps 8 digits. test.json has also what the training was made with, and by which meaning of the
code: what was made by another is refused beside it. study/results/data/ has each manifest that was
trained on, without the pixels' places, and study/results/measured/ what depends on no training.
"""

import json
import math
import shutil
from pathlib import Path

import pandas as pd
from groupconv.data.manifest import TEXT, read_table
from groupconv.ground import atomic
from groupconv.ground.errors import DataError

from study import reading
from study.plan import ROOT, Plan, Training

RESULTS = ROOT / "study" / "results"
PREDICTIONS = {"predictions": "test", "val_predictions": "val"}
OF_MANIFEST = "id class code_point origin page height width channels split".split()
MEASURED = "latency.csv latency.json layers.csv training_speed.csv training_speed.json".split()
XZ = {"method": "xz", "preset": 9}
DECIDING = ("grid", "train", "evaluate")  # steps whose results no hash in the record holds
OF_SCHEME = {"groups": None, "width": 1, "shuffle": False}  # and what it is where it is not given
IMAGES = ("manifest_sha256", "pixels_sha256")
TOP1 = {"test": "top1", "val": "val_top1"}  # of a part, in test.json


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
        table = reading.table(run / one.folder / f"{name}.csv", keep_default_na=False)
        table["loss"] = table["loss"].map("{:.8g}".format)
        table[["predicted", "in_top5", "loss"]].to_csv(
            to / f"{name}.csv.xz", index=False, compression=XZ, lineterminator="\n"
        )
    history = reading.table(to / "history.csv", "seconds")
    record = reading.record(run / one.folder / "test.json", *TOP1.values())
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
    """What a training was made with. Raises DataError."""
    folder, keys = results / one.name, ("commit", "code", "params")
    if one.seed is None:
        return reading.record(folder / "made.json", *keys)
    path = folder / "test.json"
    return reading.having(reading.record(path, "made")["made"], path, *keys, *IMAGES)


def grid(one: Training, results: Path = RESULTS) -> pd.DataFrame:
    """A row for each rate and initialisation that was tried. Raises DataError."""
    return reading.table(place(results, one), "learning_rate", "seed", "val_top1")


def check(plan: Plan, results: Path = RESULTS) -> None:
    """Raise DataError if two results are of other code, keys or images, or one of other parameters.

    What prepare, split and square made is known by its hash, so their code may change. A key that
    params.yaml got since is in no result; where it is in one, it is in all.
    """
    first: dict[str, tuple[str, str]] = {}
    for one in there(plan, results):
        made = made_with(one, results)
        has, planned = _flat(made["params"]), _flat(plan.of_scheme(one))
        if other := sorted(key for key in has if has[key] != planned.get(key)):
            keys = ", ".join(other)
            raise DataError(f"{results / one.name}: trained with another {keys} than is planned")
        for step in (step for step in DECIDING if step in made["code"]):
            digest = made["code"][step]
            name, other = first.setdefault(step, (one.name, digest))
            if digest != other:
                raise DataError(
                    f"{results / one.name}: made by other code of the step {step} "
                    f"({made['commit'][:10]}) than {results / name}; train all of them by one"
                )
        kind = "grid" if one.seed is None else "train"
        keys = {key for key in has if not key.startswith("schemes.")}
        name, other = first.setdefault(f"keys of {kind}", (one.name, keys))
        if lacks := sorted(keys ^ other):
            raise DataError(f"{results / one.name}: {', '.join(lacks)}: {results / name} differs")
        for key in (key for key in IMAGES if key in made):
            of = f"{key} {plan.stages[one.stage]['data']}"
            name, other = first.setdefault(of, (one.name, made[key]))
            if made[key] != other:
                raise DataError(
                    f"{results / one.name}: of other images ({key}) than {results / name}"
                )
        _check_measured(plan, one, results / "measured")


def _check_measured(plan: Plan, one: Training, measured: Path) -> None:
    """Raise DataError if MACs and times are of another network than the plan has by this name."""
    path = measured / f"{one.scheme}.json"
    if not path.exists():  # unpack() says so
        return
    params = plan.stages[one.stage]
    planned = {"architecture": params["model"]["architecture"], **params["schemes"][one.scheme]}
    has = reading.record(path, "macs", "architecture", "groups")
    for key in ("architecture", *OF_SCHEME):
        of, ours = has.get(key, OF_SCHEME.get(key)), planned.get(key, OF_SCHEME.get(key))
        if of != ours:
            raise DataError(
                f"{path}: {key} = {of}, and {ours} is planned; remove {measured}, and "
                "python -m study.train --measure makes it anew"
            )


def causes(plan: Plan, one: Training) -> dict:
    """All parameters that decide what a training gives, {section.key: value}; its epochs, too."""
    params = plan.stages[one.stage]
    rest = {section: params[section] for section in ("data", "split", "evaluate")}
    of = {"train": plan.of_scheme(one), "rest": rest}
    return {f"{k} {key}": value for k, part in of.items() for key, value in _flat(part).items()}


def same(plan: Plan, one: Training, results: Path = RESULTS) -> Training | None:
    """A training of another stage that is there and, by its parameters, this very training."""
    if one.seed is None:
        return None
    others = [other for other in there(plan, results) if other.stage != one.stage]
    same_seed = (other for other in others if (other.scheme, other.seed) == (one.scheme, one.seed))
    return next((o for o in same_seed if causes(plan, o) == causes(plan, one)), None)


def _flat(params: dict) -> dict:
    """{section.key: value}."""
    return {
        f"{section}.{key}": value
        for section, keys in params.items()
        for key, value in (keys.items() if isinstance(keys, dict) else [("", keys)])
    }


def unpack(trainings: list[Training], results: Path, run: Path) -> None:
    """Write the files of a run that has made these ``trainings`` of one stage.

    Raises DataError if they were trained on different images.
    """
    found = {made_with(one, results)["manifest_sha256"] for one in trainings}
    if len(found) > 1:
        raise DataError(f"{results / trainings[0].stage}: trained on {len(found)} other manifests")
    data = results / "data" / found.pop()[:16]
    as_text = {"dtype": TEXT, "keep_default_na": False}
    manifest = reading.table(data / "manifest.csv.xz", **as_text)
    reading.having(manifest.to_dict("series"), data / "manifest.csv.xz", *OF_MANIFEST)
    (run / "data").mkdir(parents=True)
    manifest.to_csv(run / "data" / "manifest.csv", index=False, lineterminator="\n")
    counts = reading.table(data / "counts.csv.xz", **as_text)
    counts.to_csv(run / "data" / "counts.csv", index=False, lineterminator="\n")
    for one in trainings:
        _unpack_one(one, manifest, results, run / one.folder)
    measured = results / "measured"
    if not measured.exists():
        raise DataError(f"{measured}: missing; python -m study.train --measure makes it")
    schemes = {one.scheme for one in trainings}
    for scheme in schemes:
        reading.record(measured / f"{scheme}.json", "macs", "parameters")
        shutil.copy(measured / f"{scheme}.json", run / f"results/schemes/{scheme}/macs.json")
    for name in MEASURED:
        path = measured / name
        if path.suffix == ".csv":
            table = reading.table(path)
            reading.having(table.to_dict("series"), path, "scheme")
            table = table[table["scheme"].isin(schemes)]
            table.to_csv(run / "results" / name, index=False, lineterminator="\n")
        else:
            reading.record(path, *(("load", "machine") if name == "latency.json" else ()))
            shutil.copy(path, run / "results" / name)


def _unpack_one(one: Training, manifest: pd.DataFrame, results: Path, to: Path) -> None:
    """The files of one training, in ``to``. Raises DataError if they contradict each other."""
    of = results / one.name
    to.mkdir(parents=True)
    reading.table(of / "history.csv", "epoch", "train_loss", "train_top1", "val_top1", "seconds")
    record = reading.record(of / "test.json", *TOP1.values(), "made", "machine")
    for name in ("history.csv", "test.json"):
        shutil.copy(of / name, to / name)
    for name, part in PREDICTIONS.items():
        path = of / f"{name}.csv.xz"
        table = reading.table(path, "in_top5", "loss", keep_default_na=False)
        images = manifest[manifest["split"] == part].reset_index(drop=True)
        if len(table) != len(images):
            raise DataError(f"{path}: {len(table):,} rows, of {len(images):,}")
        table.insert(0, "id", images["id"])
        table.insert(1, "class", images["class"])
        table.insert(3, "correct", (table["class"] == table["predicted"]).astype(int))
        top1, key = float(table["correct"].mean()), TOP1[part]
        if not math.isclose(top1, record[key], abs_tol=1e-9):
            raise DataError(
                f"{path}: {top1:.6f} of them are right, but {of / 'test.json'} says "
                f"{key} = {record[key]:.6f}; one of them is not what the training gave"
            )
        table.to_csv(to / f"{name}.csv", index=False, lineterminator="\n")


def _write_json(path: Path, content: dict) -> None:
    atomic.write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
