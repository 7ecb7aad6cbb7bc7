"""Is grouping better than simply narrowing? Plain networks of several widths beside 1 to 64 groups.

    python benchmarks/widths.py [--threads N] [--rounds N] [--processes N] [--back-ends NAME ...]
        [--runs FILE] [--json FILE]

The paper's full model (VGG13BN, 1,120 classes, one 3x224x224 input): conv-2 to conv-5 in 1 (the
baseline), 2, 4, 8, 16, 32 (E), and 64 (D) groups; plain ones of a part of the width; A, B and C;
each scheme with a classifier that reads a map pooled to 1x1. For each back end all are timed in
one interleaved run: a round has each once. No training is needed. Changes are medians of ratios
of one round, with 95% intervals over processes. For each back end --json has, among others,
BACK_END.width_of_E (the plain network that takes E's time, interpolated) and
BACK_END.groups_where_time_stops_falling (beyond it no doubling gains 2%; null: it still falls),
with _low and _high by the ends of the doublings' intervals.
"""

import json

import asked
import pandas as pd
from groupconv.ground.provenance import machine as facts
from groupconv.network.apart import in_processes
from groupconv.network.architecture import FULL_MODEL, closed_form
from groupconv.network.back_ends.prepared import runs_here
from groupconv.network.back_ends.table import BACK_ENDS, DEFAULT
from groupconv.network.device import choose_device
from groupconv.network.load import is_loaded, load_before
from groupconv.network.timing import measured
from groupconv.results import headline, rival
from groupconv.settings import reads, resources
from groupconv.steps.latency import COLUMNS

PLAIN = [1, 1, 1, 1, 1]
GROUPS = (1, 2, 4, 8, 16, 32, 64)
OF_GROUPS = {g: {1: "baseline", 32: "E", 64: "D"}.get(g, f"groups{g}") for g in GROUPS}
WIDTHS = (0.375, 0.5, 0.5625, 0.625, 0.6875, 0.75, 0.875)
OF_WIDTH = {f"width{width:g}": width for width in WIDTHS}
PARAMS = asked.params()
SCHEMES = {
    name: PARAMS["schemes"][name] for name in ("baseline", *"ABCDE") if name in PARAMS["schemes"]
}
POOLED = {name: f"{name}pool1" for name in SCHEMES}
NETWORKS = {
    **{name: {"groups": [1, g, g, g, g]} for g, name in OF_GROUPS.items()},
    **{name: {"groups": PLAIN, "width": width} for name, width in OF_WIDTH.items()},
    **SCHEMES,
    **{POOLED[name]: {**of, "classifier_pool": 1} for name, of in SCHEMES.items()},
}


def counted(architecture: str) -> dict:
    """{network: its closed form}."""
    return {n: closed_form(architecture, **{**FULL_MODEL, **of}) for n, of in NETWORKS.items()}


def main() -> None:
    """Read the command line, time, print, and write JSON where one asks for it."""
    parser = asked.Parser(description=__doc__.splitlines()[0])
    parser.add_threads()
    parser.add_argument("--rounds", type=asked.count, default=30, help="of all processes together")
    parser.add_argument("--processes", type=asked.count, default=5)
    parser.add_argument(
        "--back-ends", nargs="+", default=list(DEFAULT), choices=list(BACK_ENDS), metavar="NAME"
    )
    parser.add_json("--runs", "write every run here, as CSV")
    parser.add_json()
    arguments = parser.parse_args()
    asked.rounds_for(arguments.processes, arguments.rounds)
    own = reads.params_of(PARAMS, "latency") | {"schemes": NETWORKS}
    own["latency"] |= {key: getattr(arguments, key) for key in ("threads", "rounds", "processes")}
    own["latency"]["layer_rounds"] = 0
    device = choose_device(own["latency"]["device"], "latency.device")
    names, skipped = runs_here(arguments.back_ends, device)
    for name, reason in skipped.items():
        print(f"{name} is skipped: {reason}")
    record: dict = {"machine": facts()["cpu"], "threads": arguments.threads}
    print(f"{record['machine']}, {arguments.threads} thread(s)")
    load, processes, every = load_before("widths", again=" as now"), [], []
    for name in names:  # one after another: all networks on one back end are what memory takes
        own["latency"]["back_ends"] = [name]
        plain = {
            n: {k: v for k, v in of.items() if k != "classifier_pool"} for n, of in NETWORKS.items()
        }
        needed = resources.latency_mb(own | {"schemes": plain})
        resources.check_memory(needed, f"widths on {name}", f"--back-ends {name}")
        found = in_processes(measured, own, arguments.processes, device.index)
        processes += found
        rows = [(i, *row) for i, of in enumerate(found, start=1) for row in of["rows"]]
        runs = pd.DataFrame(rows, columns=COLUMNS)
        every.append(runs)
        record |= {f"{name}.{key}": value for key, value in report(runs, name, own).items()}
    record["loaded"] = is_loaded(load, processes, device.type)
    if record["loaded"]:
        print("other programs used this machine meanwhile: end them, and run it again")
    if arguments.runs:
        pd.concat(every).to_csv(arguments.runs, index=False)
    if arguments.json:
        known = {key: value if value == value else None for key, value in record.items()}  # no NaN
        arguments.json.write_text(json.dumps(known, indent=2) + "\n")


