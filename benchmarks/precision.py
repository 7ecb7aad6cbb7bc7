"""What bf16 does to accuracy: the same training in both precisions, image by image.

    python benchmarks/precision.py [--schemes baseline E]

On the data that the workflow prepared (data/) and params.yaml: one training of each scheme with one
seed in each precision, both evaluated in fp32. The interval is of these two networks on other
images, or other pages where the source has pages; what another seed would give it does not cover.
"""

import tempfile
from pathlib import Path

import asked
import numpy as np
import pandas as pd
from groupconv.ground.provenance import machine
from groupconv.results import components, estimates
from groupconv.settings import reads
from groupconv.steps import evaluate, summary, train
from training import DATA

PRECISIONS = ("bf16", "fp32")


def predictions(params: dict, scheme: str, folder: Path) -> pd.DataFrame:
    """Of the test part, after a whole training."""
    folder.mkdir()
    made = {key: str(folder / key) for key in ("checkpoint", "best_val", "history")}
    train.run(reads.params_of(params, "train", scheme=scheme, seed=0), **DATA, **made)
    tables = {key: str(folder / key) for key in ("predictions", "val_predictions", "test")}
    own = reads.params_of(params, "evaluate", scheme=scheme, seed=0)
    evaluate.run(own, **DATA, last=made["checkpoint"], best_val=made["best_val"], **tables)
    return pd.read_csv(tables["predictions"], dtype={"id": str})


def main() -> None:
    """Read the command line, train, and print."""
    parser = asked.Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--schemes", nargs="+", default=["baseline", "E"])
    arguments = parser.parse_args()
    params = asked.params()
    asked.schemes(arguments.schemes, params)
    asked.made(*map(Path, DATA.values()))
    pages = summary.pages_of(DATA["manifest"])
    print(machine()["cpu"])
    for scheme in arguments.schemes:
        found = {}
        for precision in PRECISIONS:
            params["train"]["precision"] = precision
            with tempfile.TemporaryDirectory() as name:
                found[precision] = predictions(params, scheme, Path(name) / scheme)
        scores = {p: of["correct"].to_numpy(float)[None] for p, of in found.items()}
        numbers, _ = pd.factorize(pages.loc[found["fp32"]["id"]])
        parts = components.of_scores(scores, numbers, least=1.0)
        variance, df = parts.contrast(np.array([1.0, -1.0]))
        change = 100 * (scores["bf16"].mean() - scores["fp32"].mean())
        low, high = estimates.Estimate(change, 100 * variance**0.5, df).interval()
        print(
            f"{scheme}: fp32 {scores['fp32'].mean():.1%}, bf16 {scores['bf16'].mean():.1%}: "
            f"{change:+.1f} points [{low:+.1f}, {high:+.1f}], {len(numbers):,} test images"
        )


if __name__ == "__main__":
    asked.run(main)
