"""What a plan says that jobs will cost, before any of them starts."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from groupconv.data import formats
from groupconv.engines import digests, dvc, foresight, records
from groupconv.engines.digests import Digests
from groupconv.engines.dvclock import Lock
from groupconv.engines.records import Receipts
from groupconv.network import states
from test_plan import examined, leave_receipt, stage, wanted

CACHED = "made before, from DVC's cache"
NO_LOCK = Lock(os.devnull)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """split -> train@E -> summary, which reads a folder; all made with 4 epochs, then with 5."""
    monkeypatch.chdir(tmp_path)
    every = made("4")
    made("5", "train@E", **{"train.epochs": 5})
    return every


def made(content, *names, **params):
    """Make the jobs, or those with these names, into the disk, the records and DVC's cache."""
    every = [
        stage("split", [], ["manifest"]),
        stage("train", ["manifest"], ["schemes/E/a.pt"], "train@E", **{"train.epochs": 4}),
        stage("summary", ["schemes"], ["out/table"]),
    ]
    every = [replace(one, params=params) if one.name in names else one for one in every]
    for one in every:
        for out in one.outs:
            Path(out).parent.mkdir(parents=True, exist_ok=True)
            text = content if one.name != "split" else "manifest"
            Path(out).write_text(f"{one.name} {text}")
            md5 = Digests().of(out)
            cached = Path(dvc.cache_folder(), "files", "md5", md5[:2], md5[2:])
            cached.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(out, cached)
        leave_receipt(one)
    return every


def costs(every, forced=(), cache=None):
    will = wanted(every, examined(every), forced)
    cache = dvc.cache_folder() if cache is None else cache
    return will, foresight.costs(every, will, forced, NO_LOCK, cache)


def test_a_parameter_that_was_put_back_costs_a_second_and_so_does_what_follows(project):
    will, spared = costs(project)
    assert will["train@E"] == "train.epochs 5 -> 4"
    assert spared == {"train@E": CACHED, "summary": CACHED}


def test_what_is_asked_for_or_nobody_made_is_made_anew_and_so_is_what_follows(project):
    assert costs(project, ["train"])[1] == {}
    project[1] = replace(project[1], params={"train.epochs": 6})
    assert costs(project)[1] == {}


def test_without_a_cache_or_with_half_of_it_all_is_made_anew(project):
    assert costs(project, cache="")[1] == {}
    md5 = Receipts().results(project[1], records.causes(project[1], Digests()))["schemes/E/a.pt"]
    Path(dvc.cache_folder(), "files", "md5", md5[:2], md5[2:]).unlink()
    assert costs(project)[1] == {}


def test_files_of_a_scheme_that_is_no_more_do_not_count(project):
    # As they were recorded with it.
    Path("schemes/F").mkdir()
    Path("schemes/F/b.pt").write_text("F")
    entry = {"causes": {}, "results": {"schemes/F/b.pt": Digests().of("schemes/F/b.pt")}}
    lock = Lock(os.devnull)
    lock.entries["train@F-0"] = entry
    will = wanted(project, examined(project))
    found = foresight.costs(project, will, (), lock, dvc.cache_folder())
    assert found == {"train@E": CACHED, "summary": CACHED}


def test_what_the_lock_knows_of_all_that_a_clone_lacks_may_be_pulled(project):
    lock = Lock(os.devnull)
    for one in project:
        causes = records.causes(one, Digests())
        lock.entries[one.name] = {"causes": causes, "results": records.results(one, Digests())}
    shutil.rmtree("schemes")
    Path("manifest").unlink()
    will = dict.fromkeys(one.name for one in project)
    assert foresight.pulled(project, will, lock) == {"split", "train@E", "summary"}
    project[1] = replace(project[1], params={"train.epochs": 6})
    assert foresight.pulled(project, will, lock) == {"split"}


def test_an_interrupted_training_goes_on_after_its_last_epoch(project):
    project[1] = six = replace(project[1], params={"train.epochs": 6})
    causes = records.causes(six, Digests())
    folder = Path("schemes/E")
    (folder / states.name("old", 4, "content")).write_text("of another training")
    os.utime(folder / states.name("old", 4, "content"), (10**9, 10**9))
    Receipts().begin(six, causes)
    assert costs(project)[1] == {}
    (folder / states.name("key", 2, "content")).write_text("state")
    assert costs(project)[1] == {"train@E": "goes on after epoch 2/6"}
    began = Receipts().begun_at_ns(six, causes)
    Receipts().begin(six, causes)  # it goes on, and is interrupted again before an epoch ends
    assert Receipts().begun_at_ns(six, causes) == began
    Receipts().begin(six, json.loads(json.dumps(causes)) | {"command": "another"})
    assert costs(project)[1] == {}


def test_images_that_a_plan_has_read_are_not_read_again_by_prepare(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(digests, "YOUNG_NS", -(10**12))  # as if written long ago
    os.mkdir("images")
    for i in range(50):
        Path(f"images/{i}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(4096 + i))
    first = Digests()  # of an earlier command
    first.of("images/0.png")
    first.save()
    costs([stage("prepare", ["images"], ["index"])])
    again = Digests(look=formats.told)
    again.of("images")
    assert again.read_bytes == 0
    assert again.told("images/49.png") == "PNG"
