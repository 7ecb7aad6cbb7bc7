"""What each step may read of params.yaml: its own keys, and no others."""

import copy
from pathlib import Path

from groupconv.settings import config, reads
from test_config import leaves

ROOT = Path(__file__).parents[2]
PARAMS = config.load(ROOT / "params.yaml")


def test_a_step_reads_its_own_keys_alone():
    part = reads.params_of(PARAMS, "train", scheme="E", seed=0)
    assert "seeds" not in part["train"]
    assert list(part["schemes"]) == ["E"]  # a scheme added or removed retrains no other
    assert reads.params_of(PARAMS, "macs", scheme="E") == {
        "model": {"architecture": "vgg13_bn"},
        "scheme": "E",
        "schemes": {"E": {"groups": [1, 32, 32, 32, 32]}},
    }


def test_a_step_of_one_scheme_reads_its_own_value_alone():
    each = copy.deepcopy(PARAMS)
    rates = {name: 0.001 * i for i, name in enumerate(each["schemes"], start=1)}
    each["train"]["learning_rate"] = rates
    each["model"]["initialization"] = dict.fromkeys(rates, "kaiming") | {"E": "torchvision"}
    config.check(each, "params.yaml")
    own = reads.params_of(each, "train", scheme="E", seed=0)
    assert own["train"]["learning_rate"] == rates["E"]
    assert own["model"]["initialization"] == "torchvision"
    found = reads.values("train", own)
    assert found["train.learning_rate"] == rates["E"]
    assert found["schemes.E"] == each["schemes"]["E"]
    # Another scheme's value is nothing to it, nor in which form its own stands.
    each["train"]["learning_rate"] = rates | {"D": 1.0}
    assert reads.params_of(each, "train", scheme="E", seed=0) == own
    assert reads.params_of(each, "claims")["train"]["learning_rate"]["D"] == 1.0
    single = copy.deepcopy(each)
    single["train"]["learning_rate"] = rates["E"]
    single["model"]["initialization"] = "torchvision"
    assert reads.params_of(single, "train", scheme="E", seed=0) == own


def test_every_key_is_read_by_some_step():
    def covered(key):
        return any(
            key == read or key.startswith(f"{read}.")
            for reads in (reads.READS | reads.BY_NAME).values()
            for read in reads
        )

    for path in leaves({**PARAMS, "schemes": {"E": 0}, "download": {}, "prepare": {}}):  # no causes
        assert covered(".".join(path)), f"no step reads {'.'.join(path)}"


def test_the_order_of_schemes_in_the_file_changes_nothing():
    params = copy.deepcopy(PARAMS)
    params["schemes"] = dict(reversed(params["schemes"].items()))
    assert reads.scheme_names(params) == ["baseline", "A", "B", "C", "D", "E"]
    for step in ("latency", "summary", "report"):
        assert reads.canonical(reads.params_of(params, step)) == reads.canonical(
            reads.params_of(PARAMS, step)
        )
