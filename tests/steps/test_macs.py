import json

import pytest
from groupconv.ground.errors import StepError
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


def test_a_count_that_differs_fails_the_step(tmp_path, monkeypatch):
    # The formula is given another network than the one that is counted: the step must see it.
    right = macs.closed_form
    monkeypatch.setattr(
        macs, "closed_form", lambda name, groups, **sizes: right(name, [1] * 5, **sizes)
    )
    with pytest.raises(StepError, match=r"scheme E: fvcore .*, closed form"):
        macs.run(reads.params_of(PARAMS, "macs", scheme="E"), str(tmp_path / "e.json"))
    assert not list(tmp_path.iterdir())
