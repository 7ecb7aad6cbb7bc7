"""What will be made, and why: the decisions of the engines' seam, without an engine."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from groupconv.engines import dvc, jobs, plan, records
from groupconv.engines.digests import Digests
from groupconv.engines.dvclock import Lock
from groupconv.engines.jobs import Job
from groupconv.engines.records import Receipts
from groupconv.settings import config, reads
from project import ROOT


def stage(step, deps, outs, name=None, **params):
    """A stage that reads and writes small files, all of which DVC's cache should have."""
    return Job(
        step=step,
        name=name or step,
        label=(name or step).replace("@", " "),
        wildcards={},
        command=f"make {step}",
        deps=tuple(deps),
        outs=tuple(outs),
        cached=tuple(outs),
        params=params,
        keys=tuple(params),
    )


@pytest.fixture
def project(tmp_path, monkeypatch):
    """prepare -> train@A, train@B -> summary, all made; each left its receipt."""
    monkeypatch.chdir(tmp_path)
    every = [
        stage("prepare", ["raw"], ["images"], size=32),
        stage("train", ["images"], ["a.pt"], "train@A", **{"train.epochs": 4}),
        stage("train", ["images"], ["b.pt"], "train@B", **{"train.epochs": 4}),
        stage("summary", ["a.pt", "b.pt"], ["table"]),
    ]
    for path in ("raw", *(out for one in every for out in one.outs)):
        (tmp_path / path).write_text(path)
    for one in every:
        leave_receipt(one)
    return every


def leave_receipt(one):
    digests = Digests()
    Receipts().write(one, records.causes(one, digests), records.results(one, digests))


def examined(every, lock=os.devnull, in_dvc=False):
    return plan.examine(every, Lock(lock), Receipts(), Digests(), in_dvc)


def locked(every):
    """A dvc.lock that has every stage as it is now."""
    digests, entries = Digests(), {}
    for one in every:
        causes, results = records.causes(one, digests), records.results(one, digests)
        entries[one.name] = {
            "cmd": one.command,
            "deps": [{"path": path, "md5": md5} for path, md5 in causes["deps"].items()],
            "params": {"params.yaml": one.params},
            "outs": [{"path": path, "md5": md5} for path, md5 in results.items()],
        }
    with open("dvc.lock", "w") as file:
        yaml.safe_dump({"schema": "2.0", "stages": entries}, file)
    return "dvc.lock"


def wanted(every, found, forced=()):
    return plan.wanted(every, found, forced)


def test_where_every_record_holds_nothing_is_made(project):
    assert wanted(project, examined(project)) == {}


@pytest.mark.parametrize("ahead_s", [-(10**9), 10**9])
def test_no_time_decides(project, ahead_s):
    for path in ("raw", "images", "a.pt"):
        os.utime(path, (10**9 + ahead_s, 10**9 + ahead_s))
    assert wanted(project, examined(project)) == {}


@pytest.mark.parametrize(
    ("change", "reason", "follows"),
    [
        (lambda: os.remove("a.pt"), "not made yet", "after train A"),
        (lambda: Path("a.pt").write_text("x"), "a.pt was altered", "a.pt changed"),
    ],
)
def test_a_file_that_is_gone_or_altered_is_said_and_all_that_reads_it_follows(
    project, change, reason, follows
):
    change()
    assert wanted(project, examined(project)) == {
        "train@A": reason,
        "summary": follows,
    }


def test_a_param_is_said_with_both_values_and_wakes_what_reads_its_output(project):
    project[1] = replace(project[1], params={"train.epochs": 5})
    assert wanted(project, examined(project)) == {
        "train@A": "train.epochs 4 -> 5",
        "summary": "after train A",
    }


def test_another_command_is_a_cause(project):
    project[3] = replace(project[3], command="make it otherwise")
    assert wanted(project, examined(project)) == {"summary": "the rule's command changed"}


def test_what_is_asked_for_is_made_with_what_reads_it(project):
    found = examined(project)
    assert list(wanted(project, found, ["train@B"])) == ["train@B", "summary"]
    assert wanted(project, found, ["train"])["train@A"] == "asked for"
    assert wanted(project, found, ["prepare"])["summary"] == "after train A"


def test_a_name_asks_for_its_step_or_for_the_job_that_makes_that_file(project):
    def forced(*names, everything=False):
        return plan.forced(project, names, everything=everything)

    assert forced() == frozenset()
    assert forced("train") == {"train"}
    assert forced("a.pt", "table/x.csv") == {"train@A", "summary"}  # DVC takes the folder as one
    assert forced("raw", "all", "train@A") == frozenset()  # no step's name, no job's file
    assert forced("raw", everything=True) == frozenset(reads.READS)


def test_a_parameter_that_was_put_back_is_said_and_not_taken_for_an_altered_file(project):
    four, five = project[1], replace(project[1], params={"train.epochs": 5})
    Path("a.pt").write_text("five")
    leave_receipt(five)
    assert wanted([four], examined([four])) == {"train@A": "train.epochs 5 -> 4"}
    Path("a.pt").write_text("by hand")
    assert wanted([four], examined([four])) == {"train@A": "a.pt was altered"}


