"""An order in params.yaml is no parameter: no step's numbers depend on it."""

import json
import random

from groupconv.results.order import in_order
from groupconv.settings import config, reads
from groupconv.steps import summary
from project import ROOT
from results_tree import SUMMARY, build

PARAMS = config.load(ROOT / "params.yaml")


def test_baseline_is_first_then_names():
    names = ["E", "Z", "a", "baseline", "A"]
    for _ in range(20):
        random.shuffle(names)
        assert in_order(names) == ["baseline", "A", "E", "Z", "a"]


def test_summary_is_the_same_for_any_order_in_its_params(tmp_path):
    paths = build(tmp_path, PARAMS)
    first = (tmp_path / "summary.csv").read_bytes()
    own = reads.params_of(PARAMS, "summary")
    own["schemes"] = dict(reversed(own["schemes"].items()))
    assert json.dumps(own) != json.dumps(reads.params_of(PARAMS, "summary"))
    summary.run(own, **{name: paths[name] for name in SUMMARY})
    assert (tmp_path / "summary.csv").read_bytes() == first
