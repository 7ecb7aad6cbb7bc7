"""Step macs: one scheme -> macs.json. Always the paper's full model; knows no data, no weights.

Each layer's MACs by the closed form, by fvcore and by torch's own counter must be equal, and its
activations by the first two, or the step fails. What else a tool counts (batch norm, pooling) is
listed by operator, and not added.
"""

import json

import torch
from fvcore.nn import ActivationCountAnalysis, FlopCountAnalysis
from torch.utils.flop_counter import FlopCounterMode

from groupconv.ground import atomic
from groupconv.ground.errors import StepError
from groupconv.ground.provenance import versions
from groupconv.network import counts
from groupconv.network.architecture import FULL_MODEL, closed_form
from groupconv.network.vgg import VGG

CLOSED, FVCORE, TORCH = "closed form", "fvcore", "torch.utils.flop_counter"
CONVENTIONS = {
    CLOSED: "a MAC is a multiplication with its addition; convolutions, linear layers; no bias",
    FVCORE: "its flop is a MAC; no bias; batch norm and adaptive pooling counted, and not added "
    "here; 2x2 max-pooling not known to it",
    TORCH: "its flop is half a MAC: halved here; no bias; convolutions and linear layers alone",
}
OF_COUNTS = {
    "activations": "outputs of convolutions and linear layers, as fvcore counts them; not those of "
    "batch norm, ReLU, pooling or a shuffle",
    "bytes_moved": "fp32, at least: each layer's inputs and weights read once, its outputs written "
    "once; no biases, batch norm folded, no pooling, no shuffle; by closed form alone",
}


def run(params: dict, macs: str) -> None:
    """Count the full model of one scheme. Raises StepError if two counts of a layer differ."""
    architecture, scheme = params["model"]["architecture"], params["schemes"][params["scheme"]]
    with torch.device("meta"):
        model = VGG(architecture, **scheme, dropout=0.5, **FULL_MODEL).eval()
    side = FULL_MODEL["input_size"]
    expected = closed_form(architecture, **scheme, **FULL_MODEL)
    layers = counts.layers(architecture, **scheme, **FULL_MODEL)
    by_torch = of_torch(model, torch.zeros(1, 3, side, side, device="meta"))
    model.to_empty(device="cpu")  # fvcore has to run it; shapes are all that is counted
    by_fvcore, activations, rest, unsupported = of_fvcore(model, torch.zeros(1, 3, side, side))
    for what, of, tool, others in (
        ("MACs", {layer.name: layer.macs for layer in layers}, FVCORE, by_fvcore),
        ("MACs", {layer.name: layer.macs for layer in layers}, TORCH, by_torch),
        ("activations", {layer.name: layer.outputs for layer in layers}, FVCORE, activations),
    ):
        same(params["scheme"], what, of, tool, others)
    parameters = sum(p.numel() for p in model.parameters())
    totals = counts.totals(layers)
    sums = {CLOSED: expected.macs, FVCORE: sum(by_fvcore.values()), TORCH: sum(by_torch.values())}
    if totals["parameters"] != parameters or sum(layer.macs for layer in layers) != expected.macs:
        raise StepError(
            f"scheme {params['scheme']}: {totals['parameters']:,} parameters by the closed form of "
            f"its layers, {parameters:,} in the network"
        )
    content = {
        "scheme": params["scheme"],
        **scheme,
        "architecture": architecture,
        **FULL_MODEL,
        "macs": expected.macs,
        "conv_macs": expected.conv_macs,
        "linear_macs": expected.linear_macs,
        **totals,
        "counters": {
            name: {"macs": sums[name], "convention": convention}
            for name, convention in CONVENTIONS.items()
        },
        "conventions": OF_COUNTS,
        "layers": [layer.row() for layer in layers],
        "not_added_by_operator": rest,
        "not_counted_operators": unsupported,
        "versions": versions("torch", "fvcore"),
    }
    atomic.write_text(macs, json.dumps(content, indent=2) + "\n")


def same(scheme: str, what: str, closed: dict[str, int], tool: str, others: dict) -> None:
    """Raise StepError at the first layer of which the tool counts something else."""
    for name in sorted(closed.keys() | others.keys()):
        if closed.get(name) != others.get(name):
            raise StepError(
                f"scheme {scheme}: {what} of {name}: {tool} {others.get(name)}, closed form "
                f"{closed.get(name)}"
            )


def of_torch(model: torch.nn.Module, image: torch.Tensor) -> dict[str, int]:
    """{layer: MACs} by torch.utils.flop_counter, whose flop is half a MAC."""
    with FlopCounterMode(display=False, depth=None) as counter, torch.no_grad():
        model(image)
    by_module = {
        name.partition(".")[2]: sum(of.values()) for name, of in counter.flop_counts.items()
    }
    return {name: by_module[name] // 2 for name in _names(model) if by_module.get(name)}


def of_fvcore(model: torch.nn.Module, image: torch.Tensor) -> tuple[dict, dict, dict, dict]:
    """fvcore's counts for one image (1, 3, size, size): {layer: MACs}, {layer: activations},
    other operators' counts, and operators that it cannot count, with how often they occur.
    """
    analysis = FlopCountAnalysis(model, image).unsupported_ops_warnings(False)
    written = ActivationCountAnalysis(model, image).unsupported_ops_warnings(False)
    operators = {name: int(n) for name, n in analysis.by_operator().items()}
    for name in ("conv", "linear"):
        operators.pop(name)
    macs, outputs = analysis.by_module(), written.by_module()
    names = _names(model)
    return (
        {name: int(macs[name]) for name in names},
        {name: int(outputs[name]) for name in names},
        operators,
        dict(analysis.unsupported_ops()),
    )


def _names(model: torch.nn.Module) -> list[str]:
    """Of its convolutions and linear layers."""
    kinds = (torch.nn.Conv2d, torch.nn.Linear)
    return [name for name, module in model.named_modules() if isinstance(module, kinds)]
