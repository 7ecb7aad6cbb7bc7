"""Whatever changes, whichever engine makes it: exactly the affected steps, and agreement."""

import os
import re
import shutil

import numpy as np
import pytest
from PIL import Image
from versioned import computed, copied, reasons

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
TIMED = {"latency", "training_speed"}
AGREED = "agreement"  # it reads results/schemes, and asks no network here
AFTER = {"summary", "claims", "tables", "figures", "report"}
OF_E = {"train E seed 0", "evaluate E seed 0", "macs E"}
TRAININGS = {
    f"{step} {scheme} seed 0" for step in ("train", "evaluate") for scheme in ("baseline", "E")
}
ALL = {"prepare", "split", "square", *TRAININGS, "macs baseline", "macs E", *TIMED, AGREED, *AFTER}
TEXTS = {".csv", ".json", ".md", ".txt", ".html"}
F = "  F: {groups: [1, 2, 2, 2, 2]}\n  E: {groups"


def test_s0_dvc_alone_makes_everything_and_says_so(fresh):
    run = fresh.dvc("repro")
    assert run.returncode == 0, run.stdout
    assert "train E seed 0: epoch 2/2" in run.stdout
    assert computed(run.stdout) == ALL  # the raw file was there
    fresh.agree()
    fresh.commit()
    assert fresh.make("dvc") == set()
    assert not fresh.git("status", "--porcelain")


def test_s0_after_snakemake_everything_is_recorded(done):
    done.agree()
    assert "Running stage" not in done.dvc("repro").stdout
    done.agree()
    # What git shows after a first run is what docs/versions.md tells the user to commit.
    untracked = done.git("show", "--stat=200", "--name-only", "--format=").split()
    assert {name.split("/")[0] for name in untracked} == {"dvc.lock", "results"}
    assert not [name for name in untracked if name.endswith((".pt", ".npy", ".svg", ".png"))]


def test_s1_groups_of_one_scheme_by_dvc(done):
    done.edit("E: {groups: [1, 32,", "E: {groups: [1, 16,")
    expected = {*OF_E, *TIMED, AGREED, *AFTER}
    assert done.wanted() == done.wanted_by_dvc() == expected
    assert done.make("dvc") == expected
    done.agree()


def test_s2_an_added_scheme_and_f10_its_removal(done):
    before = (done.folder / "dvc.lock").read_text()
    done.edit("  E: {groups", F)
    expected = {"train F seed 0", "evaluate F seed 0", "macs F", *TIMED, AGREED, *AFTER}
    assert done.wanted() == done.wanted_by_dvc() == expected
    assert done.make() == expected
    done.agree()
    added = done.commit()
    assert (done.folder / "results" / "figures" / "curves_F.svg").exists()
    for engine in ("snakemake", "dvc"):
        other = done.folder.with_name(f"{done.folder.name}-{engine}")
        other = copied(done, other)
        other.edit(F, "  E: {groups")
        # training_speed times nothing here: what it made of the fewer schemes is on the disk.
        assert other.wanted() == {"latency", AGREED, *AFTER}
        # All was made before from the same causes; DVC's run cache does not take what git has, nor
        # what reads results/schemes.
        again = {AGREED, "summary", "claims", "tables"}
        assert other.make(engine) <= (set() if engine == "snakemake" else again)
        other.agree()
        lock = (other.folder / "dvc.lock").read_text()
        assert "@F" not in lock
        assert lock.count("\n  ") > 0.9 * before.count("\n  ")
        assert not (other.folder / "results" / "schemes" / "F").exists()
        assert not list(other.folder.glob("results/**/*F*"))
        written = [p for p in (other.folder / "results").rglob("*") if p.suffix in TEXTS]
        assert len(written) > 15
        for path in written:
            assert not re.search(
                r"\bcurves_F\b|^ *F\b|\"F\"|\bF,|\| F\b", path.read_text(), re.M
            ), path
        other.commit()
        # It comes back from the cache: nothing is trained again.
        other.git("checkout", "--quiet", added)
        assert other.dvc("checkout").returncode == 0
        other.agree()
        shutil.rmtree(other.folder)


def test_s3_dpi_by_snakemake(done):
    done.edit("dpi: 150", "dpi: 100")
    assert done.wanted() == done.wanted_by_dvc() == {"figures", "report"}
    assert done.make() == {"figures", "report"}
    done.agree()


