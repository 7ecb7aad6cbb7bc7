import csv
import json

import pytest
import torch
from groupconv.ground.errors import DeviceError
from groupconv.network import speed
from groupconv.settings import config, preflight, reads, resources
from groupconv.steps import training_speed
from paper import GROUPS

SIZES = {"classes": 7, "input_size": 32, "classifier_width": 16, "classifier_pool": 1}
PARAMS = config.load("params.yaml")


def params_of(steps, **others):
    timed = {**PARAMS, **others, "training_speed": {"steps": steps}}
    return reads.params_of(timed, "training_speed")


def test_every_scheme_takes_every_step_once_in_a_new_order():
    schemes = {name: {"groups": GROUPS[name]} for name in ("baseline", "D", "E")}
    schemes["narrow"] = {"groups": [1, 4, 4, 4, 4], "width": 0.25, "shuffle": True}
    how = {"sizes": SIZES, "batch_size": 2, "precision": "fp32", "device": "cpu", "threads": 1}
    rows = speed.timed_steps("vgg13_bn", schemes, steps=5, **how)
    orders = [[name for name, step, _ in rows if step == n] for n in range(1, 6)]
    assert [sorted(order) for order in orders] == [sorted(schemes)] * 5
    assert len({tuple(order) for order in orders}) > 1
    assert all(seconds > 0 for *_, seconds in rows)
    torch.set_num_threads(1)


def test_it_times_a_whole_training_step():
    """Forward, backward and update: the weights move, and no gradient is left behind."""
    model = speed.vgg("vgg13_bn", GROUPS["E"], initialization="kaiming", seed=0, dropout=0, **SIZES)
    optimizer = speed.new_optimizer(model, speed.SGD)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    batch = torch.randn(2, 3, 32, 32), torch.tensor([0, 1])
    assert speed._seconds(model, optimizer, *batch, "fp32") > 0
    pairs = zip(before, model.parameters(), strict=True)
    assert sum(not torch.equal(a, b) for a, b in pairs) > len(before) / 2
    assert all(parameter.grad is None for parameter in model.parameters())


def test_without_steps_both_files_say_so(tmp_path):
    steps, json_file = tmp_path / "s.csv", tmp_path / "s.json"
    training_speed.run(params_of(0), str(steps), str(json_file))
    assert steps.read_text() == "scheme,step,seconds\n"
    record = json.loads(json_file.read_text())
    assert (record["steps"], record["schemes"]) == (0, {})
    assert (record["batch_size"], record["input_size"], record["classes"]) == (20, 224, 1120)


def test_the_record_has_each_schemes_median_and_spread_with_the_machine(tmp_path, monkeypatch):
    rows = [("E", n, s) for n, s in enumerate((1.0, 9.0, 2.0), start=1)] + [("baseline", 1, 4.0)]
    monkeypatch.setattr(speed, "timed_steps", lambda *a, **k: rows)  # the full model: minutes
    monkeypatch.setattr(resources, "check_memory", lambda *a: None)
    steps, json_file = tmp_path / "s.csv", tmp_path / "s.json"
    training_speed.run(params_of(3), str(steps), str(json_file))
    with open(steps, newline="") as file:
        assert [(r["scheme"], float(r["seconds"])) for r in csv.DictReader(file)] == [
            (scheme, seconds) for scheme, _, seconds in rows
        ]
    record = json.loads(json_file.read_text())
    assert list(record["schemes"]) == ["baseline", "E"]
    assert record["schemes"]["E"] == {"median_s": 2.0, "min_s": 1.0, "max_s": 9.0}
    assert record["threads"] == 1
    assert record["machine"]["cpu"]
    assert record["versions"]["torch"]
    assert record["load"]["loaded"] == (
        max(record["load"]["others_before"], record["load"]["others"]) > 0.1
        or record["load"]["cores_given"] < 0.9
    )


def test_too_little_memory_is_one_line_before_anything_is_timed(tmp_path):
    schemes = {f"F{i}": {"groups": [1] * 5} for i in range(300)} | PARAMS["schemes"]
    own = params_of(1, schemes=schemes)
    line = r"^params.yaml: schemes: 306 of them: training_speed: .* needs about [\d,]+ MB"
    with pytest.raises(DeviceError, match=line):
        training_speed.run(own, str(tmp_path / "s.csv"), str(tmp_path / "s.json"))
    assert not list(tmp_path.iterdir())
    said = preflight.checks(
        {**PARAMS, "schemes": schemes, "training_speed": {"steps": 1}},
        {"training_speed"},
        cores=None,
    )
    assert "training_speed needs about" in said[0]
    assert preflight.checks(PARAMS, {"training_speed"}, cores=None) == []


def test_it_is_alone_on_its_machine_only_if_it_times_anything():
    timed = {**PARAMS, "training_speed": {"steps": 10}}
    assert resources.training_speed(timed)["share"] == resources.WHOLE
    assert resources.training_speed(PARAMS)["mem_mb"] == 500
    assert 9_000 < resources.training_speed_mb(timed) < 16_000
