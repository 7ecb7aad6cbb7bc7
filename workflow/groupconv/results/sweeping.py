"""Which learning rate and initialisation a sweep chooses, and where its grid goes on.

Everything is chosen on the validation part, by top-1 after the last epoch, the mean over seeds. A
training that diverged loses against any that did not.
"""

import pandas as pd

from groupconv.results.order import in_order

SETTING = ["initialization", "learning_rate"]


def beyond(scores: dict[float, float | None]) -> float | None:
    """The next learning rate to try, or None: the best of ``scores`` has a worse one on each side.

    ``scores``: {rate: validation top-1, None if it diverged}, two or more. The grid goes on beyond
    its best end in that end's own ratio, to two digits: after 0.003 and 0.01 comes 0.033. Of
    equals the lowest rate counts as the best.
    """
    rates = sorted(scores)
    best = max(rates, key=lambda rate: (_worth(scores[rate]), -rate))
    if best == rates[0]:
        end, inner = rates[0], rates[1]
    elif best == rates[-1]:
        end, inner = rates[-1], rates[-2]
    else:
        return None
    return float(f"{end * end / inner:.2g}")


def _worth(score: float | None) -> float:
    return -1.0 if score is None or pd.isna(score) else score


def settings(table: pd.DataFrame) -> pd.DataFrame:
    """A row per scheme and setting: mean ``val_top1`` over seeds; -1 if one of them diverged.

    ``table`` has a row per training: scheme, initialization, learning_rate, seed, val_top1.
    """
    rows = table.assign(val_top1=table["val_top1"].map(_worth))
    grouped = rows.groupby(["scheme", *SETTING])["val_top1"]
    means = grouped.mean().where(grouped.min() >= 0, -1.0)
    return means.reset_index()


def each_at_its_best(table: pd.DataFrame) -> dict:
    """For each scheme the setting of its highest validation top-1, ready for params.yaml.

    ``still_at_an_end``: schemes whose best rate has no worse one on both sides, so that a better
    one may lie outside of what was tried.
    """
    found = settings(table)
    best = {
        scheme: rows.sort_values(["val_top1", "learning_rate"], ascending=[False, True]).iloc[0]
        for scheme, rows in found.groupby("scheme")
    }
    names = in_order(best)
    open_ended = []
    for name in names:
        alike = found[
            (found["scheme"] == name) & (found["initialization"] == best[name]["initialization"])
        ]
        scores = dict(zip(alike["learning_rate"], alike["val_top1"], strict=True))
        if len(scores) < 2 or beyond(scores) is not None:
            open_ended.append(name)
    return {
        "model.initialization": {name: str(best[name]["initialization"]) for name in names},
        "train.learning_rate": {name: float(best[name]["learning_rate"]) for name in names},
        **_compared({name: float(best[name]["val_top1"]) for name in names}),
        "still_at_an_end": open_ended,
    }


def one_for_all(table: pd.DataFrame) -> dict | None:
    """The setting of the highest mean over the schemes, among those that every scheme has tried.

    None if no setting was tried by all of them without diverging.
    """
    wide = settings(table).pivot(index=SETTING, columns="scheme", values="val_top1").dropna()
    wide = wide[(wide >= 0).all(axis=1)]
    if wide.empty:
        return None
    means = wide.mean(axis=1)
    initialization, rate = means.idxmax()
    scores = wide.loc[(initialization, rate)]
    return {
        "model.initialization": str(initialization),
        "train.learning_rate": float(rate),
        **_compared({name: float(scores[name]) for name in in_order(wide.columns)}),
    }


def _compared(scores: dict[str, float]) -> dict:
    """The scores, and each scheme's difference from the baseline, fractions of 1."""
    base = scores.get("baseline")
    changes = {n: s - base for n, s in scores.items() if n != "baseline"} if base else {}
    return {"val_top1": scores, "val_top1_change": changes}
