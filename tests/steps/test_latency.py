import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from groupconv.ground.errors import StepError
from groupconv.network import timing, variants
from groupconv.network.back_ends import eager, folding, table
from groupconv.network.back_ends.prepared import module as module_of
from groupconv.network.back_ends.prepared import prepared, runs_here
from groupconv.network.back_ends.table import BACK_ENDS, BackEnd
from groupconv.network.vgg import vgg
from groupconv.results import comparisons, processes
from groupconv.results.comparisons import Plan
from groupconv.settings import across
from groupconv.steps import latency

SMALL = {"classes": 7, "input_size": 64, "classifier_width": 16, "classifier_pool": 2}


@pytest.fixture
def model():
    groups, rule = [1, 32, 32, 32, 32], "kaiming_grouped"
    net = vgg("vgg13_bn", groups, initialization=rule, seed=0, dropout=0.5, **SMALL)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return net.eval()


def test_folding_changes_no_output_and_leaves_no_batch_norm(model):
    image = torch.randn(1, 3, 64, 64)
    folded = eager.folded(model, image, image)
    expected = variants.output(model, image)
    assert variants.difference(expected, variants.output(folded, image)) < variants.TOLERANCE
    assert not [m for m in folded.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    with torch.no_grad():
        next(folded.parameters()).mul_(1.01)
    assert variants.difference(expected, variants.output(folded, image)) > variants.TOLERANCE


@pytest.fixture
def small_models(monkeypatch):
    monkeypatch.setattr(variants, "FULL_MODEL", SMALL)
    monkeypatch.setattr(variants, "BLOCK", 50_021)  # longer than a row: rows alike die together


def test_schemes_share_a_classifier_unless_one_is_narrow(small_models):
    narrow = {"groups": [1, 1, 1, 1, 1], "width": 0.5}
    schemes = {"baseline": {"groups": [1] * 5}, "E": {"groups": [1, 32, 32, 32, 32]}, "N": narrow}
    image, names = torch.randn(1, 3, 64, 64), ["eager", "folded"]
    models, differences, first_ms = variants.all_models("vgg13_bn", schemes, 0, image, names)
    assert list(models) == list(first_ms) == [(s, v) for s in schemes for v in names]
    of = {s: models[s, "eager"].classifier for s in schemes}
    assert of["baseline"] is of["E"] is not of["N"]
    assert all(d["eager"] == 0 < d["folded"] < variants.TOLERANCE for d in differences.values())


def test_a_back_end_that_computes_something_else_is_one_line(small_models, monkeypatch):
    def softmax(model, image, calibration):
        return torch.nn.Sequential(model, torch.nn.Softmax(1))

    monkeypatch.setattr(eager, "folded", softmax)
    schemes, image = {"E": {"groups": [1, 32, 32, 32, 32]}}, torch.randn(1, 3, 64, 64)
    said = r"^latency: folded of E differs from eager by \d.* less than 1e-04$"
    with pytest.raises(StepError, match=said):
        variants.all_models("vgg13_bn", schemes, 0, image, ["eager", "folded"])


def test_a_reduced_back_end_whose_output_is_no_number_is_one_line(small_models, monkeypatch):
    class Lost(torch.nn.Module):
        def forward(self, image):
            return torch.full((1, SMALL["classes"]), torch.nan)

    monkeypatch.setattr(eager, "folded_bf16", lambda model, image, calibration: Lost())
    schemes, image = {"E": {"groups": [1, 32, 32, 32, 32]}}, torch.randn(1, 3, 64, 64)
    with pytest.raises(StepError, match=r"^latency: folded_bf16 of E differs from eager by nan "):
        variants.all_models("vgg13_bn", schemes, 0, image, ["folded_bf16"])


HERE, NOT_HERE = table.sorted_out(list(BACK_ENDS), "cpu")


@pytest.mark.parametrize("name", [n for n in HERE if BACK_ENDS[n].module != "inductor"])
def test_every_back_end_computes_what_eager_does(model, name):
    if reason := runs_here([name], torch.device("cpu"))[1].get(name):
        pytest.skip(reason)
    image = torch.randn(1, 3, 64, 64)
    expected = variants.output(model, image)
    run = prepared(name, model, image)
    largest = variants.TOLERANCE if BACK_ENDS[name].is_exact else 0.3  # opposite logits: 2
    assert variants.difference(expected, variants.output(run, image)) < largest
    other = torch.randn(1, 3, 64, 64)  # nothing of the first image is left in it
    expected = variants.output(model, other)
    assert variants.difference(expected, variants.output(run, other)) < largest


def test_a_back_end_that_cannot_run_says_why(monkeypatch):
    row = BACK_ENDS["openvino_bf16"]
    assert BACK_ENDS["cuda_graphs"].why_not("cpu") == "it runs on CUDA alone"
    assert row.why_not("cuda") == "it runs on a CPU alone"
    absent = BackEnd("ort", "fp32", packages=("no_such_package",))
    assert absent.why_not("cpu").startswith("no_such_package: not installed; ")
    monkeypatch.setattr(table.machine, "cpu_has_bf16", lambda: False)
    assert BACK_ENDS["folded_bf16"].why_not("cpu").endswith(" has no bf16 arithmetic")
    monkeypatch.setenv("PATH", "")
    assert BACK_ENDS["compile"].why_not("cpu") == "no C++ compiler: apt-get install g++"
    old_gpu = BACK_ENDS["folded_bf16"].why_not("cuda", gpu_has_bf16=False)
    assert old_gpu == "this GPU has no bf16 arithmetic"
    assert BACK_ENDS["folded_bf16"].why_not("cuda") is None
    without = BACK_ENDS["folded_winograd"].why_not("cpu", has_nnpack=False)
    assert without.startswith("torch has no NNPACK for ")
    found, skipped = table.sorted_out(["eager", "compile", "cuda_graphs"], "cpu")
    assert found == ["eager"]
    assert list(skipped) == ["compile", "cuda_graphs"]


def test_every_row_names_a_function():
    for name in HERE:
        row = BACK_ENDS[name]
        assert callable(getattr(module_of(row.module), row.function)), name


@pytest.mark.parametrize("least", [2, 8, 64])
def test_merged_groups_compute_the_same(least):
    narrow = torch.nn.Conv2d(64, 128, 3, padding=1, groups=32)
    wide = folding.merged(narrow, least)
    assert wide.in_channels // wide.groups == max(2, least)
    x = torch.randn(1, 64, 8, 8)
    assert torch.allclose(narrow(x), wide(x), atol=1e-5)


def test_a_shuffle_is_exported_as_it_is():
    x = torch.randn(2, 12, 3, 3)
    assert torch.equal(folding.Shuffled(4)(x), torch.nn.ChannelShuffle(4)(x))


def test_a_warm_up_ends_when_two_runs_agree(monkeypatch):
    def after(*ms):
        times = iter(ms)
        monkeypatch.setattr(timing, "timed", lambda run, image: next(times))
        return timing.warmed_up(None, None, 1, 200.0)

    assert after(109.0, 100.0, 50.0) == [200.0, 109.0, 100.0]
    assert after(190.0, 1.0) == [200.0, 190.0]  # as long as its first run: it was warm
    every = [100.0 * 2**n for n in range(9)]
    assert len(after(*every)) == 2 + timing.MOST_MORE  # never: it is not waited for


def test_a_classifier_has_kaimings_deviation_and_no_two_rows_alike(small_models):
    full = variants.full_model("vgg13_bn", {"groups": [1] * 5}, 0)
    again = variants.full_model("vgg13_bn", {"groups": [1] * 5}, 0)
    for name, weights in full.state_dict().items():
        assert torch.equal(weights, again.state_dict()[name]), name
    for layer in (full.classifier[0], full.classifier[3], full.classifier[6]):
        deviation = (2 / layer.in_features) ** 0.5
        assert layer.weight.std().item() == pytest.approx(deviation, rel=0.3)
        assert len(layer.weight.unique(dim=0)) == layer.out_features
        assert not layer.bias.any()


def test_a_classifier_starts_no_compiler():
    """sympy, which torch's compiler imports, takes each process of the step a second."""
    code = (
        "import sys; from groupconv.network.variants import classifier; "
        "classifier('vgg13_bn', {'groups': [1] * 5}, 0); print('sympy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout == "False\n"


def test_every_round_has_every_model_once_in_a_new_order(model):
    models = {(s, v): model for s in ("baseline", "E") for v in ("eager", "folded")}
    image = torch.zeros(1, 3, 64, 64)
    rows = timing.interleaved(models, image, range(1, 6), seed=[0, 1])
    orders = {n: [(s, v) for r, _, s, v, _ in sorted(rows) if r == n] for n in range(1, 6)}
    assert all(set(order) == set(models) and len(order) == 4 for order in orders.values())
    assert len({tuple(order) for order in orders.values()}) > 1
    again = timing.interleaved(models, image, range(1, 6), seed=[0, 1])
    assert [row[:4] for row in rows] == [row[:4] for row in again]
    assert all(row[4] > 0 for row in rows)


def test_a_run_names_the_compiler_of_its_kernels(tmp_path, monkeypatch):
    assert set(latency.versions_for(["eager", "folded"])) == {"torch", "numpy"}
    program = tmp_path / "g++"
    program.write_text("#!/bin/sh\necho 'g++ 99.1'\n")
    program.chmod(0o755)
    monkeypatch.setenv("CXX", str(program))
    for name in ("own_kernels", "compile"):
        assert latency.versions_for(["eager", name])["compiler"] == "g++ 99.1"


@pytest.mark.parametrize("rounds", [30, 31, 47])
def test_the_processes_share_the_rounds(rounds):
    shares = [timing.share(rounds, 5, number) for number in range(1, 6)]
    assert [n for of in shares for n in of] == list(range(1, rounds + 1))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def made_up(processes, of_process, rng):
    """latency.csv of E at half of baseline's time, up to what each process has of its own."""
    rows = []
    for process in range(1, processes + 1):
        own = np.exp(rng.normal(0, of_process))
        for n in range(1, 7):
            slow = 1 + rng.random()
            for scheme, ms in (("baseline", 100 * slow), ("E", 50 * slow * own)):
                ms *= np.exp(rng.normal(0, 0.01))
                rows.append((process, 6 * process + n, 1, scheme, "eager", ms))
    return pd.DataFrame(rows, columns=latency.COLUMNS)


def test_a_change_is_of_one_round_so_a_slow_machine_cancels():
    runs = made_up(5, 0.0, np.random.default_rng(0))
    by_process = processes.medians(runs, "eager")
    assert by_process["E"] / by_process["baseline"] == pytest.approx(0.5, abs=0.02)
    found = latency.totals(runs, {"baseline": {"eager": 0.0}, "E": {"eager": 0.0}})
    record = found["E"]["eager"]
    assert record["runs"] == 30
    assert record["low_ms"] < record["high_ms"]
    assert record["p10_ms"] <= record["median_ms"] <= record["p90_ms"] <= record["p99_ms"]


def test_the_interval_of_a_change_covers_what_processes_differ_by():
    """Of one process's runs alone it would be far too narrow."""
    assert covered(lambda rng: made_up(5, 0.05, rng)) == pytest.approx(0.95, abs=0.04)


def hostile(rng, *, spikes=0.1, drift=0.5, of_process=0.03, of_scheme=0.02):
    """latency.csv of E at half of the baseline's time, from a machine as bad as one can be.

    It slows down by half during each process and comes back; one run in ten is a spike of up to
    five times; each process has its own speed, and its own for each scheme.
    """
    rows = []
    for process in range(1, 6):
        speed = np.exp(rng.normal(0, of_process))
        own = {scheme: np.exp(rng.normal(0, of_scheme)) for scheme in ("baseline", "E")}
        for n in range(6):
            slow = speed * (1 + drift * n / 5) * np.exp(rng.normal(0, 0.05))
            for scheme, ms in (("baseline", 100.0), ("E", 50.0)):
                spike = rng.uniform(1.5, 5) if rng.random() < spikes else 1.0
                noise = np.exp(rng.normal(0, 0.02))
                ms *= slow * own[scheme] * spike * noise
                rows.append((process, 6 * process + n, 1, scheme, "eager", ms))
    return pd.DataFrame(rows, columns=latency.COLUMNS)


def covered(made, times=300):
    """The share of simulated runs whose 95% interval of E's change has the truth, -50%."""
    rng, plan, hits = np.random.default_rng(0), Plan(["baseline", "E"], ["E"], [], {}), 0
    for _ in range(times):
        by_process = processes.medians(made(rng), "eager")
        (row,) = comparisons.of_repeats("latency", plan, by_process, comparisons.PROCESSES)
        hits += row["low"] <= -50 <= row["high"]
    return hits / times


@pytest.mark.parametrize(
    "machine",
    [
        {},
        {"spikes": 0.0},
        {"drift": 3.0},
        {"of_process": 0.3},
        {"of_scheme": 0.1},
        {"spikes": 0.3},
    ],
    ids=str,
)
def test_drift_spikes_and_processes_that_differ_leave_the_interval_its_coverage(machine):
    assert 0.91 <= covered(lambda rng: hostile(rng, **machine)) <= 0.99


def test_one_process_alone_would_cover_far_less():
    """The same runs, taken for independent samples: what the processes are resampled for."""
    rng, hits = np.random.default_rng(0), 0
    for _ in range(300):
        wide = hostile(rng, spikes=0.0, of_scheme=0.1).pivot(
            index=["process", "round"], columns="scheme", values="latency_ms"
        )
        logs = np.log(wide["E"] / wide["baseline"])
        error = 2.05 * logs.std() / np.sqrt(len(logs))
        hits += abs(logs.mean() - np.log(0.5)) <= error
    assert hits / 300 < 0.91


def test_eager_and_folded_are_always_timed():
    assert not across.of_back_ends(["openvino", "folded", "eager"])
    (said,) = across.of_back_ends(["folded", "openvino"])
    assert said.startswith('latency.back_ends = ["folded", "openvino"]: must have eager and folded')
