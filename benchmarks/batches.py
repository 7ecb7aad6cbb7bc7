"""Batches of 1 to 64: throughput, peak memory, size on disk, share of the machine's peak.

    python benchmarks/batches.py [--threads N] [--rounds N] [--schemes D E] [--back-ends NAME ...]
        [--sizes 1 2 4 ...] [--json FILE]

The paper's full models (VGG13BN, 1,120 classes), 3x224x224 inputs. Each scheme, back end and size
has a process of its own, whose largest memory (resident; on CUDA, allocated) is its peak: with the
weights, and on a CPU with torch itself. A batch is timed --rounds times after one that is not
counted; the median counts. The peak rate is the best of matrix products and a plain convolution in
fp32, measured in the same process; below fp32 there is no share of it.
"""

import json
import resource
import sys
import tempfile
from pathlib import Path

import asked
import numpy as np
import torch
from groupconv.ground.provenance import machine as facts
from groupconv.network import counts, roofline
from groupconv.network.apart import in_processes
from groupconv.network.architecture import FULL_MODEL
from groupconv.network.back_ends.prepared import prepared, runs_here, without_tf32
from groupconv.network.back_ends.table import BACK_ENDS, DEFAULT
from groupconv.network.device import choose_device, set_threads
from groupconv.network.load import Others, is_loaded, load_before
from groupconv.network.variants import full_model, output
from groupconv.settings import reads

SIZES = (1, 2, 4, 8, 16, 32, 64)
KIB = 1 if sys.platform == "darwin" else 1024  # the unit of ru_maxrss


def measured(params: dict, number: int) -> dict:
    """Of one scheme on one back end with batches of one size: seconds, MB, FLOP/s of the peak."""
    device = choose_device(params["device"], "latency.device")
    set_threads(params["threads"], "latency.threads")
    side = FULL_MODEL["input_size"]
    generator = torch.Generator().manual_seed(0)
    without_tf32()
    others = Others()
    images = torch.randn(params["size"], 3, side, side, generator=generator).to(device)
    network = full_model(params["architecture"], params["entry"], 0).to(device)
    model = prepared(params["back_end"], network, images)
    ms = [
        roofline.clocked(lambda x: output(model, x), images)[1] for _ in range(params["rounds"] + 1)
    ]
    on_gpu = device.type == "cuda"
    peak = torch.cuda.max_memory_allocated() if on_gpu else _resident()
    most = roofline.ceilings(device)["flop_per_s"]
    found = {"ms": float(np.median(ms[1:])), "peak_mb": peak / 1e6, "flop_per_s": most}
    return found | {"others": others.share(), "cores_given": others.given()}


def _resident() -> int:
    """Bytes that this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB


def file_mb(architecture: str, entry: dict) -> float:
    """Size of the weights as torch saves them, MB."""
    with tempfile.NamedTemporaryFile(suffix=".pt") as file:
        torch.save(full_model(architecture, entry, 0).state_dict(), file.name)
        return Path(file.name).stat().st_size / 1e6


def main() -> None:
    """Read the command line, measure, print, and write JSON where one asks for it."""
    parser = asked.Parser(description=__doc__.splitlines()[0])
    parser.add_threads()
    parser.add_argument("--rounds", type=asked.count, default=3)
    parser.add_argument("--schemes", nargs="+", default=["D", "E"], help="beside the baseline")
    parser.add_argument("--back-ends", nargs="+", default=list(DEFAULT), choices=list(BACK_ENDS))
    parser.add_argument("--sizes", nargs="+", type=asked.count, default=SIZES)
    parser.add_json()
    arguments = parser.parse_args()
    params = asked.params()
    own = reads.params_of(params, "latency")
    asked.schemes(arguments.schemes, params)
    architecture, device = own["model"]["architecture"], own["latency"]["device"]
    chosen = choose_device(device, "latency.device")
    names, skipped = runs_here(arguments.back_ends, chosen)
    for name, reason in skipped.items():
        print(f"{name} is skipped: {reason}")
    load, processes = load_before("batches", again=" as now"), []
    record: dict = {"machine": facts()["cpu"], "threads": arguments.threads}
    print(f"{record['machine']}, {arguments.threads} thread(s)")
    for scheme in ["baseline", *arguments.schemes]:
        entry = own["schemes"][scheme]
        layers = counts.layers(architecture, **{**FULL_MODEL, **entry})
        flop = 2 * sum(layer.macs for layer in layers)
        record[f"{scheme}.file_mb"] = file_mb(architecture, entry)
        print(f"\n{scheme}: weights {record[f'{scheme}.file_mb']:,.0f} MB on disk")
        print(f"{'back end':20}{'batch':>6}{'images/s':>10}{'ms':>10}{'peak MB':>9}{'of peak':>9}")
        for name in names:
            for size in arguments.sizes:
                given = {"threads": arguments.threads, "rounds": arguments.rounds, "size": size}
                given |= {"architecture": architecture, "entry": entry, "device": device}
                (of,) = in_processes(measured, given | {"back_end": name}, 1, chosen.index)
                processes.append(of)
                rate = size / of["ms"] * 1e3
                share = rate * flop / of["flop_per_s"] if BACK_ENDS[name].is_exact else None
                said = f"{share:9.0%}" if share else f"{'-':>9}"
                print(f"{name:20}{size:6}{rate:10.1f}{of['ms']:10.1f}{of['peak_mb']:9,.0f}{said}")
                key = f"{scheme}.{name}.{size}"
                record |= {f"{key}.images_per_s": rate, f"{key}.share_of_peak": share}
                record[f"{key}.peak_mb"] = of["peak_mb"]
    record["loaded"] = is_loaded(load, processes, chosen.type)
    if record["loaded"]:
        print("other programs used this machine meanwhile: end them, and run it again")
    if arguments.json:
        arguments.json.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    asked.run(main)
