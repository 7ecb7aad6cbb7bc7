"""What a user adds to dvc.yaml stays theirs, and what they freeze stays as it is."""

import pytest
import yaml
from test_scenarios import AFTER
from versioned import computed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

HEAD = """\
# Mine.
artifacts:
  model: {path: results/schemes/E/seed0/checkpoint.pt, type: model}   # kept as it is

"""
OWN = """\
  # my own stage
  paint:
    cmd:   echo hello > mine.txt   # with care
    outs: [ mine.txt ]
"""


def test_own_stages_and_artifacts_outlive_every_kind_of_run(done):
    path = done.folder / "dvc.yaml"
    text = HEAD + path.read_text().replace("stages:\n", f"stages:\n{OWN}", 1)
    # One of ours is behind its rule: it is brought up, and nothing else is touched.
    path.write_text(text.replace("--allowed-rules split ", "--allowed-rules  split "))
    assert done.dvc("repro", "paint").returncode == 0
    entry = yaml.safe_load((done.folder / "dvc.lock").read_text())["stages"]["paint"]
    assert done.snakemake("-n").returncode == 0
    done.edit("  E: {groups", "  Z: {groups")  # our own stages of E are cut, with their files
    for arguments in (("--cores", "2"), ("-n",)):
        run = done.snakemake(*arguments)
        assert run.returncode == 0, run.stdout
        assert path.read_text() == text
        assert (done.folder / "mine.txt").read_text() == "hello\n"
        stages = yaml.safe_load((done.folder / "dvc.lock").read_text())["stages"]
        assert stages["paint"] == entry
    assert not (done.folder / "results" / "schemes" / "E").exists()
    done.agree()


def test_a_frozen_stage_stays_frozen_under_both_engines_and_is_said(done):
    assert done.dvc("freeze", "latency").returncode == 0
    done.edit("rounds: 2 ", "rounds: 3 ")
    content = (done.folder / "results" / "latency.csv").read_bytes()
    run = done.snakemake("-n")
    assert "latency: frozen in dvc.yaml: not made again" in run.stdout
    assert "latency: latency.rounds" not in run.stdout
    run = done.snakemake("--cores", "2")
    assert run.returncode == 0, run.stdout
    assert "latency: frozen in dvc.yaml: not made again" in run.stdout
    assert "latency" not in computed(run.stdout)
    run = done.dvc("repro")
    assert run.returncode == 0, run.stdout
    assert "latency" not in computed(run.stdout)
    assert (done.folder / "results" / "latency.csv").read_bytes() == content
    definition = yaml.safe_load((done.folder / "dvc.yaml").read_text())["stages"]["latency"]
    assert definition["frozen"] is True
    assert done.dvc("unfreeze", "latency").returncode == 0
    assert done.wanted() == done.wanted_by_dvc() == {"latency", *AFTER}
