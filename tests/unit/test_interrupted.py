"""Ctrl-C and SIGTERM: one line that says what the next run goes on with, and no traceback."""

import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from groupconv.engines import records, screen, stop
from groupconv.engines.digests import Digests
from groupconv.engines.records import Receipts
from groupconv.ground import interrupted
from groupconv.network import states
from project import ROOT
from test_plan import stage

PROGRAM = """
import sys, time
sys.path[:0] = sys.argv[1:]
import step
from groupconv.engines import command

def run(arguments):
    try:
        print("begun", flush=True)
        time.sleep(30)
    except BaseException as error:
        if arguments == ["slow"]:
            time.sleep(30)
        raise RuntimeError("unexpected pos 1 vs 2") from error  # as torch.save

command.run = run
sys.exit(step.main([sys.argv[2]]))
"""


def started(word):
    arguments = [sys.executable, "-c", PROGRAM, str(ROOT / "workflow"), word]
    run = subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert run.stdout.readline() == "begun\n"
    return run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_step_says_that_it_was_interrupted_and_nothing_else(number):
    with started("quick") as run:
        run.send_signal(number)
        said = run.communicate(timeout=10)[1]
    assert (run.returncode, said) == (interrupted.STATUS, "error: interrupted\n")


def test_a_second_signal_ends_a_step_at_once_but_not_the_engine_s_echo_of_the_first():
    with started("slow") as run:
        run.send_signal(signal.SIGINT)
        run.send_signal(signal.SIGTERM)
        time.sleep(interrupted.ONE_S + 0.1)
        assert run.poll() is None
        run.send_signal(signal.SIGINT)
        said = run.communicate(timeout=10)[1]
    assert (run.returncode, said) == (interrupted.STATUS, "")


def test_on_a_cluster_sigterm_is_snakemakes_own(monkeypatch):
    held = []
    monkeypatch.setattr(signal, "getsignal", lambda number: signal.SIG_DFL)  # also with nohup
    monkeypatch.setattr(signal, "signal", lambda number, handle: held.append(number))
    stop.hold(on_cluster=True)
    assert held == [signal.SIGINT]
    stop.hold(on_cluster=False)
    assert held[1:] == [signal.SIGINT, signal.SIGTERM]


def test_it_says_after_which_epoch_each_training_goes_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    params = {"train.epochs": 5}
    one = replace(stage("train", [], ["E/a.pt"], "train@E-0", **params), label="train E seed 0")
    assert stop.said([one]) == "interrupted; run it again"
    Receipts().begin(one, records.causes(one, Digests()))
    os.mkdir("E")
    Path("E", states.name("key", 2, "content")).write_text("")
    assert stop.said([stage("evaluate", [], []), one]) == (
        "interrupted; run it again: train E seed 0 goes on after epoch 2/5"
    )


@pytest.mark.parametrize(
    ("message", "level", "of_use"),
    [
        ("Select jobs to execute...", logging.INFO, False),
        ("Execute 2 jobs...", logging.INFO, False),
        ("1 jobs have missing provenance/metadata so that ...", logging.WARNING, False),
        ("Nothing to be done (all requested files are present).", logging.INFO, True),
        ("RuleException:\nCalledProcessError in file train.smk, line 3", logging.ERROR, False),
        ("WorkflowError:\nAt least one job did not complete", logging.ERROR, False),
        ("MissingInputException in rule split", logging.ERROR, True),
    ],
)
def test_snakemakes_noise_is_not_shown_and_its_news_is(message, level, of_use):
    record = logging.LogRecord("snakemake", level, "", 0, message, None, None)
    assert screen.is_of_use(record) is of_use


def test_after_ctrl_c_an_ended_step_is_no_error(monkeypatch):
    monkeypatch.setattr(interrupted, "_began", [1.0])
    record = logging.LogRecord("snakemake", logging.ERROR, "", 0, "RuleException", None, None)
    assert not screen.is_of_use(record)
