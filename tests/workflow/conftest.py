"""A finished run's text results, as the study keeps them, and what is collected from them."""

import shutil

import pytest
import torch
from groupconv.settings import reads
from project import params_of

from study import collect, plan, results, train

SCHEMES = ("baseline", "D", "E")


@pytest.fixture(scope="session")
def kept(finished, tmp_path_factory):
    """The plan of a finished run, its text results, and what was collected from them."""
    run = finished[0].folder
    params = params_of(run)
    planned = plan.Plan({"main": params}, [plan.Training("main", name, 0) for name in SCHEMES])
    folder = tmp_path_factory.mktemp("study")
    for one in planned.trainings:
        saved = torch.load(run / one.folder / "checkpoint.pt", weights_only=True)
        made = {key: saved[key] for key in train.OF_CHECKPOINT}
        code = train.code(run, ("train", "evaluate"))
        results.pack(run, one, folder / "results", {"commit": "0" * 40, "code": code, **made})
    results.pack_measured(run, reads.scheme_names(params), folder / "results")
    said = list(collect.collect(planned, folder / "results", folder / "collected"))
    assert said == ["main: baseline-seed0, D-seed0, E-seed0"]
    return planned, folder


@pytest.fixture
def copied(kept, tmp_path):
    planned, folder = kept
    shutil.copytree(folder, tmp_path / "study")
    return planned, tmp_path / "study"
