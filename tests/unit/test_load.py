"""How a busy machine is told."""

import pytest
from groupconv.network import load


def test_a_busy_machine_is_said_with_what_to_type(monkeypatch, capsys):
    monkeypatch.setattr(load.Others, "share", lambda self: 0.5)
    assert load.load_before("latency", seconds=0)["others_before"] == 0.5
    said = capsys.readouterr().err
    assert "latency: other programs use 50% of this machine's cores" in said
    assert said.rstrip().endswith("snakemake --cores all --forcerun latency")
    load.load_before("roofline", seconds=0, again=" as now")  # which is no step
    assert capsys.readouterr().err.rstrip().endswith("run it again later as now")
    monkeypatch.setattr(load.Others, "share", lambda self: 0.05)
    load.load_before("latency", seconds=0)
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("before", "others", "given", "device", "loaded"),
    [
        (0.05, 0.05, 1.0, "cpu", False),
        (0.2, 0.05, 1.0, "cpu", True),
        (0.05, 0.2, 1.0, "cpu", True),
        (0.05, 0.05, 0.8, "cpu", True),  # it waited for a core
        (0.05, 0.05, 0.3, "cuda", False),  # its process waits for the GPU
    ],
)
def test_a_run_is_loaded_by_what_was_there_before_meanwhile_or_in_its_way(
    before, others, given, device, loaded
):
    processes = [{"others": 0.0, "cores_given": 1.0}, {"others": others, "cores_given": given}]
    assert load.is_loaded({"others_before": before}, processes, device) == loaded
