import dataclasses
import json

import pytest
from groupconv.ground.errors import StepError
from groupconv.network import counts
from groupconv.settings import config, reads
from groupconv.steps import macs

PARAMS = config.load("params.yaml")


def test_claim_6_macs_of_scheme_e(tmp_path):  # the paper: about -80%; ours: -79.22%
    found = {}
    for scheme in ("baseline", "E"):
        path = tmp_path / f"{scheme}.json"
        macs.run(reads.params_of(PARAMS, "macs", scheme=scheme), str(path))
        record = json.loads(path.read_text())
        found[scheme] = record["macs"]
        assert record["not_added_by_operator"]["batch_norm"] == 24_485_888
    assert found == {"baseline": 11_308_957_696, "E": 2_349_531_136}


def test_every_layers_counts_are_those_of_three_tools(tmp_path):
    """Of another depth, with a shuffle, and narrow; each run raises where two tools differ."""
    schemes = {
        "E": {"groups": [1, 32, 32, 32, 32]},
        "shuffled": {"groups": [1, 64, 64, 64, 64], "shuffle": True},
        "narrow": {"groups": [1, 1, 4, 1, 1], "width": 0.5},
    }
    for architecture, scheme in zip(("vgg19_bn", "vgg16_bn", "vgg13_bn"), schemes, strict=True):
        params = {
            "model": {"architecture": architecture},
            "scheme": scheme,
            "schemes": {scheme: schemes[scheme]},
        }
        macs.run(params, str(tmp_path / scheme))
        record = json.loads((tmp_path / scheme).read_text())
        assert {of["macs"] for of in record["counters"].values()} == {record["macs"]}
        assert sum(layer["macs"] for layer in record["layers"]) == record["macs"]
        assert (
            len(record["layers"]) == {"vgg19_bn": 19, "vgg16_bn": 16, "vgg13_bn": 13}[architecture]
        )
        assert record["conv_parameters"] < record["parameters"]


@pytest.mark.parametrize("changed", ["macs", "outputs"])
def test_a_count_that_differs_fails_the_step(tmp_path, monkeypatch, changed):
    # One layer of the closed form is another one: the step must see it, and name it.
    right = counts.layers

    def wrong(*given, **sizes):
        every = right(*given, **sizes)
        every[3] = dataclasses.replace(every[3], **{changed: getattr(every[3], changed) + 1})
        return every

    monkeypatch.setattr(counts, "layers", wrong)
    with pytest.raises(
        StepError, match=r"^scheme E: .* of features.10: fvcore \d+, closed form \d"
    ):
        macs.run(reads.params_of(PARAMS, "macs", scheme="E"), str(tmp_path / "e.json"))
    assert not list(tmp_path.iterdir())
