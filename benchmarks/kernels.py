"""The kernels of this package beside torch's, layer by layer of the paper's full model.

    python benchmarks/kernels.py [--threads N] [--schemes E D ...] [--json FILE]

One image, fp32, each layer by itself: grouped convolutions with their ReLU, channels-last, and the
linear layers. Medians of torch.utils.benchmark. --json writes E.grouped.torch_ms, E.grouped.own_ms,
linear.torch_ms, linear.own_ms, the machine, and what else it did before.
"""

import json

import asked
import torch
from groupconv.ground.errors import StepError
from groupconv.ground.provenance import machine as facts
from groupconv.network.architecture import FULL_MODEL, convolutions
from groupconv.network.back_ends.prepared import runs_here
from groupconv.network.device import set_threads
from groupconv.network.load import load_before
from groupconv.network.vgg import vgg
from torch import nn
from torch.utils.benchmark import Timer

LEAST_S = 0.5  # for which each layer is run


def both(layer: nn.Module, own: nn.Module, x: torch.Tensor) -> dict[str, float]:
    """Milliseconds of a layer by torch and by the kernel."""
    with torch.inference_mode():
        timers = {
            name: Timer("f(x)", globals={"f": f, "x": x}, num_threads=torch.get_num_threads())
            for name, f in (("torch", layer), ("own", own))
        }
        return {
            name: 1000 * timer.blocked_autorange(min_run_time=LEAST_S).median
            for name, timer in timers.items()
        }


def printed(what: str, ms: dict[str, float], macs: int) -> None:
    """One row: G MACs a second tell how much of the machine's arithmetic a kernel uses."""
    rates = "".join(f"{ms[name]:8.2f} ({macs / ms[name] / 1e6:5.1f})" for name in ms)
    print(f"{what:44}{rates}")


def main() -> None:
    """Time, print, and write the figures."""
    parser = asked.Parser(description=__doc__.splitlines()[0])
    parser.add_threads()
    parser.add_argument("--schemes", nargs="+", default=["E", "D"], metavar="NAME")
    parser.add_json()
    arguments = parser.parse_args()
    params = asked.params()
    asked.schemes(arguments.schemes, params)
    if reason := runs_here(["own_kernels"], torch.device("cpu"))[1].get("own_kernels"):
        raise StepError(f"own_kernels: {reason}")
    from groupconv.network.back_ends import kernels, own

    set_threads(arguments.threads, "--threads")
    record = {"machine": facts()["cpu"], "threads": arguments.threads}
    record |= load_before("kernels", again=" as now")
    print(f"{record['machine']}, {arguments.threads} thread(s); ms (G MACs a second)")
    print(f"{'':44}{'torch':>8}{'':8}{'own':>8}")
    for scheme in arguments.schemes:
        total = {"torch": 0.0, "own": 0.0}
        for c in convolutions(params["model"]["architecture"], **params["schemes"][scheme]):
            if c.groups % kernels.lanes():
                continue
            side = FULL_MODEL["input_size"] // 2 ** (c.stage - 1)
            layer = nn.Conv2d(c.c_in, c.c_out, 3, padding=1, groups=c.groups)
            layer = layer.to(memory_format=torch.channels_last)
            x = torch.randn(1, c.c_in, side, side).to(memory_format=torch.channels_last)
            ms = both(nn.Sequential(layer, nn.ReLU(inplace=True)), own.Grouped(layer), x)
            what = f"{scheme}: conv-{c.stage}, {c.c_in} to {c.c_out}, {c.groups} groups, {side} px"
            printed(what, ms, side**2 * layer.weight.numel())
            total = {name: total[name] + ms[name] for name in total}
        print(f"{scheme}: together{'':30}{total['torch']:12.2f}{total['own']:16.2f}")
        record |= {f"{scheme}.grouped.{name}_ms": value for name, value in total.items()}
    network = vgg("vgg13_bn", [1] * 5, initialization="kaiming", seed=0, dropout=0.5, **FULL_MODEL)
    linear = [layer for layer in network.classifier if isinstance(layer, nn.Linear)]
    x = torch.randn(1, linear[0].in_features)
    ms = both(nn.Sequential(*linear), nn.Sequential(*map(own.Linear, linear)), x)
    printed("linear layers", ms, sum(layer.weight.numel() for layer in linear))
    record |= {f"linear.{name}_ms": value for name, value in ms.items()}
    if arguments.json:
        arguments.json.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    asked.run(main)