def test_s4_to_s11_learning_rate_history_and_a_clone(done, tmp_path):
    first = done.git("rev-parse", "HEAD").strip()
    done.edit("learning_rate: 0.005", "learning_rate: 0.01")
    assert done.wanted() == done.wanted_by_dvc() == {*TRAININGS, AGREED, *AFTER}
    screen = done.snakemake("-n").stdout
    assert "\ntrain E seed 0: train.learning_rate 0.005 -> 0.01\n" in screen
    assert "\nevaluate E seed 0: after train E seed 0\n" in screen
    assert done.make() == {*TRAININGS, AGREED, *AFTER}
    done.agree()
    second = done.commit()
    # S7
    done.edit("rounds: 2 ", "rounds: 3 ")
    assert done.wanted() == done.wanted_by_dvc() == {"latency", *AFTER}
    assert done.make() == {"latency", *AFTER}
    done.agree()
    third = done.commit()
    # S5, S6, S8
    for commit in (first, second, third):
        done.git("checkout", "--quiet", commit)
        assert done.dvc("checkout").returncode == 0
        done.agree()
    # F1: a value that was tried before comes back, under each engine.
    assert done.dvc("status").returncode == 0
    for engine in ("dvc", "snakemake"):
        other = copied(done, tmp_path.with_name(f"{tmp_path.name}-{engine}"))
        other.edit("learning_rate: 0.01", "learning_rate: 0.005")
        assert not [name for name in other.make(engine) if name.startswith(("train", "evaluate"))]
        other.agree()
        shutil.rmtree(other.folder)
    # S9: a clone elsewhere, with the data pulled.
    remote = tmp_path.with_name(f"{tmp_path.name}-remote")
    assert done.dvc("remote", "add", "--local", "--default", "there", str(remote)).returncode == 0
    pushed = done.dvc("push")
    assert pushed.returncode == 0, pushed.stdout
    clone = copied(done, tmp_path.with_name(f"{tmp_path.name}-clone"))
    for left in (".snakemake", ".dvc/cache", ".dvc/tmp", "data", "results", "logs"):
        shutil.rmtree(clone.folder / left)
    clone.git("checkout", "--quiet", "--", ".")
    pulled = clone.dvc("pull")
    assert pulled.returncode == 0, pulled.stdout
    # X6: all files of the same second.
    for path in clone.folder.rglob("*"):
        if path.is_file() and ".git" not in path.parts and ".dvc" not in path.parts:
            os.utime(path, (1_700_000_000, 1_700_000_000))
    clone.agree()
    # S10, S11
    clone.edit("dpi: 150", "dpi: 100")
    assert clone.make() == {"figures", "report"}
    clone.agree()
    clone.edit("rounds: 3 ", "rounds: 2 ")
    assert clone.make("dvc") == {"latency", *AFTER}  # the other commit's was not pulled
    clone.agree()


def test_f3_x3_x4_without_the_engines_own_folders(done):
    shutil.rmtree(done.folder / ".snakemake")
    done.agree()
    shutil.rmtree(done.folder / ".snakemake")
    shutil.rmtree(done.folder / ".dvc" / "tmp")
    done.agree()
    done.agree()
    assert not done.git("status", "--porcelain")


def test_f6_f7_f8_f11_x5_files_that_changed(done):
    # F8: code, with a time of long ago.
    module = done.folder / "workflow" / "groupconv" / "steps" / "figures.py"
    text = module.read_text()
    module.write_text(f"{text}ANOTHER = 1\n")
    os.utime(module, (1_000_000_000, 1_000_000_000))
    assert done.wanted() == {"figures", "report"}
    said = "figures: its code changed: steps/figures.py"
    assert said in done.snakemake("-n").stdout
    assert done.wanted_by_dvc() == {"figures", "report"}
    # F11: a comment, in every module.
    module.write_text(text)
    assert done.make() == set()
    modules = list((done.folder / "workflow" / "groupconv").rglob("*.py"))
    texts = [path.read_text() for path in modules]
    for path, before in zip(modules, texts, strict=True):
        path.write_text(f"# A comment.\n{before}\n\n# Another.\n")
    assert "Nothing to be done" in done.snakemake("-n").stdout
    assert re.findall(r"^(\S+):$", done.dvc("status").stdout, re.M) == ["code"]
    run = done.dvc("repro")
    assert re.findall(r"^Running stage '(.+)':", run.stdout, re.M) == ["code"]
    done.agree()
    for path, before in zip(modules, texts, strict=True):
        path.write_text(before)
    assert done.make() == set()  # Snakemake has DVC record it, too
    done.agree()
    # F7: an output edited by hand.
    edited = done.folder / "results" / "schemes" / "E" / "seed0" / "predictions.csv"
    content = edited.read_bytes()
    edited.write_bytes(content + b"\n")
    expected = {"evaluate E seed 0", AGREED, *AFTER}
    assert done.wanted() == done.wanted_by_dvc() == expected
    edited.write_bytes(content)
    done.agree()
    # F6: another commit without its data.
    done.edit("learning_rate: 0.005", "learning_rate: 0.01")
    done.make()
    done.commit()
    done.git("checkout", "--quiet", "HEAD~1")
    assert done.wanted() == done.wanted_by_dvc() == {*TRAININGS, AGREED, *AFTER}
    assert done.dvc("checkout").returncode == 0
    done.agree()


def test_x1_an_upstream_file_made_again_with_the_same_bytes(done):
    run = done.snakemake("--cores", "2", "-R", "split")
    assert run.returncode == 0, run.stdout
    assert "split: asked for" in run.stdout
    assert computed(run.stdout) == {"split"}
    done.agree()
    # Asked for by its file, one scheme's step is made, and no other's.
    screen = done.snakemake("-n", "-R", "results/schemes/E/seed0/checkpoint.pt").stdout
    steps = {line.partition(":")[0] for line in reasons(screen)}
    assert steps == {"train E seed 0", "evaluate E seed 0", AGREED, *AFTER}


def test_images_of_your_own_under_both_engines(fresh):
    for label in "abc":
        folder = fresh.folder / "pics" / label
        folder.mkdir(parents=True)
        for number in range(25):
            pixels = np.random.default_rng([ord(label), number]).integers(0, 256, (32, 32))
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    fresh.edit("source: sample", "source: folder")
    fresh.edit("folder: data/folder", "folder: pics/")
    fresh.edit("min_images: 60", "min_images: 3")
    assert fresh.make() == ALL
    fresh.agree()
    (fresh.folder / "pics" / "a" / "0.png").unlink()
    assert fresh.wanted() == fresh.wanted_by_dvc()
    assert fresh.make("dvc") == ALL - {"macs baseline", "macs E", *TIMED}
    fresh.agree()


def test_x7_without_dvc_and_without_git(done):
    for name in (".git", ".dvc", ".dvcignore", "dvc.lock"):
        path = done.folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert done.wanted() == set()
    done.edit("dpi: 150", "dpi: 100")
    assert done.make() == {"figures", "report"}
    assert done.wanted() == set()
    done.edit("dpi: 100", "dpi: 150")
    assert done.wanted() == {"figures", "report"}
