"""Why time falls less than MACs: every layer on a roofline, and a waterfall that adds up.

    python benchmarks/roofline.py [--threads N] [--rounds N] [--processes N] [--schemes D E]
        [--back-end eager|folded] [--json FILE]

The paper's full models, one 3x224x224 input, fp32. Ceilings are measured with the same threads: a
matrix product, and a matrix that is read once. Each layer's floor is the longer of its FLOP at the
one and its bytes at the other. The waterfall begins at the baseline's time and ends at the
scheme's; every bar is in ms (groupconv/results/waterfall.py says what each is). Medians of all
rounds; the ceilings are the best of all processes.
"""

import argparse
import json
from pathlib import Path

import pandas as pd
from groupconv.ground import machine
from groupconv.ground.provenance import machine as facts
from groupconv.network import counts, roofline
from groupconv.network.apart import in_processes
from groupconv.network.architecture import FULL_MODEL
from groupconv.network.load import LOADED, load_before
from groupconv.results import waterfall
from groupconv.settings import config, reads

ROOT = Path(__file__).parents[1]
COLUMNS = ("process", "round", "scheme", "back_end", "module", "ms")


def of_scheme(own: dict, scheme: str, ms: pd.Series, most: dict) -> tuple[list[dict], float, float]:
    """Its layers' points, ms of its other modules, ms of a whole pass."""
    architecture = own["model"]["architecture"]
    layers = counts.layers(architecture, **own["schemes"][scheme], **FULL_MODEL)
    points = [roofline.point(layer, ms[layer.name], most) for layer in layers]
    others = ms.drop([layer.name for layer in layers] + [roofline.WHOLE]).sum()
    return points, float(others), float(ms[roofline.WHOLE])


def main() -> None:
    """Read the command line, measure, print, and write JSON where one asks for it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=machine.cores(), help="default: every core")
    parser.add_argument("--rounds", type=int, default=30, help="of all processes together")
    parser.add_argument("--processes", type=int, default=5)
    parser.add_argument("--schemes", nargs="+", default=["D", "E"], help="beside the baseline")
    parser.add_argument("--back-end", choices=("eager", "folded"), default="eager")
    parser.add_argument("--json", type=Path, help="write points and waterfalls here too")
    arguments = parser.parse_args()
    own = reads.params_of(config.load(ROOT / "params.yaml"), "latency")
    asked = ["baseline", *arguments.schemes]
    own["schemes"] = {name: of for name, of in own["schemes"].items() if name in asked}
    own["latency"] |= {key: getattr(arguments, key) for key in ("threads", "rounds", "processes")}
    load = load_before("roofline", again=" as now")
    found = in_processes(roofline.measured, own, arguments.processes)
    rows = [(i, *row) for i, of in enumerate(found, start=1) for row in of["rows"]]
    runs = pd.DataFrame(rows, columns=COLUMNS)
    most = {key: max(of["ceilings"][key] for of in found) for key in found[0]["ceilings"]}
    print(
        f"{facts()['cpu']}, {arguments.threads} thread(s): a matrix product "
        f"{most['flop_per_s'] / 1e9:.0f} GFLOP/s, memory read {most['bytes_per_s'] / 1e9:.1f} GB/s"
    )
    runs = runs[runs["back_end"] == arguments.back_end]
    ms = runs.groupby(["scheme", "module"])["ms"].median()
    of = {name: of_scheme(own, name, ms[name], most) for name in own["schemes"]}
    record: dict = {
        "machine": facts()["cpu"],
        "threads": arguments.threads,
        "back_end": arguments.back_end,
        "loaded": max(load["others_before"], *(one["others"] for one in found)) > LOADED,
        **most,
        "points": {name: points for name, (points, _, _) in of.items()},
        "waterfalls": {},
    }
    for name, (points, _, whole) in of.items():
        floor = sum(point["floor_ms"] for point in points)
        print(f"\n{name}: {whole:.1f} ms; roofline {floor:.1f} ms")
        print(f"{'layer':14}{'groups':>7}{'FLOP/byte':>11}{'GFLOP/s':>9}{'ms':>8}{'floor':>8}")
        for point in points:
            print(
                f"{point['layer']:14}{point['groups']:7}{point['flop_per_byte']:11.1f}"
                f"{point['flop_per_s'] / 1e9:9.1f}{point['ms']:8.2f}{point['floor_ms']:8.2f}"
                f"  {point['bound']}"
            )
    _, _, whole = of["baseline"]
    macs = sum(point["macs"] for point in of["baseline"][0])
    for name in asked[1:]:
        points, between, mine = of[name]
        parts = [
            waterfall.Part(
                waterfall.place(p["stage"], p["groups"]), p["macs"], p["ms"], p["floor_ms"]
            )
            for p in points
        ]
        bars = waterfall.waterfall(whole, macs, parts, between, mine)
        saved = 1 - sum(part.macs for part in parts) / macs
        print(f"\n{name}: {saved:.1%} of the MACs saved, {1 - mine / whole:.1%} of the time")
        for bar in bars:
            print(f"{bar.what:32}{bar.why:46}{bar.ms:+9.1f} ms")
        record["waterfalls"][name] = [vars(bar) for bar in bars]
    if record["loaded"]:
        print("other programs used this machine meanwhile: end them, and run it again")
    if arguments.json:
        arguments.json.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
