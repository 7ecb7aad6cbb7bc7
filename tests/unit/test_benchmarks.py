"""Bad input of a benchmark is one line, before anything is timed."""

import json
import runpy
import shutil
import sys

import pandas as pd
import pytest
from groupconv.ground import machine
from groupconv.network import apart, load
from project import ROOT

PROGRAMS = sorted(
    path.name
    for path in (ROOT / "benchmarks").glob("*.py")
    if "__main__" in path.read_text(encoding="utf-8")
)
CORES = machine.cores()
SCHEME = "no scheme of params.yaml; it has baseline, A, B, C, D, E"
WHOLE = "must be a whole number, at least 1"
ALLOWED = f"must be 1 to {CORES}, the cores that this process may use"
NO_FOLDER = "nowhere/found.json: no folder nowhere"
CASES = [
    *((f"{name}.py", "--json nowhere/found.json", NO_FOLDER) for name in (
        "batches", "data", "kernels", "latency", "planning", "training", "widths"
    )),
    *((f"{name}.py", "--runs nowhere/found.json", NO_FOLDER) for name in ("latency", "widths")),
    *((f"{name}.py", f"--rounds {number}", f"argument --rounds: {number}: {WHOLE}")
      for name in ("batches", "latency", "planning", "widths") for number in ("0", "-1", "x")),
    *((f"{name}.py", f"--threads {number}", f"{number}: {ALLOWED}")
      for name in ("batches", "kernels", "latency", "training", "widths")
      for number in ("0", "99999")),
    *((f"{name}.py", "--schemes E Q", f"--schemes Q: {SCHEME}")
      for name in ("batches", "kernels", "latency", "precision", "training")),
    *((f"{name}.py", "--back-ends eager nothing", "invalid choice: 'nothing'")
      for name in ("batches", "latency", "widths")),
    *((f"{name}.py", "--processes 0", f"argument --processes: 0: {WHOLE}")
      for name in ("latency", "widths")),
    *((f"{name}.py", "--rounds 2", "--rounds 2: each of --processes 5 needs one")
      for name in ("latency", "widths")),
    *((f"{name}.py", "", "data/manifest.csv: no such file; `snakemake --cores all "
       "data/manifest.csv data/square.npy` makes it") for name in ("precision", "training")),
    ("batches.py", "--sizes 1 0", f"argument --sizes: 0: {WHOLE}"),
    ("coverage.py", "--runs 0", f"argument --runs: 0: {WHOLE}"),
    ("data.py", "--files 0", f"argument --files: 0: {WHOLE}"),
    ("data.py", "--kkanji NOPE", "--kkanji NOPE: no such file"),
    ("data.py", "", "no such file; `snakemake --cores all raw` fetches it"),
    ("latency.py", "--checkpoints NOPE --back-ends eager", "NOPE/baseline/seed0/checkpoint.pt: no "
     "such file; name results/schemes of a run"),
    ("latency.py", "--schemes D", "need both"),
    ("training.py", "--pairs 0", f"argument --pairs: 0: {WHOLE}"),
    ("training.py", "--torchvision NOPE", "--torchvision NOPE: no train.py in it"),
]  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A clone in which nothing was made."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copy(ROOT / "params.yaml", folder)
    for name in ("benchmarks", "configs"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.fixture
def program(project, monkeypatch, capsys):
    """Run a program with its arguments; returns its exit status and what it said of it."""

    def timed(*_, **__):
        raise AssertionError("it times something")

    def run(name, arguments):
        path = str(project / "benchmarks" / name)
        monkeypatch.setattr(sys, "argv", [path, *arguments.split()])
        with pytest.raises(SystemExit) as caught:
            runpy.run_path(path, run_name="__main__")
        code = caught.value.code
        said = capsys.readouterr()
        assert said.out == ""
        return (code, said.err) if isinstance(code, int) else (1, f"{code}\n")

    monkeypatch.chdir(project)
    monkeypatch.setattr(apart, "in_processes", timed)
    monkeypatch.setattr(load, "load_before", timed)
    monkeypatch.syspath_prepend(str(project / "benchmarks"))
    own = {path.stem for path in (ROOT / "benchmarks").glob("*.py")}  # tests/ has a files.py, too
    kept = {name: sys.modules.pop(name) for name in own if name in sys.modules}
    yield run
    for name in own:
        sys.modules.pop(name, None)
    sys.modules.update(kept)


@pytest.mark.parametrize(("name", "arguments", "line"), CASES)
def test_bad_input_is_one_line_before_anything_is_timed(program, name, arguments, line):
    status, said = program(name, arguments)
    assert status in (1, 2)
    assert said.count("\n") == 1, said
    assert said.startswith(f"{name}: ")
    assert line in said


def test_every_program_has_a_case():
    assert {name for name, _, _ in CASES} == set(PROGRAMS)


def test_a_mistake_in_params_is_one_line(program, project):
    params = project / "params.yaml"
    text = params.read_text(encoding="utf-8")
    params.write_text(text.replace("epochs: ", "epoch: "), encoding="utf-8")
    try:
        for name in ("batches.py", "widths.py"):
            status, said = program(name, "")
            assert status == 1
            assert said.startswith(f"{name}: ")
            assert "train.epoch" in said
            assert "Traceback" not in said
    finally:
        params.write_text(text, encoding="utf-8")


@pytest.mark.usefixtures("program")  # which finds the modules beside a program
def test_widths_says_where_doubling_the_groups_ends_with_its_interval(project, capsys):
    doubled = runpy.run_path(str(project / "benchmarks" / "widths.py"))["doubled"]
    shares = {"baseline": 1.0, "groups2": 0.7, "groups4": 0.5, "groups8": 0.4}
    shares |= {"groups16": 0.3, "E": 0.29, "D": 0.289}
    rows = [
        (process, turn, name, "eager", 100 * share * slow * (1 + (name == "E") * 0.02 * process))
        for process in (-1, 0, 1)
        for turn, slow in enumerate((1, 2))
        for name, share in shares.items()
    ]
    runs = pd.DataFrame(rows, columns=["process", "round", "scheme", "variant", "latency_ms"])
    found = doubled(runs, "eager")
    assert found["doubling_to_2_change_percent"] == pytest.approx(-30)
    ends = [found[f"groups_where_time_stops_falling{end}"] for end in ("", "_low", "_high")]
    assert ends == [32, 16, None]  # E's processes differ: 32 may be no gain, and 64 may be one
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "doubled to 2 groups: -30.0% [-30.0%, -30.0%]"
    assert said[-1] == "a doubling of the groups gains 2% of the time up to 32 [16, more]"
    one = doubled(runs[runs["process"] == 0], "eager")
    assert one["groups_where_time_stops_falling_low"] is None
    assert capsys.readouterr().out.endswith("up to 32\n")


@pytest.mark.usefixtures("program")
def test_latency_writes_what_it_chose_and_why_the_others_do_not_count(project, monkeypatch, capsys):
    times = {"eager": 100, "folded": 60, "folded_int8_classifier": 30}
    names = [(s, name) for s in ("baseline", "E") for name in times]
    rows = [
        (turn, at, s, name, times[name] / (1 + (s == "E")))
        for turn in (1, 2)
        for at, (s, name) in enumerate(names, start=1)
    ]
    differences = {s: dict.fromkeys(times, 0.0) for s in ("baseline", "E")}
    found = {"rows": rows, "differences": differences, "others": 0.0, "cores_given": 1.0}
    monkeypatch.setattr(apart, "in_processes", lambda *_: [found, found])
    monkeypatch.setattr(load, "load_before", lambda *_, **__: {"others_before": 0.0})
    given = "--schemes E --processes 2 --threads 1 --json found.json --back-ends".split()
    program = str(project / "benchmarks" / "latency.py")
    monkeypatch.setattr(sys, "argv", [program, *given, *times, "cuda_graphs"])
    runpy.run_path(program, run_name="__main__")
    record = json.loads((project / "found.json").read_text())
    chosen = {key: name for key, name in record.items() if key.endswith("best_back_end")}
    assert chosen == dict.fromkeys(chosen, "folded")
    assert len(chosen) == 4
    assert record["E.best_reduction_percent"] == pytest.approx(50)
    assert record["skipped.cuda_graphs"] == "it runs on CUDA alone"
    assert record["skipped.folded_int8_classifier"].startswith("no trained networks in ")
    assert record["skipped.openvino"] == "not asked for: --back-ends"
    said = capsys.readouterr().out
    assert "folded_int8_classifier does not count: no trained networks in " in said
