"""summary, claims, tables, figures and report, on a small tree of made-up results."""

import copy
import html.parser
import json
import warnings
from pathlib import Path

import pandas as pd
import pytest
import yaml
from groupconv.pages import contents
from groupconv.pages.style import drawable, style
from groupconv.settings import config, reads
from groupconv.steps import claims, figures, report, tables
from PIL import Image
from results_tree import PER, build

PARAMS = config.load("params.yaml")
PAPER = "workflow/paper/claims.yaml"
PAPERS = config.load("configs/paper.yaml")


def answer(paths, params):
    """Run the step claims."""
    given = ("paper", "manifest", "summary", "comparisons", "latency", "claims")
    claims.run(reads.params_of(params, "claims"), **{name: paths[name] for name in given})


def present(root, params):
    """Run every presenting step as the rules do; any warning is an error."""
    paths = build(root, params)

    def read_by(step):
        return reads.params_of(params, step)

    answer(paths, params)
    tables.run(
        read_by("tables"),
        paths["summary"],
        paths["claims"],
        paths["manifest"],
        paths["counts"],
        paths["tables"],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a missing glyph is a warning
        figures.run(
            read_by("figures"),
            paths["claims"],
            paths["manifest"],
            paths["images"],
            paths["summary"],
            paths["comparisons"],
            paths["history"],
            paths["runs"],
            paths["figures"],
        )
    report.run(
        read_by("report"),
        paths["claims"],
        "workflow/paper/ambiguities.yaml",
        "workflow/report",
        paths["figures"],
        paths["tables"],
        paths["latency"],
        paths["report"],
    )
    return paths


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    return present(tmp_path_factory.mktemp("results"), PARAMS)


def verdicts(paths):
    return {c["id"]: c["verdict"] for c in json.loads(Path(paths["claims"]).read_text())}


def test_summary_has_a_row_per_scheme_baseline_first(shown):
    table = pd.read_csv(shown["summary"])
    assert table["scheme"].tolist() == ["baseline", "A", "B", "C", "D", "E"]
    hits = pd.read_csv(shown["predictions"].format(scheme="D", seed=0))["correct"]
    row = table.set_index("scheme").loc["D"]
    assert row["test_top1"] == pytest.approx(hits.mean())
    assert row["test_top1_low"] < row["test_top1"] < row["test_top1_high"]
    base = pd.read_csv(shown["predictions"].format(scheme="baseline", seed=0))["correct"]
    assert row["test_top1_change"] == pytest.approx(hits.mean() - base.mean())
    assert row["macs_change"] == pytest.approx(2_200_000_000 / 11_000_000_000 - 1)
    metrics = json.loads(Path(shown["metrics"]).read_text())
    assert list(metrics) == table["scheme"].tolist()
    assert metrics["D"]["macs"] == 2_200_000_000
    assert isinstance(metrics["D"]["macs"], int)


def test_every_claim_has_a_row_and_training_is_not_compared_in_another_setting(shown):
    found = verdicts(shown)
    assert sorted(found) == list(range(1, 14))
    assert {i for i, v in found.items() if v == "not comparable"} == {1, 2, 3, 4, 5, 9, 12, 13}
    assert found[8] == "holds"  # the made-up MACs and latencies fall with every scheme
    assert found[6] == "does not hold"  # made up: -83.3%
    assert pd.read_csv(Path(shown["tables"]) / "claims.csv")["id"].tolist() == list(range(1, 14))


def test_in_the_papers_setting_training_is_compared(tmp_path):
    paths = build(tmp_path, PAPERS)
    claims.run(reads.params_of(PAPERS, "claims"), PAPER, paths["summary"], paths["claims"])
    found = verdicts(paths)
    assert "not comparable" not in found.values()
    assert found[1] == "does not hold"  # made up: a loss of 1


def test_the_order_test_does_not_compare_schemes_that_tie():
    claim = {"of": ["macs"], "of_training": ["test_top1"]}
    layers = {"baseline": 0, "A": 2, "D": 8, "E": 8}
    table = pd.DataFrame({"macs": [9, 8, 2, 3]}, index=list(layers))
    assert claims.judge_order(claim, table, layers, False)[1] == "holds"
    table["macs"] = [9, 8, 8, 3]
    assert claims.judge_order(claim, table, layers, False)[1] == "does not hold"


def test_a_scheme_that_is_not_the_papers_is_not_tested_and_one_added_is_shown(tmp_path):
    params = copy.deepcopy(PARAMS)
    params["schemes"]["E"]["groups"] = [1, 16, 16, 16, 16]
    del params["schemes"]["A"]
    params["schemes"]["Mine_2"] = {"groups": [1, 2, 2, 2, 2]}
    params["train"]["seeds"] = [0, 7]
    paths = present(tmp_path, params)
    found = verdicts(paths)
    assert {found[3], found[4], found[6], found[7]} == {"not tested"}
    drawn = {path.stem for path in Path(paths["figures"]).glob("*.svg")}
    assert drawn == {figure.name for figure in contents.figures(reads.scheme_names(params))}
    assert "curves_Mine_2" in drawn
    assert "fig04" not in drawn
    page = Path(paths["report"]).read_text(encoding="utf-8")
    assert "Scheme Mine_2" in page
    assert "2 seeds" in page


def test_beside_another_architecture_the_papers_numbers_do_not_stand(tmp_path):
    params = copy.deepcopy(PARAMS)
    params["model"]["architecture"] = "vgg16_bn"
    paths = present(tmp_path, params)
    text = (Path(paths["tables"]) / "summary.txt").read_text(encoding="utf-8")
    assert "-54.7%" not in text
    assert set(verdicts(paths).values()) == {"not comparable"}


def test_the_terminals_table_has_every_scheme_and_the_papers_numbers(shown):
    text = (Path(shown["tables"]) / "summary.txt").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert max(map(len, lines)) <= 120
    assert [line.split()[0] for line in lines[1:7]] == ["baseline", *"ABCDE"]
    (row,) = [line for line in lines if line.startswith("E ")]
    for number in ("-80.0%", "-54.7%"):
        assert number in row
    assert row.count(" pt") == 1  # our change; the paper's is not comparable with it
    assert "it can show differences of about" in text
    assert "model.input_size: 32 (the paper: 224)" in " ".join(text.split())


def test_tables_are_numbers_in_csv_and_the_same_rows_in_markdown(shown):
    for name in (table.name for table in contents.TABLES):
        rows = pd.read_csv(Path(shown["tables"]) / f"{name}.csv")
        lines = (Path(shown["tables"]) / f"{name}.md").read_text(encoding="utf-8").splitlines()
        assert len(lines) == len(rows) + 2
        assert len({line.count("|") for line in lines}) == 1
    data = pd.read_csv(Path(shown["tables"]) / "data.csv").set_index("part")
    assert data.loc["all", "images"] == 32 * PER
    assert data.loc["left out: blank", "images"] == 4
    table1 = pd.read_csv(Path(shown["tables"]) / "table1.csv")
    convolutions = table1["layer"].str.startswith("conv")
    assert table1.loc[convolutions, "vgg16_bn"].sum() == 13


def test_every_figure_is_a_picture_of_its_size_in_both_formats(shown):
    names = [figure.name for figure in contents.figures(reads.scheme_names(PARAMS))]
    assert {f"fig{i:02}" for i in range(1, 11)} <= set(names)
    for name in names:
        with Image.open(Path(shown["figures"]) / f"{name}.png") as picture:
            assert min(picture.size) > 300
            assert len(picture.convert("L").getcolors(256)) > 10
        svg = (Path(shown["figures"]) / f"{name}.svg").read_text(encoding="utf-8")
        assert svg.rstrip().endswith("</svg>")
        assert "<dc:date>" not in svg


def test_figures_are_the_same_bytes_again(shown, tmp_path):
    again = present(tmp_path, PARAMS)
    for path in Path(shown["figures"]).iterdir():
        assert path.read_bytes() == (Path(again["figures"]) / path.name).read_bytes(), path.name


def test_a_character_that_no_font_has_is_known():
    style()
    assert drawable("あA")
    assert not drawable("𛀁")


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.addresses, self.images = [], 0

    def handle_starttag(self, tag, attributes):
        self.images += tag == "img"
        self.addresses += [v for k, v in attributes if k in ("src", "href") and v]


def test_the_page_loads_nothing_and_holds_everything(shown):
    text = Path(shown["report"]).read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.images == len(contents.figures(reads.scheme_names(PARAMS)))
    assert all(address.startswith(("data:", "#")) for address in page.addresses)
    assert len(text) < 5_000_000
    claimed = yaml.safe_load(Path(PAPER).read_text(encoding="utf-8"))["claims"]
    ledger = yaml.safe_load(Path("workflow/paper/ambiguities.yaml").read_text(encoding="utf-8"))
    shown_text = text.replace("&#39;", "'").replace("&#34;", '"').replace("&quot;", '"')
    for words in [c["text"] for c in claimed] + [entry["open"] for entry in ledger]:
        assert words in shown_text
    rate = f"learning_rate: {PARAMS['train']['learning_rate']}"
    for words in ("CC BY-SA 4.0", "doi:10.20676/00000340", "torch 2", rate):
        assert words in shown_text
    assert "Not the paper's setting" in shown_text


def test_every_key_that_the_ledger_names_exists():
    ledger = yaml.safe_load(Path("workflow/paper/ambiguities.yaml").read_text(encoding="utf-8"))
    for key in (key for entry in ledger for key in entry["key"].split(", ")):
        section, _, name = key.partition(".")
        if section in PARAMS:
            assert not name or name in PARAMS[section], key
        else:
            assert key == "-" or Path(key).exists(), key
