"""Step claims: the paper's claims and a run's comparisons -> claims.json, two answers each.

Reads files; results/judging.py judges. Knows no figures.
"""

import json
from pathlib import Path

import pandas as pd
import yaml

from groupconv.data.manifest import read_table
from groupconv.ground import atomic
from groupconv.results import entries as given
from groupconv.results.changes import Compared
from groupconv.results.comparability import differences, facts, papers_schemes
from groupconv.results.judging import Run, judge, together
from groupconv.results.layers import grouped_layers


def run(
    params: dict,
    paper: str,
    manifest: str,
    summary: str,
    comparisons: str,
    latency: str,
    claims: str,
) -> None:
    """Answer every claim of ``paper`` (claims.yaml): entry by entry, then claim by claim.

    Raises StepError for a mistake in ``paper``, DiskError.
    """
    document = yaml.safe_load(Path(paper).read_text(encoding="utf-8"))
    given.check(document, paper)
    table = pd.read_csv(summary, index_col="scheme")
    known = papers_schemes(params["schemes"], document["schemes"])
    images = read_table(manifest, ["split", "height", "width", "channels"])
    architecture = params["model"]["architecture"]
    own = Run(
        compared=Compared(pd.read_csv(comparisons)),
        known=known,
        layers={name: grouped_layers(params["schemes"][name]["groups"]) for name in known},
        top1=table["test_top1"].to_dict(),
        differs=differences(params, document, facts(images, table["train_top1"]["baseline"])),
        architecture=architecture == document["setting"]["model.architecture"],
        loaded=json.loads(Path(latency).read_text(encoding="utf-8"))["load"]["loaded"],
    )
    entries = [judge(entry, own, document) for entry in document["entries"]]
    content = {
        "differs": own.differs,
        "claims": [together(claim, entries) for claim in document["claims"]],
        "entries": entries,
    }
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    atomic.write_text(claims, text + "\n")
