"""Text results of the study that are missing, cut off or no text: one line, and nothing is lost."""

import json
import lzma

import pytest
from groupconv.ground.errors import StepError

from study import collect, plan, rule, train

OF_E = "results/main/E-seed0"


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def without(*keys):
    def edit(path):
        record = json.loads(path.read_text())
        part = record
        for key in keys[:-1]:
            part = part[key]
        del part[keys[-1]]
        path.write_text(json.dumps(record))

    return edit


def text(said):
    return lambda path: path.write_text(said)


def remove(path):
    path.unlink()


def of_another(**of):
    return lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | of))


ANOTHER = [
    ({"groups": [1, 16, 16, 16, 16]}, "groups = [1, 16, 16, 16, 16], and [1, 32, 32, 32, 32] is"),
    ({"width": 0.5}, "width = 0.5, and 1 is planned; remove "),
    ({"shuffle": True}, "shuffle = True, and False is planned; remove "),
    ({"architecture": "vgg16_bn"}, "architecture = vgg16_bn, and vgg13_bn is planned; remove "),
]
DAMAGES = [
    (f"{OF_E}/test.json", cut, "damaged"),
    (f"{OF_E}/test.json", text("[]"), "no object with made"),
    (f"{OF_E}/test.json", without("made", "code"), "no code"),
    (f"{OF_E}/test.json", without("val_top1"), "no val_top1 (but "),
    (f"{OF_E}/history.csv", remove, "missing"),
    (f"{OF_E}/history.csv", text("epoch\n1\n"), "no train_loss"),
    (f"{OF_E}/history.csv", text(""), "damaged"),
    (f"{OF_E}/predictions.csv.xz", cut, "damaged"),
    (f"{OF_E}/predictions.csv.xz", remove, "missing"),
    (f"{OF_E}/val_predictions.csv.xz", text("predicted,in_top5,loss\n"), "damaged"),
    (
        f"{OF_E}/val_predictions.csv.xz",
        lambda path: path.write_bytes(lzma.compress(b"predicted,in_top5,loss\nx,y,z\n")),
        "in_top5 has what is no number",
    ),
    ("results/measured/E.json", remove, "missing"),
    ("results/measured/E.json", text("{}"), "no macs"),
    ("results/measured/latency.json", cut, "damaged"),
    ("results/measured/latency.csv", text("a,b\n1,2\n"), "no scheme"),
    ("results/data/*/manifest.csv.xz", cut, "damaged"),
    *(("results/measured/E.json", of_another(**of), said) for of, said in ANOTHER),
]


@pytest.mark.parametrize(("name", "damage", "said"), DAMAGES)
def test_a_damaged_result_is_one_line_and_what_was_collected_stays(copied, name, damage, said):
    planned, folder = copied
    (path,) = folder.glob(name)
    damage(path)
    before = {p: p.read_bytes() for p in (folder / "collected").rglob("*") if p.is_file()}
    with pytest.raises(StepError) as caught:
        list(collect.collect(planned, folder / "results", folder / "collected"))
    assert str(caught.value).startswith(f"{path}: {said}")
    assert "\n" not in str(caught.value)
    assert before == {p: p.read_bytes() for p in (folder / "collected").rglob("*") if p.is_file()}


def test_a_later_stage_that_fails_leaves_the_earlier_as_it_was(copied):
    planned, folder = copied
    other = plan.Training("second", "baseline", 0)
    more = plan.Plan(
        {**planned.stages, "second": planned.stages["main"]},
        [*planned.trainings, other, plan.Training("second", "E", 0)],
    )
    for one in more.trainings[-2:]:
        theirs = folder / "results" / one.name.replace("second", "main")
        (folder / "results" / one.name).mkdir(parents=True)
        for path in theirs.iterdir():
            (folder / "results" / one.name / path.name).write_bytes(path.read_bytes())
    (folder / "results" / other.name / "history.csv").unlink()
    summary = folder / "collected" / "main" / "summary.csv"
    summary.write_text("of before")
    with pytest.raises(StepError, match=r"second/baseline-seed0/history\.csv: missing"):
        list(collect.collect(more, folder / "results", folder / "collected"))
    assert summary.read_text() == "of before"
    assert not (folder / "collected" / "second").exists()


def test_a_grid_that_is_damaged_is_one_line(tmp_path):
    planned = plan.load()
    grid = next(one for one in planned.trainings if one.seed is None)
    (tmp_path / grid.name).mkdir(parents=True)
    (tmp_path / grid.name / "sweep.csv").write_text("scheme\nE\n")
    with pytest.raises(StepError, match=r"sweep\.csv: no learning_rate") as caught:
        rule.check(planned, "main", tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--cores", "0"], "--cores 0: must be at least 1"),
        (["--results", __file__], "a file; it must be a folder"),
        (["--folder", __file__], "a file; it must be a folder"),
    ],
)
def test_a_wrong_option_is_one_line(options, line, capsys):
    with pytest.raises(SystemExit):
        train.main(options)
    assert line in capsys.readouterr().err.splitlines()[-1]


def test_a_folder_that_is_no_clone_is_refused_and_measured_is_said(tmp_path, capsys):
    (tmp_path / "other").mkdir()
    given = ["--no-commit", "--results", str(tmp_path / "results")]
    assert train.main([*given, "--folder", str(tmp_path / "other")]) == 1
    assert "other: no clone of this repository" in capsys.readouterr().err
    assert not list((tmp_path / "other").iterdir())
