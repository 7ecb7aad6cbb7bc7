"""DVC's own views and experiments: readable, offline, and nothing left behind."""

import io
import re
import shutil

import pandas as pd
import psutil
import pytest
from project import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture
def compared(done):
    """A project whose workspace differs from its last commit."""
    done.edit("rounds: 2 ", "rounds: 3 ")
    done.make()
    return done


def test_two_versions_side_by_side(compared):
    params = compared.dvc("params", "diff").stdout
    assert re.search(r"params\.yaml +latency\.rounds +2 +3", params)
    metrics = compared.dvc("metrics", "diff", "--all").stdout
    for scheme in ("baseline", "E"):
        for name in ("test_top1", "macs", "latency_ms"):
            assert re.search(rf"metrics\.json +{scheme}\.{name} +[\d.]+ +[\d.]+ +-?[\d.]+", metrics)
    shutil.copy(
        ROOT / ".dvc" / "plots" / "page.html", compared.folder / ".dvc" / "plots"
    )  # setup's
    for command in ("show", "diff"):
        run = compared.dvc("plots", command)
        assert run.returncode == 0, run.stdout
        page = (compared.folder / "dvc_plots" / "index.html").read_text(encoding="utf-8")
        assert page.count("<script") == 1 + 5  # Vega, and a chart each
        assert not re.search(r"<(script|link)[^>]+(src|href)", page)
        for title in ("validation accuracy", "training loss", "test accuracy", "MACs", "latency"):
            assert f'"{title}"' in page
    assert not [
        line for line in compared.git("status", "--porcelain").splitlines() if "plots" in line
    ]


def test_a_misspelt_key_is_refused_by_name(done):
    before = done.git("status", "--porcelain")
    run = done.dvc("exp", "run", "-S", "train.epochz=3")
    assert run.returncode != 0
    assert "train.epochz" in run.stdout
    assert done.git("status", "--porcelain") == before
    run = done.dvc("exp", "run", "-S", "+train.epochz=3")
    assert run.returncode != 0
    assert "params.yaml: train.epochz = 3: unknown key; did you mean train.epochs?" in run.stdout


def test_experiments_now_and_in_a_queue_leave_no_worker_behind(done):
    run = done.dvc("exp", "run", "--name", "now", "-S", "train.epochs=3")
    assert run.returncode == 0, run.stdout
    assert "train E seed 0: epoch 3/3" in run.stdout
    done.agree()
    for name, key in (("later", "train.epochs=1"), ("last", "figures.dpi=100")):
        queued = done.dvc("exp", "run", "--queue", "-n", name, "-S", key)
        assert queued.returncode == 0, queued.stdout
    run = done.dvc("exp", "run", "--run-all")
    assert run.returncode == 0, run.stdout
    shown = done.dvc("exp", "show", "--csv").stdout
    table = pd.read_csv(io.StringIO(shown[shown.index("Experiment") :])).set_index("Experiment")
    losses = table.loc[["now", "later", "last"], "E.test_loss"]
    assert losses.notna().all(), shown
    assert losses["now"] == losses["last"] != losses["later"]
    (dpi,) = (name for name in table if name.endswith("figures.dpi"))
    assert table[dpi][["now", "last"]].tolist() == [150, 100]
    here = str(done.folder)
    assert not [p for p in psutil.process_iter(["cwd"]) if (p.info["cwd"] or "").startswith(here)]
