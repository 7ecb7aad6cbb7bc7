"""New processes, and what goes wrong in them. Imports no torch: each process imports this file."""

import os

import pytest
from groupconv.ground.errors import DeviceError, StepError
from groupconv.network import apart


def doubles(params, number):
    return {"result": params["of"] * number, "process": os.getpid()}


def refuses(params, number):
    raise DeviceError(f"{params['why']} in process {number}")


def ends(params, number):
    os._exit(9)


def test_each_result_is_of_a_process_of_its_own():
    found = apart.in_processes(doubles, {"of": 10}, 2)
    assert [one["result"] for one in found] == [10, 20]
    assert len({os.getpid(), *(one["process"] for one in found)}) == 3


def test_what_goes_wrong_in_a_process_is_one_line_here():
    with pytest.raises(DeviceError, match=r"^no GPU in process 1$"):
        apart.in_processes(refuses, {"why": "no GPU"}, 5)
    with pytest.raises(StepError, match=r"process 1 of 5 ended without a result .*status 9"):
        apart.in_processes(ends, {}, 5)
