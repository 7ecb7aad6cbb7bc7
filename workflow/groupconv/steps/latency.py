"""Step latency: all schemes, interleaved, in several processes -> latency.csv, latency.json.

Always the paper's full model on one input. Each process is new and times its share of the rounds;
what other programs did meanwhile is recorded. Knows no accuracy.
"""

import csv
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from groupconv.ground import atomic
from groupconv.ground.errors import StepError
from groupconv.ground.progress import say
from groupconv.ground.provenance import machine, versions
from groupconv.network.architecture import FULL_MODEL
from groupconv.network.device import choose_device, set_threads
from groupconv.network.timing import LOADED, Others, in_processes, interleaved, load_before
from groupconv.network.vgg import VGG, vgg
from groupconv.results import processes
from groupconv.results.order import in_order
from groupconv.settings import resources

TOLERANCE = 1e-4  # largest difference from eager's output, relative to its largest value
COLUMNS = ("process", "round", "position", "scheme", "variant", "latency_ms")


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
    variant does not compute what eager does, or a process ends without a result.
    """
    settings, schemes = params["latency"], params["schemes"]
    device = choose_device(settings["device"], "latency.device")
    set_threads(settings["threads"], "latency.threads")
    what = f"latency: timing the full models of {len(schemes)} schemes"
    key = resources.memory_key("latency", params)
    resources.check_memory(resources.latency_mb(params), what, key)
    load = load_before("latency")
    found = in_processes(measured, params, settings["processes"])
    rows = [(number, *row) for number, of in enumerate(found, start=1) for row in of["rows"]]
    with atomic.write(runs) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(rows)
    load["others_during"] = [of["others"] for of in found]
    load["cores_given"] = [of["cores_given"] for of in found]
    waited = device.type == "cpu" and min(load["cores_given"]) < 1 - LOADED
    load["loaded"] = waited or max(load["others_before"], *load["others_during"]) > LOADED
    if load["loaded"]:
        say("latency: other programs used the machine meanwhile; the result is marked")
    content = {
        "input": "one image, 3x224x224 float32",
        "architecture": params["model"]["architecture"],
        **FULL_MODEL,
        "device": device.type,
        "threads": settings["threads"],
        "warmup_runs": settings["warmup_runs"],
        "rounds": settings["rounds"],
        "processes": settings["processes"],
        "load": load,
        "machine": machine(),
        "versions": versions("torch", "numpy"),
        "schemes": totals(pd.DataFrame(rows, columns=COLUMNS), found[0]["differences"]),
    }
    atomic.write_text(latency, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def measured(params: dict, number: int) -> dict:
    """What process ``number`` (from 1) measures: its rounds, and what others did meanwhile.

    Raises DeviceError; StepError if a variant does not compute what eager does.
    """
    settings, schemes = params["latency"], params["schemes"]
    device = choose_device(settings["device"], "latency.device")
    set_threads(settings["threads"], "latency.threads")
    side = FULL_MODEL["input_size"]
    generator = torch.Generator().manual_seed(settings["seed"])
    image = torch.randn(1, 3, side, side, generator=generator).to(device)
    models, differences, classifier = {}, {}, None
    for scheme in in_order(schemes):
        narrow = "width" in schemes[scheme]
        model = full_model(
            params["model"]["architecture"],
            schemes[scheme],
            settings["seed"],
            None if narrow else classifier,
        ).to(device)
        classifier = classifier if narrow else model.classifier
        for variant, prepare in VARIANTS.items():
            models[scheme, variant] = prepare(model)
            different = difference(model, models[scheme, variant], image)
            differences.setdefault(scheme, {})[variant] = different
            if not different < TOLERANCE:
                raise StepError(
                    f"latency: {variant} of {scheme} differs from eager by {different:.2e} of the "
                    f"largest output; allowed: {TOLERANCE:.0e}"
                )
    rounds = share(settings["rounds"], settings["processes"], number)
    others = Others()
    seed = [settings["seed"], number]
    rows = interleaved(models, image, rounds, settings["warmup_runs"], seed)
    say(f"latency: process {number} of {settings['processes']} has timed its rounds")
    meanwhile = {"others": others.share(), "cores_given": others.given()}
    return {"rows": rows, "differences": differences, **meanwhile}


def share(rounds: int, processes: int, number: int) -> range:
    """The rounds of process ``number``, from 1; together they are ``rounds``."""
    return range(rounds * (number - 1) // processes + 1, rounds * number // processes + 1)


def full_model(
    architecture: str, scheme: dict, seed: int, classifier: nn.Module | None = None
) -> VGG:
    """The paper's full model in eval mode, with batch-norm statistics that folding must respect.

    ``scheme``: its entry of params.yaml, groups and what else it has. ``classifier`` is that of
    another scheme of the same width, which is the same: at 124 million parameters it is far
    larger than any cache, so sharing it changes no time, and saves most of memory and set-up.
    """
    sizes = {"dropout": 0.5, **FULL_MODEL, **scheme}
    if classifier is not None:
        sizes["classifier_width"] = 1
    model = vgg(architecture, initialization="kaiming_grouped", seed=seed, **sizes)
    model.classifier = model.classifier if classifier is None else classifier
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


def totals(runs: pd.DataFrame, differences: dict[str, dict[str, float]]) -> dict:
    """{scheme: {variant: the median, and its interval over processes}}, baseline's first."""
    result: dict[str, dict] = {}
    for variant in processes.variants(runs):
        by_process = processes.medians(runs, variant)
        for scheme in differences:
            of = (runs["scheme"] == scheme) & (runs["variant"] == variant)
            ms = runs[of]["latency_ms"]
            low, high = processes.interval(by_process[scheme])
            result.setdefault(scheme, {})[variant] = {
                "median_ms": float(ms.median()),
                "low_ms": low,
                "high_ms": high,
                "quartile1_ms": float(np.quantile(ms, 0.25)),
                "quartile3_ms": float(np.quantile(ms, 0.75)),
                "runs": len(ms),
                "difference_from_eager": differences[scheme][variant],
            }
    return result
