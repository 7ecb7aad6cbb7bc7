"""The back ends: every way to run a network that can be timed, a row each.

Knows no torch, so that settings can name them: prepared.py imports a row's module. A new back end:
a function ``(network, image, calibration) -> what computes the logits`` in a module of its library,
and a row here.
"""

import importlib.util
import os
import shutil
from dataclasses import dataclass

from groupconv.ground import machine

FP32, BF16, INT8 = "fp32", "bf16", "int8"
NO_COMPILER = "no C++ compiler: apt-get install g++"
OWN = "own"  # the module of this package's kernels
CLASSIFIER = ", int8 classifier"  # behind a precision: weights of the linear layers alone
LEAST = 8  # input channels of a group that OpenVINO's bf16 kernels fill (folding.merged)


@dataclass(frozen=True)
class BackEnd:
    """One way to run a network.

    module, function: of this package, with ``arguments`` more by name
    precision: of weights and arithmetic; back ends are compared within one
    packages: optional ones that it imports (envs/backends.txt)
    devices: that it runs on
    compiles: it needs a C++ compiler on a CPU, and Triton on CUDA
    nnpack: it needs NNPACK, which torch has for some CPUs
    """

    module: str
    function: str
    arguments: tuple[tuple[str, object], ...] = ()
    precision: str = FP32
    packages: tuple[str, ...] = ()
    devices: tuple[str, ...] = ("cpu",)
    compiles: bool = False
    nnpack: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether it computes in fp32, so that its logits can be held against eager's."""
        return self.precision == FP32

    def why_not(
        self,
        device: str,
        *,
        gpu_has_bf16: bool = True,
        has_nnpack: bool = True,
        no_kernels: str | None = None,
    ) -> str | None:
        """Why it cannot run on ``device`` (cpu or cuda) of this machine; None: it can.

        ``no_kernels``: why the compiler failed on those of this package, if it did.
        """
        if device not in self.devices:
            return "it runs on CUDA alone" if device == "cpu" else "it runs on a CPU alone"
        missing = [name for name in self.packages if importlib.util.find_spec(name) is None]
        if missing:
            names = " and ".join(missing)
            return f"{names}: not installed; BACKENDS=1 bash envs/setup.sh brings it"
        if device == "cpu" and self.precision.startswith(BF16) and not machine.cpu_has_bf16():
            return f"{machine.cpu()} has no bf16 arithmetic"
        if device == "cuda" and self.precision.startswith(BF16) and not gpu_has_bf16:
            return "this GPU has no bf16 arithmetic"
        if self.compiles and device == "cpu" and not compiler():
            return NO_COMPILER
        if self.compiles and device == "cuda" and importlib.util.find_spec("triton") is None:
            return "torch has no Triton here"
        if self.nnpack and not has_nnpack:
            return f"torch has no NNPACK for {machine.cpu()}"
        return no_kernels if self.module == OWN else None


def compiler() -> str | None:
    """The C++ compiler of this machine, if any; CXX names another."""
    return next(filter(None, map(shutil.which, (os.getenv("CXX", "g++"), "g++", "clang++"))), None)


ORT = ("onnx", "onnxruntime")
BOTH = ("cpu", "cuda")
MERGED = ("least", LEAST)
BF16_HINT = ("precision", BF16)
INT8_LINEAR = ("int8_classifier", True)

BACK_ENDS = {
    "eager": BackEnd("eager", "as_written", devices=BOTH),
    "folded": BackEnd("eager", "folded", devices=BOTH),
    "folded_contiguous": BackEnd("eager", "folded_contiguous", devices=BOTH),
    "folded_winograd": BackEnd("winograd", "folded", nnpack=True),
    "own_kernels": BackEnd(OWN, "folded", compiles=True),
    "own_kernels_winograd": BackEnd(OWN, "folded_winograd", compiles=True, nnpack=True),
    "folded_bf16": BackEnd("eager", "folded_bf16", precision=BF16, devices=BOTH),
    "folded_int8_classifier": BackEnd(
        "eager", "folded_int8_classifier", precision=FP32 + CLASSIFIER
    ),
    "compile": BackEnd("inductor", "compiled", devices=BOTH, compiles=True),
    "compile_bf16": BackEnd(
        "inductor", "compiled_bf16", precision=BF16, devices=BOTH, compiles=True
    ),
    "cuda_graphs": BackEnd("cuda", "graph", devices=("cuda",)),
    "cuda_graphs_bf16": BackEnd("cuda", "graph_bf16", precision=BF16, devices=("cuda",)),
    "onnxruntime": BackEnd("ort", "fp32", packages=ORT),
    "onnxruntime_int8_classifier": BackEnd(
        "ort", "int8_classifier", precision=FP32 + CLASSIFIER, packages=ORT
    ),
    "onnxruntime_int8": BackEnd("ort", "int8", precision=INT8, packages=ORT),
    "openvino": BackEnd("ov", "run", packages=("onnx", "openvino")),
    "openvino_int8_classifier": BackEnd(
        "ov",
        "run",
        (INT8_LINEAR,),
        precision=FP32 + CLASSIFIER,
        packages=("onnx", "openvino"),
    ),
    "openvino_bf16": BackEnd(
        "ov", "run", (BF16_HINT,), precision=BF16, packages=("onnx", "openvino")
    ),
    "openvino_bf16_int8_classifier": BackEnd(
        "ov",
        "run",
        (BF16_HINT, INT8_LINEAR),
        precision=BF16 + CLASSIFIER,
        packages=("onnx", "openvino"),
    ),
    "openvino_bf16_merged": BackEnd(
        "ov",
        "run",
        (BF16_HINT, MERGED),
        precision=BF16,
        packages=("onnx", "openvino"),
    ),
    "openvino_bf16_merged_int8_classifier": BackEnd(
        "ov",
        "run",
        (BF16_HINT, MERGED, INT8_LINEAR),
        precision=BF16 + CLASSIFIER,
        packages=("onnx", "openvino"),
    ),
    "openvino_bf16_torch_int8_classifier": BackEnd(
        "ov",
        "run_with_torchs_classifier",
        (BF16_HINT,),
        precision=BF16 + CLASSIFIER,
        packages=("onnx", "openvino"),
    ),
    "openvino_bf16_merged_torch_int8_classifier": BackEnd(
        "ov",
        "run_with_torchs_classifier",
        (BF16_HINT, MERGED),
        precision=BF16 + CLASSIFIER,
        packages=("onnx", "openvino"),
    ),
}
DEFAULT = ("eager", "folded")  # what every page of results reads


def sorted_out(names: list[str], device: str, **facts) -> tuple[list[str], dict[str, str]]:
    """Those of ``names`` that run on ``device`` here, and why each of the others does not.

    ``facts`` of the machine: as of BackEnd.why_not.
    """
    reasons = {name: BACK_ENDS[name].why_not(device, **facts) for name in names}
    runs = [name for name in names if reasons[name] is None]
    return runs, {name: reason for name, reason in reasons.items() if reason is not None}
