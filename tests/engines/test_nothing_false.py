"""Nothing false is recorded: not of a cut run, nor of what changes while it runs."""

import shutil

import pytest
from test_scenarios import AFTER, AGREED, TRAININGS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

TRAINING = "workflow/groupconv/network/training.py"
OTHER_CODE = ("SAY_EVERY_S = 15", "SAY_EVERY_S = 16")


def test_x2_a_run_with_another_configuration_records_nothing(done):
    before = (done.folder / "dvc.lock").read_text()
    other = done.folder.with_name(f"{done.folder.name}.yaml")
    other.write_text("figures: {dpi: 99}\n")
    run = done.snakemake("--cores", "2", "--configfile", str(other))
    assert run.returncode == 0, run.stdout
    assert "dvc.lock: nothing recorded: the configuration was not params.yaml's" in run.stdout
    assert (done.folder / "dvc.lock").read_text() == before
    assert done.wanted() == done.wanted_by_dvc() == {"figures", "report"}
    assert "results/figures" in done.dvc("status").stdout
    assert done.make() == set()  # the first ones are in the cache
    done.agree()


def test_x2_by_config(done):
    before = (done.folder / "dvc.lock").read_text()
    run = done.snakemake("--cores", "2", "--config", "evaluate={checkpoint: best_val}")
    assert run.returncode == 0, run.stdout
    assert "dvc.lock: nothing recorded: the configuration was not params.yaml's" in run.stdout
    assert (done.folder / "dvc.lock").read_text() == before
    assert "evaluate E seed 0" in done.wanted() & done.wanted_by_dvc()
    assert done.make() == set()  # the first ones are in the cache
    done.agree()


@pytest.mark.parametrize("cut", [("--until", "figures"), ("--omit-from", "report"), ("--touch",)])
def test_a_run_that_was_cut_records_nothing(done, cut):
    done.edit("dpi: 150", "dpi: 100")
    before = (done.folder / "dvc.lock").read_text()
    run = done.snakemake("--cores", "2", *cut)
    assert run.returncode == 0, run.stdout
    assert "dvc.lock: nothing recorded: the run was cut short" in run.stdout
    assert (done.folder / "dvc.lock").read_text() == before
    assert "report" in done.wanted()
    assert done.wanted_by_dvc() == {"figures", "report"}
    done.make()
    done.agree()


def test_code_that_changes_during_a_run_is_not_recorded(done):
    done.edit("epochs: 2 ", "epochs: 30 ")
    with done.start("--cores", "2", "results/schemes/E/seed0/checkpoint.pt") as run:
        for line in run.stdout:
            if "epoch 1/" in line:
                done.edit(*OTHER_CODE, TRAINING)
                break
        screen, _ = run.communicate()
    assert run.returncode == 0
    assert "what it reads has changed meanwhile; it will be made again" in screen
    assert "train E seed 0" in done.wanted()
    assert "train E seed 0" in done.wanted_by_dvc()
    done.edit("epochs: 30 ", "epochs: 3 ")
    # training_speed trains by this code, too.
    assert done.make() == {*TRAININGS, AGREED, "training_speed", *AFTER}
    done.agree()


@pytest.mark.parametrize("what", ["code", "params", "other params"])
def test_what_changes_while_dvc_runs_a_step_is_not_recorded(done, what):
    done.edit("epochs: 2 ", "epochs: 30 ")
    before = (done.folder / "dvc.lock").read_text()
    with done.start_dvc("repro", "--single-item", "train@E-0") as run:
        for line in run.stdout:
            if "epoch 1/" in line:
                break
        if what == "code":
            done.edit(*OTHER_CODE, TRAINING)
        elif what == "params":
            done.edit("learning_rate: 0.005", "learning_rate: 0.01")
        else:  # what this step does not read, and a comment
            done.edit("dpi: 150", "dpi: 100")
            done.edit(OTHER_CODE[0], f"{OTHER_CODE[0]}  # s", TRAINING)
        screen, _ = run.communicate()
    if what == "other params":
        assert run.returncode == 0, screen
        assert "train E seed 0" not in done.wanted() | done.wanted_by_dvc()
    else:
        assert run.returncode != 0
        assert "train E seed 0: what it reads has changed meanwhile: run it again" in screen
        assert (done.folder / "dvc.lock").read_text() == before
        assert "train E seed 0" in done.wanted() & done.wanted_by_dvc()


def test_a_rule_that_is_edited_and_planned_during_a_run_is_not_recorded(done):
    done.edit("epochs: 2 ", "epochs: 30 ")
    with done.start("--cores", "2", "results/schemes/E/seed0/test.json") as run:
        for line in run.stdout:
            if "epoch 1/" in line:
                break
        command = "python workflow/step.py evaluate"
        done.edit(command, f"true && {command}", "workflow/rules/train.smk")
        assert "dvc.yaml: behind the rules" in done.snakemake("-n").stdout
        screen, _ = run.communicate()
    assert run.returncode == 0, screen
    # What ran is what was planned; the rule as it is now is another.
    assert "evaluate E seed 0: the rule's command changed" in done.snakemake("-n").stdout
    assert done.snakemake("--cores", "1", "pipeline").returncode == 0
    assert "evaluate E seed 0" in done.wanted() & done.wanted_by_dvc()


@pytest.mark.parametrize("damage", ["truncated", "missing", "foreign"])
def test_a_receipt_that_is_not_whole_leads_to_a_rebuild(done, damage):
    shutil.rmtree(done.folder / ".dvc")
    receipts = list((done.folder / ".snakemake" / "groupconv" / "receipts" / "macs@E").iterdir())
    assert len(receipts) == 1
    if damage == "missing":
        receipts[0].unlink()
    else:
        receipts[0].write_text(receipts[0].read_text()[:-20] if damage == "truncated" else "[1]")
    assert done.wanted() == {"macs E", AGREED, *AFTER}


def test_a_lock_that_is_not_whole_leads_to_a_rebuild(done):
    lock = done.folder / "dvc.lock"
    lock.write_text(lock.read_text()[: len(lock.read_text()) // 2])
    shutil.rmtree(done.folder / ".snakemake")
    assert "report" in done.wanted()
    lock.write_text("stages: [")
    run = done.snakemake("-n")
    assert run.returncode == 1
    assert "dvc.lock: line 1: `stages: [`: [ without ]" in run.stdout.splitlines()
