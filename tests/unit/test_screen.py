"""The last thing on the screen: why a step failed, from its log and from Snakemake's events."""

import logging
from types import SimpleNamespace

import pytest
from groupconv.engines import screen
from snakemake.logging import logger
from snakemake_interface_logger_plugins.common import LogEvent

COMMAND = "python workflow/step.py split '{}' index=a manifest=b"
ENDS = "(command exited with non-zero exit status {})."


@pytest.fixture
def failures(tmp_path, monkeypatch):
    """A function: a step's log, how its command ended -> the paragraphs on the screen."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs" / "train" / "E").mkdir(parents=True)

    def make(lines, status="1", reported=None, name="logs/train/E/seed0.log"):
        if lines is not None:
            (tmp_path / name).write_text("".join(f"{line}\n" for line in [COMMAND, *lines]))
        ended = f"Command 'bash -c python 2> {name}' {ENDS.format(status)}\n"
        (tmp_path / "snakemake.log").write_text(ended if reported is None else "")
        found = screen.failures("snakemake.log", {name: reported} if reported else {})
        return [paragraph.splitlines() for paragraph in found]

    return make


def test_the_cause_is_the_logs_last_line_and_the_log_follows(failures):
    cause = "error: params.yaml: split.seed = -1: must be at least 0"
    assert failures(["split: started", "", cause]) == [
        [
            "failed: train/E/seed0",
            cause,
            "log: logs/train/E/seed0.log",
            "  | split: started",
            f"  | {cause}",
        ]
    ]
    assert (
        failures(["Traceback (most recent call last):", "KeyError: 'x'"])[0][1] == "KeyError: 'x'"
    )


def test_only_the_end_of_a_long_log_is_shown(failures):
    (shown,) = failures([f"line {n}" for n in range(99)] + ["error: too much"])
    assert len(shown) == 3 + screen.LAST_LINES
    assert shown[-1] == "  | error: too much"


@pytest.mark.parametrize("lines", [["train: epoch 1/4"], [], None])
def test_a_step_without_a_last_word_was_killed(failures, lines):
    (shown,) = failures(lines, status="-9")
    assert shown[1] == f"it {ENDS.format('-9')[:-1]} without a word: killed, or out of memory?"
    assert COMMAND not in "".join(shown)


def test_slurm_says_why_and_the_log_of_an_earlier_run_is_not_shown(failures):
    said = "SLURM-job '7' failed, SLURM status is: 'OUT_OF_MEMORY'."
    (shown,) = failures(["train: epoch 1/4"], reported=said)
    assert shown[1] == said
    assert shown[-1] == "  | train: epoch 1/4"
    refused = "SLURM sbatch failed. The error message was: Invalid account"
    (shown,) = failures(["error: of an earlier run"], reported=refused)
    assert shown == ["failed: train/E/seed0", refused, "log: logs/train/E/seed0.log"]


SHOWN = SimpleNamespace(printshellcmds=True, dryrun=False)


@pytest.fixture
def listener():
    accepted = []
    handler = screen.Listener(SHOWN, lambda *job: accepted.append(job))
    handler.accepted_jobs = accepted
    yield handler
    logger.removeHandler(handler)


def event(kind, **what):
    record = logging.LogRecord("snakemake", logging.INFO, "", 0, "", None, None)
    record.__dict__.update(event=kind, **what)
    return record


def test_jobs_are_followed_from_their_start_to_their_acceptance(listener, capsys):
    for number, scheme in enumerate("AE"):
        wildcards = {"scheme": scheme, "seed": 0}
        listener.emit(
            event(LogEvent.JOB_INFO, jobid=number, rule_name="train", wildcards=wildcards, log=[])
        )
    listener.emit(event(LogEvent.JOB_FINISHED, job_id=0))
    listener.emit(event(LogEvent.JOB_FINISHED, job_id=99))  # of no job that was begun
    assert listener.accepted_jobs == [("train", {"scheme": "A", "seed": "0"})]
    assert listener.running == [("train", {"scheme": "E", "seed": "0"})]
    said = "failed:\n OUT_OF_MEMORY\n For further error details see x"
    listener.emit(event(LogEvent.JOB_ERROR, log=["logs/train/E/seed0.log"], rule_msg=said))
    assert listener.failed == {"logs/train/E/seed0.log": "failed: OUT_OF_MEMORY"}
    listener.emit(event(LogEvent.SHELLCMD, shellcmd=COMMAND))
    listener.show_commands = False
    listener.emit(event(LogEvent.SHELLCMD, shellcmd=COMMAND))
    assert capsys.readouterr().out == f"{COMMAND}\n"
