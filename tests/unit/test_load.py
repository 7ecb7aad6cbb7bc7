"""How a busy machine is told."""

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
