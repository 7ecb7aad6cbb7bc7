"""Step macs: one scheme -> macs.json. Always the paper's full model; knows no data, no weights.

fvcore's count of convolutions and linear layers must equal the closed form, or the step fails. The
rest of fvcore's total (batch norm, pooling) is listed by operator, and not added.
"""

import json

import torch
from fvcore.nn import FlopCountAnalysis

from groupconv.ground import atomic
from groupconv.ground.errors import StepError
from groupconv.ground.provenance import versions
from groupconv.network.architecture import FULL_MODEL, Counts, closed_form
from groupconv.network.vgg import VGG


def run(params: dict, macs: str) -> None:
    """Count the full model of one scheme. Raises StepError if the two counts differ."""
    architecture, scheme = params["model"]["architecture"], params["schemes"][params["scheme"]]
    with torch.device("meta"):
        model = VGG(architecture, **scheme, dropout=0.5, **FULL_MODEL).eval()
    model.to_empty(device="cpu")  # fvcore has to run it; shapes are all that is counted
    image = torch.zeros(1, 3, FULL_MODEL["input_size"], FULL_MODEL["input_size"])
    expected = closed_form(architecture, **scheme, **FULL_MODEL)
    counted, rest, unsupported = count(model, image)
    if counted != expected:
        raise StepError(f"scheme {params['scheme']}: fvcore {counted}, closed form {expected}")
    content = {
        "scheme": params["scheme"],
        **scheme,
        "architecture": architecture,
        **FULL_MODEL,
        "macs": expected.macs,
        "conv_macs": expected.conv_macs,
        "linear_macs": expected.linear_macs,
        "parameters": expected.parameters,
        "not_added_by_operator": rest,
        "not_counted_operators": unsupported,
        "versions": versions("torch", "fvcore"),
    }
    atomic.write_text(macs, json.dumps(content, indent=2) + "\n")


def count(model: torch.nn.Module, image: torch.Tensor) -> tuple[Counts, dict, dict]:
    """fvcore's counts for one image (1, 3, size, size), and the module's own parameters.

    fvcore's "flop" is a multiply-accumulate. Returns (counts, other operators' counts, operators
    that it cannot count, with how often they occur).
    """
    analysis = FlopCountAnalysis(model, image).unsupported_ops_warnings(False)
    operators = {name: int(n) for name, n in analysis.by_operator().items()}
    parameters = sum(p.numel() for p in model.parameters())
    counts = Counts(operators.pop("conv"), operators.pop("linear"), parameters)
    return counts, operators, dict(analysis.unsupported_ops())
