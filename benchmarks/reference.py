"""torchvision's references/classification/train.py, as it is, beside the step `train`.

Both make the same network (registered with torchvision under a name) on the same images, with the
same batches, threads and epochs, from their own start to their checkpoints, validation included.
Else theirs has its defaults: PNG files read by ImageFolder, RandomResizedCrop and a flip, SGD that
is not fused, contiguous tensors. Its DataLoaders have 2 workers.
"""

import contextlib
import io
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
import torchvision
from groupconv.data.manifest import read_table
from groupconv.data.packed import PLACE, Images
from groupconv.network.vgg import vgg
from groupconv.steps import train
from PIL import Image
from torchvision.models._api import register_model  # the way in that torchvision has

EPOCHS, WORKERS = 2, 2
PARTS = ("train", "val")


def as_png_files(data: Path, folder: Path) -> Path:
    """The packed images as ImageFolder wants them: folder/PART/CLASS/NUMBER.png."""
    table = read_table(str(data / "manifest.csv"), ["class", "split", *PLACE])
    packed = Images(str(data / "images.npy"), table)
    for i, row in table[table["split"].isin(PARTS)].iterrows():
        image = packed[row]
        path = folder / row["split"] / row["class"] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(path)
    return folder


def pair(own: dict, data: dict, images: Path, program: Path) -> tuple[Callable, Callable]:
    """Two functions that train for EPOCHS and return images/s: the step, and torchvision's."""
    sys.path.insert(0, str(program))
    classes = len(list((images / "train").iterdir()))
    total = EPOCHS * sum(1 for _ in (images / "train").rglob("*.png"))
    name = f"groupconv_{own['scheme'].lower()}"
    if name not in torchvision.models.list_models():
        scheme = own["schemes"][own["scheme"]]

        def network(weights=None, num_classes=classes):
            return vgg(**scheme, classes=num_classes, seed=0, **own["model"])

        register_model(name)(network)

    def mine() -> float:
        with tempfile.TemporaryDirectory() as folder:
            paths = {key: f"{folder}/{key}" for key in ("checkpoint", "best_val", "history")}
            began = time.perf_counter()
            train.run(own, **data, **paths)
            return total / (time.perf_counter() - began)

    def theirs() -> float:
        import train as reference  # theirs: the first folder of sys.path

        settings, side = own["train"], own["model"]["input_size"]
        device = "cuda" if torch.cuda.is_available() and settings["device"] != "cpu" else "cpu"
        torch.set_num_threads(settings["threads"])
        with tempfile.TemporaryDirectory() as folder:
            options = {
                "data-path": images,
                "model": name,
                "weights": "",
                "output-dir": folder,
                "device": device,
                "epochs": EPOCHS,
                "workers": WORKERS,
                "batch-size": settings["batch_size"],
                "lr": settings["learning_rate"],
                "train-crop-size": side,
                "val-crop-size": side,
                "val-resize-size": side,
            }
            given = reference.get_args_parser().parse_args(
                [f"--{key}={value}" for key, value in options.items()]
            )
            torch.set_deterministic_debug_mode("default")
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                began = time.perf_counter()
                reference.main(given)
                return total / (time.perf_counter() - began)

    return mine, theirs
