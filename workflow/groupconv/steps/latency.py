"""Step latency: all schemes, interleaved in one process -> latency.csv, latency.json.

Always the paper's full model on one input. Every round times every (scheme, variant) once, in a
new random order, so that a machine that slows down slows all alike. Knows no accuracy.
"""

import csv
import json
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from groupconv.ground import atomic
from groupconv.ground.errors import StepError
from groupconv.ground.progress import say
from groupconv.ground.provenance import machine, versions
from groupconv.network.architecture import FULL_MODEL
from groupconv.network.device import choose_device, set_threads
from groupconv.network.vgg import VGG, vgg
from groupconv.results import intervals
from groupconv.results.order import in_order
from groupconv.settings import resources

TOLERANCE = 1e-4  # largest difference from eager's output, relative to its largest value
COLUMNS = ("round", "position", "scheme", "variant", "latency_ms")


def eager(model: VGG) -> nn.Module:
    """The network as written, as the paper would have run it."""
    return model


def folded(model: VGG) -> nn.Module:
    """Batch norm folded into the convolutions, channels-last; the classifier is shared."""
    layers = list(model.features)
    merged = [
        fuse_conv_bn_eval(layer, layers[i + 1]) if isinstance(layer, nn.Conv2d) else layer
        for i, layer in enumerate(layers)
        if not isinstance(layer, nn.BatchNorm2d)
    ]
    features = nn.Sequential(*merged).to(memory_format=torch.channels_last)
    return nn.Sequential(
        ChannelsLast(), features, model.avgpool, nn.Flatten(), model.classifier
    ).eval()


class ChannelsLast(nn.Module):
    """Changes the layout of the input in memory, not its values."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The same (n, c, height, width), channels-last in memory."""
        return x.contiguous(memory_format=torch.channels_last)


VARIANTS: dict[str, Callable[[VGG], nn.Module]] = {"eager": eager, "folded": folded}


def run(params: dict, runs: str, latency: str) -> None:
    """Time one input through every scheme and variant: every run, and the medians.

    Raises DeviceError if the device, the cores or the memory are not there; StepError if a
    variant does not compute what eager does.
    """
    settings, schemes = params["latency"], params["schemes"]
    device = choose_device(settings["device"], "latency.device")
    set_threads(settings["threads"], "latency.threads")
    what = f"latency: timing the full models of {len(schemes)} schemes"
    key = resources.memory_key("latency", params)
    resources.check_memory(resources.latency_mb(params), what, key)
    side = FULL_MODEL["input_size"]
    generator = torch.Generator().manual_seed(settings["seed"])
    image = torch.randn(1, 3, side, side, generator=generator).to(device)
    models, differences = {}, {}
    for scheme in in_order(schemes):
        model = full_model(params["model"]["architecture"], schemes[scheme], settings["seed"]).to(
            device
        )
        for variant, prepare in VARIANTS.items():
            models[scheme, variant] = prepare(model)
            differences[scheme, variant] = difference(model, models[scheme, variant], image)
            if not differences[scheme, variant] < TOLERANCE:
                raise StepError(
                    f"latency: {variant} of {scheme} differs from eager by "
                    f"{differences[scheme, variant]:.2e} of the largest output; "
                    f"allowed: {TOLERANCE:.0e}"
                )
    rows = interleaved(models, image, settings["rounds"], settings["warmup_runs"], settings["seed"])
    with atomic.write(runs) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(rows)
    content = {
        "input": "one image, 3x224x224 float32",
        "architecture": params["model"]["architecture"],
        **FULL_MODEL,
        "device": device.type,
        "threads": settings["threads"],
        "warmup_runs": settings["warmup_runs"],
        "rounds": settings["rounds"],
        "machine": machine(),
        "versions": versions("torch", "numpy"),
        "schemes": totals(rows, differences),
    }
    atomic.write_text(latency, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def full_model(architecture: str, scheme: dict, seed: int) -> VGG:
    """The paper's full model in eval mode, with batch-norm statistics that folding must respect.

    ``scheme``: its entry of params.yaml, groups and what else it has.
    """
    sizes = {"dropout": 0.5, **FULL_MODEL, **scheme}
    model = vgg(architecture, initialization="kaiming_grouped", seed=seed, **sizes)
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
    return model.eval()


@torch.inference_mode()
def difference(model: nn.Module, other: nn.Module, image: torch.Tensor) -> float:
    """Largest difference of two outputs, relative to the largest value of the first."""
    a, b = model(image), other(image)
    return ((a - b).abs().max() / a.abs().max()).item()


@torch.inference_mode()
def interleaved(
    models: dict[tuple[str, str], nn.Module],
    image: torch.Tensor,
    rounds: int,
    warmup_runs: int,
    seed: int,
) -> list[tuple]:
    """Rows (round, position, scheme, variant, latency_ms), every run, after the warm-up."""
    order = np.random.default_rng(seed)
    keys = list(models)
    for key in keys:
        for _ in range(warmup_runs):
            timed(models[key], image)
    rows, began, said = [], time.monotonic(), time.monotonic()
    for number in range(1, rounds + 1):
        for position, i in enumerate(order.permutation(len(keys)), start=1):
            rows.append((number, position, *keys[i], timed(models[keys[i]], image)))
        if time.monotonic() - said > 5 or number == rounds:
            said = time.monotonic()
            left = (said - began) / number * (rounds - number)
            say(f"latency: round {number}/{rounds}, {left:.0f} s left")
    return rows


def timed(model: nn.Module, image: torch.Tensor) -> float:
    """Milliseconds of one forward pass, until its result is there."""
    wait = torch.cuda.synchronize if image.is_cuda else lambda: None
    wait()
    began = time.perf_counter()
    model(image)
    wait()
    return (time.perf_counter() - began) * 1e3


def totals(rows: list[tuple], differences: dict[tuple[str, str], float]) -> dict:
    """{scheme: {variant: medians with 95% intervals}}, baseline's first.

    `change` is the median over rounds of (scheme / baseline of the same round) - 1: a pair was
    timed within seconds, so drift of the machine cancels.
    """
    samples: dict[tuple[str, str], list[float]] = {key: [] for key in differences}
    for _, _, scheme, variant, ms in sorted(rows):
        samples[scheme, variant].append(ms)
    result: dict[str, dict] = {}
    for (scheme, variant), ms in samples.items():
        median, low, high = intervals.median_interval(ms)
        ratios = np.array(ms) / np.array(samples["baseline", variant])
        change, change_low, change_high = intervals.median_interval(ratios - 1)
        result.setdefault(scheme, {})[variant] = {
            "median_ms": median,
            "low_ms": low,
            "high_ms": high,
            "quartile1_ms": float(np.quantile(ms, 0.25)),
            "quartile3_ms": float(np.quantile(ms, 0.75)),
            "runs": len(ms),
            "change": change,
            "change_low": change_low,
            "change_high": change_high,
            "difference_from_eager": differences[scheme, variant],
        }
    return result
