"""Rule 4 of the study: the rate and initialisation of each scheme, as the grids chose them."""

import math
from pathlib import Path

import pandas as pd
from groupconv.ground.errors import DataError
from groupconv.steps.sweep import best_of_each

from study import results
from study.plan import CONFIG, Plan

KEYS = ("train.learning_rate", "model.initialization")


def chosen(plan: Plan, kept: Path = results.RESULTS) -> dict[str, dict]:
    """{key: {scheme: value}} for both ``KEYS``, by ``rates`` of stages.yaml.

    A scheme takes its own grids' best, another scheme's, or the mean of two rates on a log scale,
    to two digits, with the initialisation of the first. Raises DataError where a grid is missing,
    or has no training that did not diverge.
    """
    tables = [results.grid(one, kept) for one in results.there(plan, kept) if one.seed is None]
    best = best_of_each(pd.concat(tables)) if tables else {key: {} for key in KEYS}
    if lost := best.get("diverged"):
        raise DataError(f"{lost[0]}: its grid diverged at each rate; it needs lower ones")
    rates, initial = ({**best[key]} for key in KEYS)
    for scheme, others in plan.rates.items():
        if missing := [name for name in others if name not in best[KEYS[0]]]:
            raise DataError(
                f"{scheme}: its rate follows from that of {missing[0]}, which has no grid: the "
                f"order must have one, before what is trained at that rate"
            )
        mean = math.exp(sum(math.log(best[KEYS[0]][name]) for name in others) / len(others))
        rates[scheme] = float(f"{mean:.2g}")
        initial[scheme] = best[KEYS[1]][others[0]]
    return dict(zip(KEYS, (rates, initial), strict=True))


def check(plan: Plan, stage: str, kept: Path = results.RESULTS) -> None:
    """Raise DataError where ``stage`` would train with other settings than the grids chose.

    A stage that sets one of the keys itself, as one rate for all, is as it says.
    """
    if not plan.rates or "train.learning_rate" in plan.sets[stage]:
        return
    found = chosen(plan, kept)
    for key in KEYS:
        section, name = key.split(".")
        now = plan.stages[stage][section][name]
        for scheme, value in found[key].items():
            has = now[scheme] if isinstance(now, dict) else now
            if has != value:
                raise DataError(
                    f"{CONFIG.name}: {key}.{scheme} = {has}: the grids chose {value} "
                    "(study/README.md, rule 4)"
                )
