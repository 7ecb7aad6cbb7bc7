"""A run's text results, collected again, give the run's own numbers; an edited one does not."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from groupconv.data.manifest import read_table
from groupconv.ground.errors import DataError

from study import collect, pixels, plan


def two(folder):
    return folder / "results", folder / "collected"


def checked(planned, folder):
    return list(collect.collect(planned, *two(folder), check=True))


def test_collected_they_are_the_runs_own_numbers(finished, kept):
    run, collected = finished[0].folder / "results", kept[1] / "collected" / "main"
    for name in ("summary.csv", "comparisons.csv", "curves.csv"):
        pd.testing.assert_frame_equal(
            pd.read_csv(collected / name), pd.read_csv(run / name), rtol=1e-4, atol=1e-5
        )
    mine, theirs = (json.loads((of / "claims.json").read_text()) for of in (collected, run))
    assert mine["differs"] == theirs["differs"]
    verdicts = ("id", "number_verdict", "statement_verdict")
    for key in ("entries", "claims"):
        ours, own = ([[one[v] for v in verdicts] for one in of[key]] for of in (mine, theirs))
        assert ours == own
    for name in ("report.html", "figures/fig09.png", "tables/claims.md"):
        assert (collected / name).stat().st_size > 1000


@pytest.mark.slow
def test_the_pixels_that_a_page_shows_are_kept_and_no_others(copied, finished):
    planned, folder = copied
    results, collected = two(folder)
    svg = collected / "main" / "figures" / "fig01.svg"
    assert "printed form" in svg.read_text(encoding="utf-8")
    np.savez(results / pixels.PICTURES, shown_once=np.zeros((2, 2, 1), np.uint8))
    list(collect.collect(planned, results, collected, data=finished[0].folder / "data"))
    mine = svg.read_text(encoding="utf-8")
    assert "printed form" not in mine
    theirs = finished[0].folder / "results" / "figures" / "fig01.svg"
    # The images as in the run's own figure.
    images = [re.findall(r'href="(data:image[^"]+)"', t) for t in (mine, theirs.read_text())]
    assert images[0] == images[1] != []
    kept = np.load(results / pixels.PICTURES)
    table = read_table(str(finished[0].folder / "data" / "manifest.csv"))
    assert 0 < len(kept.files) < len(table)
    assert set(kept.files) <= set(table["id"])
    before = (results / pixels.PICTURES).read_bytes()
    list(collect.collect(planned, results, collected))  # without the run: from what was kept
    assert svg.read_text(encoding="utf-8") == mine
    assert (results / pixels.PICTURES).read_bytes() == before


def test_pixels_of_another_run_are_refused(copied, tmp_path):
    planned, folder = copied
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "manifest.csv").write_text("id\n")
    with pytest.raises(DataError, match=r"data/manifest\.csv: not the one that the results"):
        list(collect.collect(planned, *two(folder), data=tmp_path / "data"))
    with pytest.raises(DataError, match=r"nowhere/manifest\.csv: missing"):
        next(collect.collect(planned, *two(folder), data=tmp_path / "nowhere"))  # before any work
    assert not (folder / "results" / pixels.PICTURES).exists()


def test_an_edited_prediction_is_seen(copied):
    planned, folder = copied
    assert checked(planned, folder)
    of = folder / "results" / "main" / "E-seed0"
    (data,) = (folder / "results" / "data").iterdir()
    manifest = pd.read_csv(data / "manifest.csv.xz", dtype=str)
    truth = manifest.loc[manifest["split"] == "test", "class"].reset_index(drop=True)
    table = pd.read_csv(of / "predictions.csv.xz", dtype=str)
    right = (table["predicted"] == truth).idxmax()
    table.loc[right, "predicted"] = next(c for c in truth if c != truth[right])
    table.to_csv(of / "predictions.csv.xz", index=False)
    # Collected without --check, too, it would stand beside the record of what the training gave.
    with pytest.raises(
        DataError, match=r"E-seed0/predictions\.csv\.xz: .* right, but .*test\.json"
    ):
        list(collect.collect(planned, *two(folder)))
    record = json.loads((of / "test.json").read_text())
    record["top1"] -= 1 / len(truth)
    (of / "test.json").write_text(json.dumps(record))
    with pytest.raises(
        DataError, match=r"collected/main/summary\.csv: .*, the results say "
    ) as told:
        checked(planned, folder)
    named = {
        line.split(": ")[0].split("collected/main/")[1] for line in str(told.value).split("\n")
    }
    assert {"summary.csv", "comparisons.csv", "metrics.json", "tables/results.csv"} <= named


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("claims.json", ["cannot tell", "primary"]),
        ("comparisons.csv", ["secondary", "primary"]),
        ("metrics.json", ['"macs": ']),
        ("tables/results.md", ["baseline"]),
        ("tables/summary.txt", ["baseline"]),
    ],
)
def test_an_edited_answer_is_seen(copied, name, words):
    planned, folder = copied
    path = folder / "collected" / "main" / name
    text = path.read_text()
    word = next(word for word in words if word in text)
    other = '"macs": 1' if "macs" in word else "holds"
    path.write_text(text.replace(word, other, 1))
    with pytest.raises(DataError, match=rf"{name}: .*, the results say "):
        checked(planned, folder)


def test_what_no_result_gives_is_seen(copied):
    planned, folder = copied
    shutil.copytree(folder / "collected" / "main", folder / "collected" / "half")
    with pytest.raises(DataError, match=r"collected/half: no result gives it"):
        checked(planned, folder)


def test_results_of_other_code_or_parameters_are_refused(copied):
    planned, folder = copied
    other = json.loads(json.dumps(planned.stages["main"]))
    other["train"]["epochs"] += 1
    changed = replace(planned, stages={"main": other})
    with pytest.raises(DataError, match=r"baseline-seed0: trained with another train\.epochs than"):
        checked(changed, folder)
    path = folder / "results" / "main" / "E-seed0" / "test.json"
    record = json.loads(path.read_text())
    record["made"]["code"]["train"] = "0" * 16
    path.write_text(json.dumps(record))
    with pytest.raises(DataError, match=r"E-seed0: made by other code of the step train .* than"):
        checked(planned, folder)


def test_other_code_of_prepare_is_none_and_other_images_are_refused(copied):
    planned, folder = copied
    path = folder / "results" / "main" / "E-seed0" / "test.json"
    record = json.loads(path.read_text())
    record["made"]["code"]["prepare"] = "0" * 16
    path.write_text(json.dumps(record))
    checked(planned, folder)
    record["made"]["pixels_sha256"] = "0" * 64
    path.write_text(json.dumps(record))
    with pytest.raises(
        DataError, match=r"E-seed0: of other images \(pixels_sha256\) than .*seed0$"
    ):
        checked(planned, folder)


def test_fewer_seeds_of_one_scheme_are_taken_as_they_are(copied):
    planned, folder = copied
    second = plan.Training("main", "baseline", 1)
    shutil.copytree(
        folder / "results" / "main" / "baseline-seed0",
        folder / "results" / "main" / second.name[5:],
    )
    more = replace(planned, trainings=[*planned.trainings, second])
    path = folder / "results" / second.name / "test.json"
    record = json.loads(path.read_text())
    record["made"]["params"]["seed"] = 1
    path.write_text(json.dumps(record))
    list(collect.collect(more, folder / "results", folder / "collected"))
    table = pd.read_csv(folder / "collected" / "main" / "summary.csv", index_col="scheme")
    assert table["seeds"].to_dict() == {"baseline": 2, "D": 1, "E": 1}