def test_files_of_another_run_with_the_same_causes_are_not_altered(project):
    lock = locked(project)
    Path("a.pt").write_text("another machine's")
    leave_receipt(project[1])
    assert wanted(project, examined(project, lock))["train@A"] == "a.pt is not dvc.lock's"


def test_an_input_that_nothing_makes_is_missing_and_has_not_changed(project):
    os.remove("raw")
    assert wanted(project, examined(project))["prepare"] == "raw is missing"


@pytest.mark.parametrize("content", ["", "[1]", '{"causes": {}}', "{"])
def test_a_receipt_that_is_not_whole_is_none(project, content):
    (receipt,) = (Receipts().folder / "prepare").iterdir()
    receipt.write_text(content)
    assert wanted(project, examined(project))["prepare"] == "no record of how it was made"


def test_dvc_lock_alone_confirms(project):
    lock = locked(project)
    for one in project:
        for receipt in (Receipts().folder / one.name).iterdir():
            receipt.unlink()
    assert wanted(project, examined(project, lock)) == {}
    text = Path(lock).read_text()  # cut off: no YAML, or entries that are not whole
    Path(lock).write_text(text[: text.index("train@B") + 40])
    assert "summary" in wanted(project, examined(project, lock))


def test_the_same_file_as_the_lock_says_but_not_in_the_cache_is_to_be_recorded(project):
    lock = locked(project)
    assert examined(project, lock, in_dvc=True).unrecorded == [one.name for one in project]
    for one in project:
        for path, md5 in records.results(one, Digests()).items():
            cached = os.path.join(dvc.cache_folder(), "files", "md5", md5[:2], md5[2:])
            os.makedirs(os.path.dirname(cached), exist_ok=True)
            with open(cached, "w") as file:
                file.write(path)
    assert examined(project, lock, in_dvc=True).unrecorded == []
    assert examined(project, lock, in_dvc=False).unrecorded == []


def test_what_only_a_receipt_confirms_is_to_be_recorded(project):
    assert len(examined(project, in_dvc=True).unrecorded) == len(project)


def test_a_frozen_stage_is_not_made_again_and_is_said(project):
    project[1] = replace(project[1], params={"train.epochs": 5}, frozen=True)
    found = examined(project)
    assert found.frozen == ["train@A"]
    assert wanted(project, found) == {}
    os.remove("a.pt")  # nothing there to keep
    assert examined(project).reasons["train@A"] == "not made yet"


def means(monkeypatch, text):
    monkeypatch.setattr(records.fingerprint, "text", lambda step: text)
    monkeypatch.setattr(records.meanings, "text", lambda step, digests: text)


def test_code_that_means_something_else_wakes_its_step_and_is_named(project, monkeypatch):
    path = f"{jobs.CODE_FOLDER}/summary.txt"
    os.makedirs(jobs.CODE_FOLDER)
    one = project[3] = replace(project[3], deps=(*project[3].deps, path))
    means(monkeypatch, "1  steps/summary.py\n")
    with open(path, "w") as file:
        file.write("1  steps/summary.py\n")
    leave_receipt(one)
    assert wanted(project, examined(project)) == {}
    means(monkeypatch, "2  steps/summary.py\n")
    assert wanted(project, examined(project)) == {"summary": "its code changed: steps/summary.py"}


def test_the_stages_of_the_real_pipeline_depend_on_their_producers():
    definitions = jobs.load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    every = jobs.jobs(definitions, config.load(ROOT / "params.yaml"))
    before = jobs.producers(every)
    assert before["train@E-0"] == {"code", "split", "square"}
    assert before["code"] == set()
    assert before["download"] == set()
    assert {"evaluate@E-0", "macs@A", "latency"} <= before["summary"]


def test_one_value_or_one_per_scheme_makes_nothing_again_but_dvc_learns_the_new_key(project):
    """dvc.lock calls it train.learning_rate, or train.learning_rate.A; the step's own is one."""
    before = stage("train", ["images"], ["a.pt"], "train@A-0", **{"train.learning_rate": 0.01})
    lock = Lock(locked([before]))
    assert lock.results(before, records.causes(before, Digests()))
    assert lock.in_form(before)
    now = replace(before, keys=("train.learning_rate.A",))
    assert lock.results(now, records.causes(now, Digests()))
    assert not lock.in_form(now)
    each = stage("train", ["images"], ["a.pt"], "train@A-0", **{"train.learning_rate.A": 0.01})
    lock = Lock(locked([each]))
    assert lock.results(now, records.causes(now, Digests()))
    assert lock.in_form(now)
    other = replace(now, params={"train.learning_rate": 0.02})
    assert lock.results(other, records.causes(other, Digests())) is None
    found = plan.examine([other], lock, Receipts(), Digests(), True)
    assert found.reasons == {"train@A-0": "train.learning_rate 0.01 -> 0.02"}
