"""What a finished run leaves for others, and that it leaves nothing else."""

import pandas as pd
from groupconv.settings import reads, resources
from project import params_of


def test_the_files_that_others_rely_on_are_there(finished):
    project, _ = finished
    for name in ("summary.csv", "metrics.json", "claims.json", "report.html", "tables/summary.txt"):
        assert (project.folder / "results" / name).stat().st_size > 100, name
    table = pd.read_csv(project.folder / "results" / "summary.csv")
    columns = {"scheme", "test_top1", "test_top5", "macs", "parameters", "latency_ms"}
    assert columns <= set(table.columns)
    assert table["scheme"].tolist() == reads.scheme_names(params_of(project.folder))


def test_every_job_has_a_log_and_a_benchmark(finished):
    project, _ = finished
    logs = {path.with_suffix("") for path in project.folder.glob("logs/**/*.log")}
    benchmarks = {path.with_suffix("") for path in project.folder.glob("logs/**/*.tsv")}
    assert logs == benchmarks
    assert len(logs) == 11 + 3 * 3  # one each, but train, evaluate and macs for three schemes


def test_nothing_half_written_stays(finished):
    project, _ = finished
    assert not [name for name in project.files() if ".part" in name or ".download-" in name]


def test_snakemakes_own_report_has_the_figures_with_their_captions(finished, tmp_path):
    project, _ = finished
    page = tmp_path / "report.html"
    run = project.snakemake("--report", str(page))
    assert run.returncode == 0, run.stdout
    text = page.read_text(encoding="utf-8")
    assert "fig09.svg" in text
    assert "Change of top-1 accuracy on the test part" in text


def test_no_training_used_more_memory_than_it_asked_for(finished):
    project, _ = finished
    params = params_of(project.folder)
    for scheme, settings in params["schemes"].items():
        used = pd.read_csv(project.folder / f"logs/train/{scheme}/seed0.tsv", sep="\t")["max_rss"]
        asked_mb = resources.training_mb(params["model"], settings, params["train"]["batch_size"])
        assert used.max() * 2**20 / 1e6 < asked_mb
