"""Data and checkpoints travel: pushed to a remote, pulled into a clone, where nothing is to do."""

import shutil

import pytest
import sshd
from versioned import Versioned

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(params=["local", "ssh"])
def remote(request, tmp_path_factory):
    """The commands that name a remote for DVC, and the folder where its files will be."""
    folder = tmp_path_factory.mktemp("remote")
    if request.param == "local":
        yield [("remote", "add", "--default", "there", str(folder))], folder
        return
    with sshd.running(folder) as server:
        url = f"ssh://{server.user}@127.0.0.1:{server.port}{server.folder}"
        add = ("remote", "add", "--default", "there", url)
        yield [add, ("remote", "modify", "there", "keyfile", str(server.key))], server.folder


def test_a_clone_pulls_what_was_pushed_and_has_nothing_to_do(done, remote, tmp_path):
    commands, store = remote
    for command in commands:
        assert done.dvc(*command).returncode == 0
    done.commit()
    pushed = done.dvc("push")
    assert pushed.returncode == 0, pushed.stdout
    stored = {path.read_bytes() for path in (store / "files" / "md5").glob("*/*")}
    for name in ("data/images.npy", "results/schemes/E/seed0/checkpoint.pt", "results/report.html"):
        assert (done.folder / name).read_bytes() in stored

    clone = Versioned(tmp_path / "clone")
    done.git("clone", "--quiet", str(done.folder), str(clone.folder))
    assert not (clone.folder / "data" / "images.npy").exists()
    assert (clone.folder / "results" / "tables" / "results.md").exists()
    # Whoever forgets to pull would train for days.
    last = clone.snakemake("-n").stdout.splitlines()[-1]
    assert last == "dvc.lock has the results of 18 jobs above: `dvc pull` brings what was pushed"
    pulled = clone.dvc("pull")
    assert pulled.returncode == 0, pulled.stdout
    clone.agree()
    assert not clone.git("status", "--porcelain")
    checkpoint = "results/schemes/E/seed0/checkpoint.pt"
    assert (clone.folder / checkpoint).read_bytes() == (done.folder / checkpoint).read_bytes()
    assert clone.make("dvc") == set()
    shutil.rmtree(clone.folder)


def test_a_clone_without_data_says_what_it_lacks(done, tmp_path):
    clone = Versioned(tmp_path / "clone")
    done.git("clone", "--quiet", str(done.folder), str(clone.folder))
    run = clone.dvc("pull")
    assert run.returncode != 0
    wanted = clone.wanted()
    assert {"download", "prepare", "train E seed 0", "report"} <= wanted
