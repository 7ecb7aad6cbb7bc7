"""Table 1: every layer of VGG13BN, VGG16BN and VGG19BN, and what each scheme alters in it."""

from dataclasses import dataclass

import pandas as pd

from groupconv.network.architecture import FULL_MODEL, KERNEL, LAYERS, Convolution, convolutions
from groupconv.pages.inputs import TableInputs
from groupconv.results.order import in_order

POOL = 2  # side and stride of a stage's max-pooling
PAPERS_NAMES = {"vgg13_bn": "VGG13BN", "vgg16_bn": "VGG16BN", "vgg19_bn": "VGG19BN"}
DEEPEST = max(LAYERS, key=lambda name: sum(LAYERS[name]))  # it has every layer of the others


@dataclass(frozen=True)
class Output:
    """What a layer gives for one image: ``channels`` maps of ``size`` px, or so many numbers."""

    channels: int
    size: int | None = None

    def __str__(self) -> str:
        return f"{self.channels:,}" + (f" x {self.size} x {self.size}" if self.size else "")


@dataclass(frozen=True)
class Row:
    """One layer: its output, and for a convolution the stage and the place in it, from 1."""

    layer: str
    kernel: str
    output: Output
    stage: int | None = None
    place: int | None = None


def rows(sizes: dict, scheme: dict) -> list[Row]:
    """Every layer of the deepest network for one image, from input to classes.

    ``sizes`` as architecture.FULL_MODEL; ``scheme`` as in params.yaml.
    """
    size, pool = sizes["input_size"], sizes["classifier_pool"]
    found = [Row("input", "", Output(3, size))]
    layers = convolutions(DEEPEST, **scheme)
    for stage, repeats in enumerate(LAYERS[DEEPEST], start=1):
        of_stage = [layer for layer in layers if layer.stage == stage]
        for place, layer in zip(range(1, repeats + 1), of_stage, strict=True):
            output = Output(layer.c_out, size)
            found.append(Row(f"conv-{stage}.{place}", f"{KERNEL}x{KERNEL}", output, stage, place))
        size //= POOL
        kernel = f"{POOL}x{POOL}, stride {POOL}"
        found.append(Row("max-pool", kernel, Output(layer.c_out, size)))
    found.append(Row("average pool", f"to {pool}x{pool}", Output(layer.c_out, pool)))
    width = sizes["classifier_width"]
    for number, outputs in enumerate((width, width, sizes["classes"]), start=1):
        found.append(Row(f"FC-{number}", "", Output(outputs)))
    return found


def table(given: TableInputs) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row per layer: output of the paper's model and of ours, networks, schemes."""
    schemes = {name: given.params["schemes"][name] for name in in_order(given.params["schemes"])}
    sizes = {key: given.params["model"].get(key) for key in FULL_MODEL}
    here = {**sizes, "classes": given.manifest["class"].nunique()}
    plain = {"groups": [1] * len(LAYERS[DEEPEST])}
    full, ours = rows(FULL_MODEL, plain), rows(here, plain)
    numbers = pd.DataFrame(
        {
            "layer": [row.layer for row in full],
            "kernel": [row.kernel for row in full],
            "channels": [row.output.channels for row in full],
            "size": pd.array([row.output.size for row in full], dtype="Int64"),
            "channels_here": [row.output.channels for row in ours],
            "size_here": pd.array([row.output.size for row in ours], dtype="Int64"),
            **{name: [int(_has(name, row)) for row in full] for name in LAYERS},
        }
    )
    printed = pd.DataFrame(
        {
            "layer": numbers["layer"],
            "kernel": numbers["kernel"],
            "output, full model": [str(row.output) for row in full],
            "output here": [str(row.output) for row in ours],
            **{PAPERS_NAMES[name]: ["yes" if n else "" for n in numbers[name]] for name in LAYERS},
        }
    )
    if here == FULL_MODEL:
        printed = printed.drop(columns="output here")
    for name, scheme in schemes.items():
        layers = iter(convolutions(DEEPEST, **scheme))
        of_row = [next(layers) if row.stage else None for row in full]
        outputs = [row.output.channels for row in rows(FULL_MODEL, scheme)]
        numbers[f"groups {name}"] = pd.array([c and c.groups for c in of_row], dtype="Int64")
        if outputs != list(numbers["channels"]):
            numbers[f"channels {name}"] = outputs
        if any(c and c.shuffled for c in of_row):
            numbers[f"shuffled {name}"] = [int(bool(c and c.shuffled)) for c in of_row]
        printed[name] = [
            _altered(c, row.output.channels, n)
            for c, row, n in zip(of_row, full, outputs, strict=True)
        ]
    return numbers, printed


def _has(architecture: str, row: Row) -> bool:
    """Whether the network has the layer; all have the same but for the number in a stage."""
    return row.stage is None or row.place <= LAYERS[architecture][row.stage - 1]


def _altered(layer: Convolution | None, plain: int, channels: int) -> str:
    """A scheme's cell: groups of a convolution, and its channels where they are not VGG's."""
    words = []
    if layer:
        words.append(f"{layer.groups}{', shuffled' if layer.shuffled else ''}")
    if channels != plain:
        words.append(f"{channels} ch.")
    return ", ".join(words)
