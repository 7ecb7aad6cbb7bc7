"""Words of the page for what files name by keys: measures, parameters, and how a run differs."""

import re
from math import floor, log10

MINUS = "\N{MINUS SIGN}"
BACK_ENDS = {"latency": "eager PyTorch", "latency_folded": "batch norm folded"}
MEASURES = {
    **BACK_ENDS,
    "best_latency": "latency at its fastest",
    "macs": "MACs",
    "params": "parameters",
    "conv_params": "parameters of the convolutions",
    "test_top1": "test accuracy",
    "val_top1": "validation accuracy",
    "val_less_test_top1": "validation less test accuracy",
    "train_top1": "training accuracy",
    "train_loss": "training loss",
    "val_loss": "validation loss",
    "test_loss": "test loss",
    "training_seconds": "time of a training step",
}
KEYS = {
    "data.source": "images",
    "data.classes": "most frequent classes chosen",
    "model.architecture": "network",
    "model.input_size": "side of the network's input, px",
    "model.classifier_width": "width of the classifier",
    "model.classifier_pool": "side of the map that the classifier reads",
    "train.epochs": "epochs",
    "train.batch_size": "images in a batch",
    "evaluate.checkpoint": "epoch that is tested",
    "images": "number of images",
}
_NAMES = re.compile(rf"\b(?:latency(?:_\w+)?|{'|'.join(n for n in MEASURES if '_' in n)})\b")


def measure(name: str) -> str:
    """A measure of comparisons.csv in words; another back end's latency by its own name."""
    return MEASURES.get(name) or name.removeprefix("latency_").replace("_", " ")


def back_end(name: str) -> str:
    """A back end in words: "batch norm folded", "openvino bf16"."""
    return measure("latency" if name == "eager" else f"latency_{name}")


def places(value: float, least: int = 0, figures: int = 2) -> int:
    """Decimals, ``least`` or more, that show so many figures: a GPU's times are short."""
    size = floor(log10(abs(value))) if value else 0
    return max(least, figures - 1 - size)


def ms(value: float, least: int = 0) -> str:
    """254 ms; 9.5 ms; 0.83 ms."""
    return f"{value:.{places(value, least)}f} ms"


def plain(text: str) -> str:
    """A reason of claims.json, its measures in words."""
    return signed(_NAMES.sub(lambda m: measure(m[0]), text))


def signed(text: str) -> str:
    """The text with a minus sign before each negative number."""
    return re.sub(r"(?<![\w.-])-(?=\d)", MINUS, text)


def difference(text: str, titles: dict[str, str]) -> str:
    """One of claims.json's ``differs``, in words; ``titles`` are the sources', by name."""
    key, colon, rest = text.partition(": ")
    if key == "data.source":
        rest = re.sub(r"[\w-]+", lambda m: titles.get(m[0], m[0]), rest)
    return f"{KEYS.get(key, key)}{colon}{rest}"


def selection(data: dict, split: dict, held_out: set[str]) -> str:
    """Which images a run takes of its source, and which part each goes into: the rule in words.

    ``held_out``: the parts that are the source's own.
    """
    classes, most = data["classes"], data["images_per_class"]
    of_classes = "all of them" if classes is None else f"the {classes:,} most frequent of them"
    images = "all images" if most is None else f"at most {most:,} images, drawn by their names"
    unit = {"image": "image by image", "page": "page by page, so that no page is in two parts"}
    how = f"within each class, {unit[split['unit']]} (seed {split['seed']})"
    into = {
        "": f"Then 16:4:5 of the images go into train, val and test, {how}.",
        "test": "The test part is the source's own; 16:4 of the others go into train and val, "
        f"{how}.",
        "test val": "Train, val and test are the source's own.",
    }
    return (
        f"Of the classes with at least {data['min_images']} images, {of_classes}; of each class, "
        f"{images}. An image's longer side is scaled down to {data['image_size']} px at most. "
        + into[" ".join(sorted(held_out))]
    )
