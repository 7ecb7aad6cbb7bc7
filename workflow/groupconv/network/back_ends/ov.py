"""OpenVINO on the CPU: fp32, bf16, int8 weights of the linear layers, int8 throughout."""

from collections.abc import Callable

import numpy as np
import openvino
import torch
from openvino import opset13

from groupconv.network.back_ends import eager, exported
from groupconv.network.vgg import VGG

HINTS = {"fp32": "f32", "bf16": "bf16"}
LARGEST = 127  # of an int8 weight, which is symmetric


def run(
    network: VGG,
    image: torch.Tensor,
    calibration: torch.Tensor,
    *,
    precision: str = "fp32",
    least: int = 0,
    int8_classifier: bool = False,
) -> Callable:
    """The folded network. ``least``: groups are merged to so many channels (folding.merged)."""
    model = openvino.Core().read_model(exported.file_of(network, image, least))
    linear = [layer for layer in network.classifier if isinstance(layer, torch.nn.Linear)]
    products = [layer for layer in model.get_ordered_ops() if layer.get_type_name() == "MatMul"]
    for layer, product in zip(linear, products, strict=True):
        weights = layer.weight.detach().numpy()  # (outputs, inputs)
        product.input(1).replace_source_output(
            compressed(weights) if int8_classifier else shared(weights)
        )
    return _compiled(model, HINTS[precision])


def run_with_torchs_classifier(
    network: VGG,
    image: torch.Tensor,
    calibration: torch.Tensor,
    *,
    precision: str = "fp32",
    least: int = 0,
) -> Callable:
    """The convolutions as run() has them, and behind them torch's int8 classifier: it is faster."""
    model = openvino.Core().read_model(exported.file_of(network, image, least))
    first = next(layer for layer in model.get_ordered_ops() if layer.get_type_name() == "MatMul")
    convolutions = openvino.Model([first.input_value(0)], model.get_parameters())
    features, classifier = _compiled(convolutions, HINTS[precision]), eager.in_int8(network)
    return lambda x: classifier(features(x))


def shared(weights: np.ndarray) -> openvino.Output:
    """A constant that lies where torch has it: one for all networks with this classifier."""
    return opset13.constant(openvino.Tensor(weights, shared_memory=True)).output(0)


def compressed(weights: np.ndarray) -> openvino.Output:
    """An int8 constant with one scale an output, as NNCF writes it: kernels know its pattern."""
    scale = np.maximum(np.abs(weights).max(1, keepdims=True), 1e-12) / LARGEST
    small = np.rint(weights / scale).astype(np.int8)
    wide = opset13.convert(opset13.constant(small), np.float32)
    return opset13.multiply(wide, opset13.constant(scale.astype(np.float32))).output(0)


def _compiled(model: openvino.Model, hint: str) -> Callable:
    options = {
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": hint,
    }
    request = openvino.Core().compile_model(model, "CPU", options).create_infer_request()

    def run(x: torch.Tensor) -> torch.Tensor:
        # A copy: the request's own memory is written again by the next run.
        return torch.from_numpy(request.infer([x.numpy()])[0].copy())

    return run