def report(runs: pd.DataFrame, name: str, own: dict) -> dict[str, float]:
    """Print one back end's table, and return its figures."""
    counts = counted(own["model"]["architecture"])
    ms = {cell[0]: value for cell, value in headline.medians(runs).items()}
    found = {}
    print(f"\n{name:18}{'G MACs':>8}{'M param.':>10}{'ms':>8}  against the baseline: MACs, time")
    for network, of in counts.items():
        less, low, high = headline.ratio(runs, (network, name), ("baseline", name))
        macs = of.macs / counts["baseline"].macs - 1
        print(
            f"{network:18}{of.macs / 1e9:8.3f}{of.parameters / 1e6:10.1f}{ms[network]:8.1f}"
            f"  {macs:+.1%}, {less - 1:+.1%} [{low - 1:+.1%}, {high - 1:+.1%}]"
        )
        found |= {
            f"{network}.macs": of.macs,
            f"{network}.ms": ms[network],
            f"{network}.change_percent": 100 * (less - 1),
        }
    for network, pooled in POOLED.items():
        less, low, high = headline.ratio(runs, (pooled, name), (network, name))
        found[f"{network}.pool1_change_percent"] = 100 * (less - 1)
        print(f"{network} pooled to 1x1: {less - 1:+.1%} [{low - 1:+.1%}, {high - 1:+.1%}]")
    less, low, high = headline.ratio(runs, ("D", name), ("E", name))
    found["D_to_E_change_percent"] = 100 * (less - 1)
    print(f"D against E: {less - 1:+.1%} [{low - 1:+.1%}, {high - 1:+.1%}] of the time")
    for network in ("E", "D"):
        width, low, high = rival.width_of(runs, network, {**OF_WIDTH, "baseline": 1.0}, name)
        found[f"width_of_{network}"] = width
        print(f"{network}'s time is that of a plain network of width {width:.3f}", end=" ")
        print(f"[{low:.3f}, {high:.3f}]")
    return found | doubled(runs, name)


def doubled(runs: pd.DataFrame, name: str) -> dict[str, float | int | None]:
    """Print what each doubling of the groups gains on one back end, and return where it ends."""
    found: dict[str, float | int | None] = {}
    every = rival.doublings(runs, OF_GROUPS, name)
    for groups, (less, low, high) in every.items():
        found[f"doubling_to_{groups}_change_percent"] = 100 * (less - 1)
        print(f"doubled to {groups} groups: {less - 1:+.1%} [{low - 1:+.1%}, {high - 1:+.1%}]")
    # By the ratios themselves; surely, by the interval's upper ends; at most, by its lower ends.
    for at, end in enumerate(("", "_low", "_high")):
        of = {groups: ratios[(0, 2, 1)[at]] for groups, ratios in every.items()}
        found[f"groups_where_time_stops_falling{end}"] = rival.stops_falling(of)
    key = "groups_where_time_stops_falling"
    stops, low, high = (found[f"{key}{end}"] or "more" for end in ("", "_low", "_high"))
    gain = f"a doubling of the groups gains {rival.LEAST_FALL:.0%} of the time"
    unknown = any(low != low for _, low, _ in every.values())  # of one process
    print(f"{gain} up to {stops}" + ("" if unknown else f" [{low}, {high}]"))
    return found


if __name__ == "__main__":
    asked.run(main)
