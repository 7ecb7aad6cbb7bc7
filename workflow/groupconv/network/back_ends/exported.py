"""A network as an ONNX file, for the libraries that read one."""

import functools
import tempfile
import warnings
from pathlib import Path

import torch
from torch import nn

from groupconv.network.back_ends import folding
from groupconv.network.vgg import VGG

OPSET = 17
INPUT, OUTPUT = "image", "logits"


def export(model: nn.Module, image: torch.Tensor, path: str | Path, *, batch: bool = False) -> None:
    """Write ``model`` for inputs like ``image``; ``batch``: of any number of them.

    By torch's older exporter, which traces the model and needs no other package.
    """
    names = {"input_names": [INPUT], "output_names": [OUTPUT]}
    if batch:
        names["dynamic_axes"] = {INPUT: {0: "images"}, OUTPUT: {0: "images"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(model, (image,), path, dynamo=False, opset_version=OPSET, **names)


def file_of(network: VGG, image: torch.Tensor, least: int = 0) -> Path:
    """The folded network's file, in a folder that is gone when another one is asked for.

    ``least``: as of folding.merged. A library's models of one network are prepared one after
    another, so the last one is enough.
    """
    return Path(_folder(network, tuple(image.shape), least).name) / "network.onnx"


@functools.lru_cache(maxsize=1)
def _folder(network: VGG, shape: tuple[int, ...], least: int) -> tempfile.TemporaryDirectory:
    folder = tempfile.TemporaryDirectory(prefix="groupconv-")
    export(folding.exportable(network, least), torch.zeros(shape), f"{folder.name}/network.onnx")
    return folder
