"""ONNX Runtime on the CPU: the network in fp32, with int8 linear layers, and int8 throughout."""

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

import onnxruntime
import torch
from onnxruntime import quantization

from groupconv.network.back_ends import exported
from groupconv.network.vgg import VGG

LINEAR = ["Gemm", "MatMul"]
ERRORS = 3  # of its levels of severity


def fp32(network: VGG, image: torch.Tensor, calibration: torch.Tensor) -> Callable:
    """The folded network as its own optimiser leaves it."""
    return session(exported.file_of(network, image))


def int8_classifier(network: VGG, image: torch.Tensor, calibration: torch.Tensor) -> Callable:
    """Weights of the linear layers int8, one scale an output; dynamic activations."""
    path = exported.file_of(network, image)
    smaller = path.with_name("int8_classifier.onnx")
    with silent():
        quantization.quantize_dynamic(
            path,
            smaller,
            op_types_to_quantize=LINEAR,
            per_channel=True,
            weight_type=quantization.QuantType.QInt8,
        )
    try:
        return session(smaller)
    finally:
        smaller.unlink()


def session(path: Path) -> Callable:
    """A file's function of a batch, with as many threads as torch has."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS
    model = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(x: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(model.run(None, {exported.INPUT: x.numpy()})[0])

    return run


class Ranges(quantization.CalibrationDataReader):
    """The images of which the ranges of activations are taken, ``size`` at a time."""

    def __init__(self, images: torch.Tensor, size: int):
        whole = images[: max(size, len(images) // size * size)]
        self.batches = iter(whole.split(size))

    def get_next(self) -> dict | None:
        """The next batch, as ONNX Runtime asks for it; None behind the last."""
        batch = next(self.batches, None)
        return None if batch is None else {exported.INPUT: batch.numpy()}


def int8(network: VGG, image: torch.Tensor, calibration: torch.Tensor) -> Callable:
    """Weights and activations int8 in every layer.

    Ranges: the least and largest value that ``calibration`` gives each activation. OpenVINO 2026.4
    on the same file gave a small network other logits altogether.
    """
    path = exported.file_of(network, image)
    smaller = path.with_name("int8.onnx")
    with silent():
        quantization.quantize_static(
            path,
            smaller,
            Ranges(calibration, len(image)),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
    try:
        return session(smaller)
    finally:
        smaller.unlink()


@contextlib.contextmanager
def silent():
    """Without the advice that quantisation gives to everybody."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
