"""Step claims: the paper's claims and a run's comparisons -> claims.json, two answers each.

Reads files; results/judging.py judges. Knows no figures.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from groupconv.data.manifest import read_table
from groupconv.ground import atomic
from groupconv.results import entries as given
from groupconv.results.back_ends import FP32
from groupconv.results.changes import Compared
from groupconv.results.comparability import differences, facts, papers_schemes
from groupconv.results.judging import Run, judge
from groupconv.results.layers import grouped_layers
from groupconv.results.verdicts import together


def run(
    params: dict,
    paper: str,
    manifest: str,
    summary: str,
    comparisons: str,
    latency: str,
    training_speed: str,
    claims: str,
    *,
    unconverged: str = "",
) -> None:
    """Answer every claim of ``paper`` (claims.yaml): entry by entry, then claim by claim.

    ``unconverged``: why no accuracy counts, which one run cannot know; the study does.
    Raises StepError for a mistake in ``paper``, DiskError.
    """
    document = yaml.safe_load(Path(paper).read_text(encoding="utf-8"))
    given.check(document, paper)
    table = pd.read_csv(summary, index_col="scheme")
    known = papers_schemes(params["schemes"], document["schemes"])
    images = read_table(manifest, ["split", "height", "width", "channels"])
    architecture = params["model"]["architecture"]
    timed = json.loads(Path(latency).read_text(encoding="utf-8"))
    own = Run(
        compared=Compared(pd.read_csv(comparisons)),
        known=known,
        layers={name: grouped_layers(params["schemes"][name]["groups"]) for name in known},
        top1=table["test_top1"].to_dict(),
        guess=table.loc["baseline", "test_guess"],
        differs=differences(params, document, facts(images, fit(table.loc["baseline"]))),
        architecture=architecture == document["setting"]["model.architecture"],
        other_precision=[name for name, of in timed["back_ends"].items() if of != FP32],
        loaded=[
            measure
            for measure, path in (("latency", latency), ("training_seconds", training_speed))
            if json.loads(Path(path).read_text(encoding="utf-8")).get("load", {}).get("loaded")
        ],
        unconverged=unconverged,
    )
    entries = [judge(entry, own, document) for entry in document["entries"]]
    content = {
        "differs": own.differs,
        "unconverged": unconverged,
        "claims": [together(claim, entries) for claim in document["claims"]],
        "entries": entries,
    }
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    atomic.write_text(claims, text + "\n")


def fit(baseline: pd.Series) -> float:
    """The accuracy on the training part, 0 to 1: of weights at rest where that was measured.

    The running mean of training takes each image before the weights have learnt from it, with
    dropout and augmentation.
    """
    at_rest = baseline["train_eval_top1"]
    return baseline["train_top1"] if np.isnan(at_rest) else at_rest
