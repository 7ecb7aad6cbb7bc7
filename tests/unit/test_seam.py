"""What the rules get: inputs that decide by content, and what a job is told. Starts nothing."""

import json
from types import SimpleNamespace

import pytest
from groupconv.engines import seam as seams
from groupconv.engines.marker import MARKER
from groupconv.engines.run import DECIDED
from groupconv.settings import config
from project import ROOT
from snakemake.io import is_flagged


class Wildcards(dict):
    """As Snakemake gives them: by name, and as pairs."""

    __getattr__ = dict.__getitem__


TRAIN = Wildcards(scheme="E", seed="0")
FILES = {"manifest": "data/manifest.csv", "last": "results/{scheme}/seed{seed}/checkpoint.pt"}
MANIFEST, CHECKPOINT = FILES["manifest"], "results/E/seed0/checkpoint.pt"


@pytest.fixture
def seam(tmp_path, monkeypatch):
    """The seam of a job's own process, as on another node."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")  # it puts Python's folder there
    workflow = SimpleNamespace(
        is_main_process=False,
        executor_plugin=object(),
        deployment_settings=SimpleNamespace(deployment_method=set()),
    )
    return seams.Seam(workflow, config.load(ROOT / "params.yaml"))


def main_process(seam, *wanted, under_dvc=False, told=None):
    """Let it decide, as in Snakemake's main process: the jobs that are ``wanted``."""
    seam.run = SimpleNamespace(
        decided=SimpleNamespace(
            under_dvc=under_dvc, is_wanted=lambda name: name in wanted, told=lambda: told
        ),
        marker=lambda: SimpleNamespace(path=MARKER),
    )
    return seam


def given(seam, step, wildcards=TRAIN):
    """{name of an input: (its paths, whether Snakemake passes over their times)}."""
    found = {}
    for name, function in seam.inputs(step, **FILES).items():
        paths = function(wildcards)
        found[name] = list(map(str, paths)), all(is_flagged(path, "ancient") for path in paths)
    return found


def test_a_job_that_a_record_confirms_has_no_input_whose_time_counts(seam):
    assert given(main_process(seam, "train@A-0"), "train") == {
        "changed": ([str(MARKER)], True),
        "manifest": ([MANIFEST], True),
        "last": ([CHECKPOINT], True),
    }
    assert seam.declared["train"] == {name: [path] for name, path in FILES.items()}


def test_a_job_that_is_wanted_has_an_input_newer_than_anything(seam):
    assert given(main_process(seam, "train@E-0"), "train") == {
        "changed": ([str(MARKER)], False),
        "manifest": ([MANIFEST], False),
        "last": ([CHECKPOINT], False),
    }


def test_a_raw_file_that_is_there_stays(seam):
    file = Wildcards(file="kkanji.tar")
    seam = main_process(seam, "download")
    assert all(is_ancient for _, is_ancient in given(seam, "download", file).values())


def test_a_jobs_own_process_decides_nothing(seam):
    assert given(seam, "train") == {
        "changed": ([], True),
        "manifest": ([MANIFEST], True),
        "last": ([CHECKPOINT], True),
    }


def test_under_dvc_all_that_a_step_reads_must_be_there(seam, tmp_path):
    seam = main_process(seam, "train@E-0", under_dvc=True)
    said = f"train: {MANIFEST} is missing: `dvc pull` brings it, or `dvc repro`"
    with pytest.raises(SystemExit, match=said):
        given(seam, "train")
    for path in (MANIFEST, CHECKPOINT):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    assert given(seam, "train")["changed"] == ([], True)
    assert given(seam, "train")["last"] == ([CHECKPOINT], True)


@pytest.mark.parametrize(
    ("forced", "found"),
    [
        ([], ["--rule=f00", "--cache=/cache"]),
        (["macs", "train@A-0"], ["--rule=f00", "--cache=/cache"]),
        (["train"], ["--rule=f00"]),
        (["train@E-0"], ["--rule=f00"]),
    ],
)
def test_a_job_takes_results_from_the_cache_unless_it_was_asked_for(
    seam, monkeypatch, forced, found
):
    told = {"rules": {"train": "f00"}, "forced": forced, "cache": "/cache"}
    monkeypatch.setenv(DECIDED, json.dumps(told))  # in a job's own process
    assert seam.options("train")(TRAIN, None) == found
    monkeypatch.delenv(DECIDED)
    assert main_process(seam, told=told).options("train")(TRAIN, None) == found
    assert seam.options("sweep")(TRAIN, None) == []


def test_a_step_gets_its_own_params_as_json(seam):
    own = json.loads(seam.params_of("train")(TRAIN))
    assert own["scheme"] == "E"
    assert own["seed"] == 0
    assert list(own["schemes"]) == ["E"]
    assert "figures" not in own


def test_a_file_that_no_step_makes_is_no_input_and_is_read_at_once(seam, tmp_path):
    (tmp_path / "claims.yaml").write_text("entries: [\n")
    assert seam.reads("summary", "claims.yaml")(TRAIN) == ["claims.yaml"]
    assert seam.by_content == {"summary": ["claims.yaml"]}
    with pytest.raises(SystemExit, match=r"claims.yaml: line 1: `entries: \[`: \[ without \]"):
        main_process(seam).reads("claims", "claims.yaml")


def test_the_slowest_scheme_starts_first_and_asks_for_more_each_time(seam):
    schemes = {name: Wildcards(scheme=name) for name in seam.schemes}
    order = sorted(schemes, key=lambda name: -seam.priority(schemes[name]))
    assert order == ["baseline", "A", "B", "C", "E", "D"]
    assert seam.training_mb(TRAIN, 3) == 3 * seam.training_mb(TRAIN, 1)
