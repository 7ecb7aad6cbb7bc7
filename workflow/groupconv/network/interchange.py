"""A trained network as an ONNX file that computes what its checkpoint does. Needs onnxruntime."""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from groupconv.ground import atomic
from groupconv.ground.errors import StepError
from groupconv.network.back_ends import exported, folding
from groupconv.network.restored import Restored
from groupconv.network.variants import TOLERANCE, difference


def written(found: Restored, images: torch.Tensor, path: str, facts: dict[str, str]) -> float:
    """Write the folded network for any number of images; its largest relative difference.

    It is read back by ONNX Runtime and asked about ``images`` before it has its name. ``facts``
    go into the file's metadata. Raises StepError if a logit differs from the checkpoint's network.
    """
    with torch.inference_mode():
        expected = found.network(images)
    with tempfile.TemporaryDirectory(prefix="groupconv-") as folder:
        file = Path(folder, "model.onnx")
        exported.export(folding.exportable(found.network), images[:1], file, batch=True)
        model = onnx.load(file)
        for key, value in facts.items():
            model.metadata_props.add(key=key, value=value)
        onnx.checker.check_model(model)
        content = model.SerializeToString()
    one_by_one = np.concatenate([answer(content, image[None]) for image in images])
    worst = 0.0
    for made in (answer(content, images), one_by_one):
        worst = max(worst, difference(expected, torch.from_numpy(made)))
    if not worst < TOLERANCE:
        raise StepError(
            f"{path}: its logits differ from those of {found.path} by {worst:.2e} of the largest; "
            f"allowed: {TOLERANCE:.0e}"
        )
    with atomic.write(path, "wb") as out:
        out.write(content)
    return worst


def answer(content: bytes, images: torch.Tensor) -> np.ndarray:
    """What ONNX Runtime computes of the images."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(None, {exported.INPUT: images.numpy()})[0]
