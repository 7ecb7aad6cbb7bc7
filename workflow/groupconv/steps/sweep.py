"""Step sweep: every scheme's grid -> one table, and what it chooses. Trains nothing."""

import json

import pandas as pd
import yaml

from groupconv.ground import atomic
from groupconv.ground.progress import say
from groupconv.results.order import in_order
from groupconv.results.sweeping import SETTING, beyond, each_at_its_best, one_for_all, settings


def run(params: dict, grid: str, table: str, choice: str) -> None:
    """Choose on validation: one setting for all schemes, and each scheme at its best.

    ``grid``: a grid's table, with {scheme} in it. Raises DiskError.
    """
    names = in_order(params["schemes"])
    rows = pd.concat([pd.read_csv(grid.replace("{scheme}", name)) for name in names])
    atomic.write_text(table, rows.to_csv(index=False, lineterminator="\n"))
    shared = one_for_all(rows)
    if shared is not None:
        shared |= {"next_learning_rates": next_rates(rows, shared)}
    content = {
        "chosen_on": "validation top-1 after the last epoch, mean over seeds",
        "one_for_all": shared,
        "each_at_its_best": best_of_each(rows),
    }
    atomic.write_text(choice, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    for line in lines(content):
        say(f"sweep: {line}")


def best_of_each(rows: pd.DataFrame) -> dict:
    """each_at_its_best() of the schemes that have a best; ``diverged``: those that have none."""
    most = settings(rows).groupby("scheme")["val_top1"].max()  # -1 of what diverged
    diverged = in_order(most.index[most < 0])
    return each_at_its_best(rows[~rows["scheme"].isin(diverged)]) | {"diverged": diverged}


def next_rates(rows: pd.DataFrame, shared: dict) -> list[float]:
    """Where the setting for all lies at an end of what every scheme has tried, what to try next.

    A grid goes on for its own scheme, so a rate that one of them added is no rate of all.
    """
    wide = settings(rows).pivot(index=SETTING, columns="scheme", values="val_top1").dropna()
    means = wide.mean(axis=1).where(wide.min(axis=1) >= 0)
    tried = means.loc[shared["model.initialization"]]
    if len(tried) > 1:
        further = beyond(tried.to_dict())
        return [] if further is None else [further]
    return [float(f"{tried.index[0] * step:.2g}") for step in (1 / 3, 3)]


def lines(content: dict) -> list[str]:
    """The choices, ready to paste into params.yaml, with their validation accuracy."""
    said = []
    for name in ("one_for_all", "each_at_its_best"):
        found = content[name]
        if found is None:
            said.append(f"{name}: no setting was tried by every scheme without diverging")
            continue
        if not found["val_top1"]:
            continue
        worth = ", ".join(f"{scheme} {top1:.1%}" for scheme, top1 in found["val_top1"].items())
        said.append(f"{name}: validation top-1 {worth}")
        for key in ("model.initialization", "train.learning_rate"):
            section, name = key.split(".")
            said.append(f"  {section}: {flow({name: found[key]})}")
    if content["one_for_all"] and (rates := content["one_for_all"]["next_learning_rates"]):
        more = " and ".join(f"{rate:g}" for rate in rates)
        ends = "the rate is at an end of those that every scheme has tried"
        said.append(f"one_for_all: {ends}; add {more} to sweep.learning_rates")
    if open_ended := content["each_at_its_best"]["still_at_an_end"]:
        ends = "the best rate is at an end of the grid; raise sweep.extensions"
        said.append(f"{', '.join(open_ended)}: {ends}")
    if diverged := content["each_at_its_best"]["diverged"]:
        said.append(
            f"{', '.join(diverged)}: diverged at each rate; add lower ones to sweep.learning_rates"
        )
    return said


def flow(content: dict) -> str:
    """On one line, as YAML: {learning_rate: {baseline: 0.003, E: 0.01}}."""
    return yaml.safe_dump(content, default_flow_style=True, sort_keys=False, width=1000).strip()
