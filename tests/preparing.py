"""Small images in folders, and the step prepare on them."""

import csv
import io

import numpy as np
from groupconv.data.catalogue import COUNTS
from groupconv.settings import config
from groupconv.steps import prepare
from PIL import Image

PARAMS = config.load("params.yaml")
OUTPUTS = ("images", "index", "excluded", "counts")


def picture(value, size=(40, 30), mode="RGB"):
    """PNG bytes of noise around ``value``: equal values give equal bytes."""
    rng = np.random.default_rng(value)
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).convert(mode).save(file, "png")
    return file.getvalue()


def write_classes(root, **classes):
    for label, files in classes.items():
        (root / label).mkdir(parents=True)
        for i, content in enumerate(files):
            (root / label / f"{i:02}.png").write_bytes(content)


def other():
    """A second class's images: one alone is nothing to learn."""
    return [picture(i) for i in range(90, 93)]


def prepared(tmp_path, raw=(), **data):
    """Run the step; returns (images, index rows, excluded rows)."""
    paths = {name: str(tmp_path / "out" / name) for name in OUTPUTS}
    (tmp_path / "out").mkdir(exist_ok=True)
    prepare.run({"data": {**PARAMS["data"], **data}}, raw=raw, **paths)
    tables = [table(paths[name]) for name in OUTPUTS[1:]]
    for row in tables.pop():
        assert int(row["source"]) == sum(int(row[column]) for column in COUNTS[3:])
    return np.load(paths["images"], mmap_mode="r"), *tables


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def counted(tmp_path):
    """counts.csv of the last run, without what is 0: {class: {column: number}}."""
    rows = table(tmp_path / "out" / "counts")
    return {r["class"]: {k: int(r[k]) for k in COUNTS[2:] if r[k] != "0"} for r in rows}


def local(tmp_path, **data):
    data = {"source": "folder", "folder": str(tmp_path / "in"), "min_images": 3} | data
    return prepared(tmp_path, **data)
