"""New processes, and what goes wrong in them. Imports no torch: each process imports this file."""

import os
import shutil
from pathlib import Path

import pytest
from groupconv.ground import fingerprint
from groupconv.ground.errors import DeviceError, StepError
from groupconv.network import apart


def doubles(params, number):
    return {"result": params["of"] * number, "process": os.getpid()}


def gpus(params, number):
    return {"gpus": os.environ.get(apart.VISIBLE)}


def refuses(params, number):
    raise DeviceError(f"{params['why']} in process {number}")


def ends(params, number):
    os._exit(9)


def test_each_result_is_of_a_process_of_its_own():
    found = apart.in_processes(doubles, {"of": 10}, 2)
    assert [one["result"] for one in found] == [10, 20]
    assert len({os.getpid(), *(one["process"] for one in found)}) == 3


@pytest.mark.parametrize(
    ("before", "gpu", "seen"),
    [(None, None, None), (None, 1, "1"), ("2,GPU-5", 1, "GPU-5"), ("0,1", None, "0,1")],
)
def test_every_process_has_the_gpu_of_the_one_that_started_it(monkeypatch, before, gpu, seen):
    """Each took a free one: a record named one GPU, and the times were another's."""
    monkeypatch.delenv(apart.VISIBLE, raising=False)
    if before:
        monkeypatch.setenv(apart.VISIBLE, before)
    assert apart.in_processes(gpus, {}, 2, gpu) == [{"gpus": seen}] * 2
    assert os.environ.get(apart.VISIBLE) == before


def test_what_goes_wrong_in_a_process_is_one_line_here():
    with pytest.raises(DeviceError, match=r"^no GPU in process 1$"):
        apart.in_processes(refuses, {"why": "no GPU"}, 5)
    with pytest.raises(StepError, match=r"process 1 of 5 ended without a result .*status 9"):
        apart.in_processes(ends, {}, 5)


EDITED = r"^latency: its code was edited while it ran: run it again$"


def sees(params, number):
    """As if the files in ``package`` were those from here on, as after an edit meanwhile."""
    fingerprint.PACKAGE = Path(params["package"])
    return {}


def test_a_process_that_imported_other_code_than_its_parent_is_one_line():
    text = fingerprint.text("latency")
    fingerprint.hold("latency", text)
    assert [one["result"] for one in apart.in_processes(doubles, {"of": 1}, 2)] == [1, 2]
    fingerprint.hold("latency", text.replace("0", "1", 1))
    with pytest.raises(StepError, match=EDITED):
        apart.in_processes(doubles, {"of": 1}, 2)


def test_an_edit_while_it_works_is_seen_and_a_comment_is_none(tmp_path):
    fingerprint.hold("latency", fingerprint.text("latency"))
    copy = tmp_path / "groupconv"
    shutil.copytree(fingerprint.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    timing = copy / "network" / "timing.py"
    timing.write_text(timing.read_text("utf-8") + "# why\n", encoding="utf-8")
    assert apart.in_processes(sees, {"package": str(copy)}, 1) == [{}]
    timing.write_text(timing.read_text("utf-8") + "STABLE = 0.2\n", encoding="utf-8")
    with pytest.raises(StepError, match=EDITED):
        apart.in_processes(sees, {"package": str(copy)}, 1)
