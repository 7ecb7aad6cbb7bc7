"""The page: well-formed, for people, and true to the configuration in force."""

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import yaml
from groupconv.pages import contents, kinds, making, markup
from groupconv.settings import comments, config, reads
from groupconv.steps import report
from results_tree import build
from test_presentation import answer, put_together, tabulate

LEDGER = yaml.safe_load(Path("workflow/paper/ambiguities.yaml").read_text(encoding="utf-8"))
KEYS = {key for entry in LEDGER for key in entry["key"].split(", ")}
VOID = {"meta", "link", "img", "br", "hr"}


class Outline(HTMLParser):
    """A page's elements with their attributes, its text, tags that are not closed in order.

    ``heading_of`` is {id of an element: id of the heading that it stands under}.
    """

    def __init__(self, page: str):
        super().__init__()
        self.elements, self.open, self.wrong = [], [], []
        self.text, self.heading, self.heading_of = "", None, {}
        self.feed(page)
        self.wrong += self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        name = dict(attrs).get("id")
        if tag == "h2":
            self.heading = name
        elif name:
            self.heading_of[name] = self.heading
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        self.text += data


def blank_figures(paths, params, text):
    """A file for each figure, with a text alone."""
    Path(paths["figures"]).mkdir()
    for figure in contents.figures(params["schemes"]):
        head = f"<title>{figure.title}</title><desc>Nothing is shown.</desc>"
        blank = f'<svg viewBox="0 0 360 100">{head}<text>{text}</text></svg>'
        Path(paths["figures"], f"{figure.name}.svg").write_text(blank, encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The paper's setting without scheme C, with a scheme of the user's; the figures are blank."""
    params = config.load("configs/paper.yaml")
    del params["schemes"]["C"]
    params["schemes"]["F"] = {"groups": [1, 2, 2, 2, 2]}
    paths = build(tmp_path_factory.mktemp("page"), params)
    answer(paths, params)
    tabulate(paths, params)
    blank_figures(paths, params, "あ")
    put_together(paths, params)
    return Path(paths["report"]).read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_loads_nothing(page):
    outline = Outline(page)
    assert outline.wrong == []
    tags = [tag for tag, _ in outline.elements]
    assert not {"iframe", "object", "embed"} & set(tags)
    assert tags.count("script") == 1
    assert tags.count("h1") == tags.count("main") == tags.count("title") == 1
    ids = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    style = page[page.index("<style>") : page.index("</style>")]
    assert re.findall(r"url\(", style) == re.findall(r"url\((?=data:font/woff)", style)
    assert "@import" not in style


def test_a_page_of_other_images_calls_nothing_japanese(tmp_path):
    params = config.load("params.yaml")
    params["data"]["source"] = "cifar100"
    paths = build(tmp_path, params)
    load = json.loads(Path(paths["latency"]).read_text(encoding="utf-8"))
    load["load"] = {"loaded": True, "others_before": 0.0, "others_during": [0.1, 0.43]}
    Path(paths["latency"]).write_text(json.dumps(load), encoding="utf-8")
    results = pd.read_csv(paths["summary"]).assign(latency_loaded=1)  # as the step summary says it
    results.to_csv(paths["summary"], index=False)
    answer(paths, params)
    tabulate(paths, params)
    blank_figures(paths, params, "cat")
    put_together(paths, params)
    page = Path(paths["report"]).read_text(encoding="utf-8")
    papers = r'(?s)<details class="note".*?</details>|<h2 id="open">.*?(?=<h2 id="made">)'
    own = re.sub(papers, " ", page)
    assert "on CIFAR-100." in own
    for word in ("Kuzushiji", "character", 'lang="ja"', "@font-face"):
        assert word not in own, word
    assert "Other programs used up to 43% of the machine's cores" in " ".join(own.split())
    timed = [row.name for row in contents.FIGURES if row.timed]
    captions = dict(re.findall(r'(?s)<figure id="([^"]+)".*?<figcaption>(.*?)</figcaption>', page))
    assert {name for name, text in captions.items() if kinds.LOADED in text} == set(timed)
    assert "eager, under load" in page


def test_classes_without_kana_are_japanese_where_the_source_is(tmp_path):
    params = config.load("params.yaml")
    params["data"]["source"] = "kkanji"
    paths = build(tmp_path, params)
    answer(paths, params)
    tabulate(paths, params)
    blank_figures(paths, params, "第")
    put_together(paths, params)
    page = Path(paths["report"]).read_text(encoding="utf-8")
    assert '<text lang="ja">第</text>' in page
    assert "@font-face{font-family:page-ja" in page


def test_agreement_is_a_row_for_each_back_end_and_scheme():
    of = {"images": 1000, "top1_agreement": 0.985, "low": 0.975, "high": 0.991, "enough": False}
    of["why_not"] = "too few test images (15 of at least 100)"
    record = {"back_ends": {"openvino_bf16": "bf16"}}
    record["schemes"] = {"E": {"back_ends": {"openvino_bf16": of}}}
    (row,) = report.agreed(record)
    assert row == {
        "name": "openvino bf16",
        "precision": "bf16",
        "scheme": "E",
        "images": "1,000",
        "share": "98.5% [97.5, 99.1]",
        "enough": "no: too few test images (15 of at least 100)",
    }
    assert report.agreed({"back_ends": {}, "schemes": {}}) == []


def test_the_page_says_which_networks_it_has():
    said = report.trained_here(6, {"baseline": [0, 1, 2], "D": [0, 1, 2], "A": [0]})
    assert said == (
        "Here the baseline and D are trained with 3 seeds, A is trained with 1 seed, for 6 epochs."
    )


def test_no_number_of_the_page_is_missing(page):
    """The baseline has no smallest difference, and is the first row."""
    assert re.search(r"it can show differences of about \d+(\.\d)? points or more\.", page)
    assert not re.search(r"\b(nan|None|inf)\b", re.sub(r"<[^>]*>|<pre.*?</pre>", " ", page))


def test_the_page_says_that_the_papers_images_are_not_known(page):
    said = " ".join(page.split())
    assert (
        "own set of 65,795 images in 1,120 classes is unidentified; the rule that chooses" in said
    )
    assert "images and classes here is ours" in said


def test_every_picture_says_what_it_is_and_what_it_shows(page):
    pictures = [a for tag, a in Outline(page).elements if tag == "svg"]
    labels = [attributes["aria-label"] for attributes in pictures]
    assert {attributes["role"] for attributes in pictures} == {"img"}
    schemes = {"3, baseline", "4, scheme A", "5, scheme B", "7, scheme D", "8, scheme E"}
    named = {f"Figure {name}" for name in {"1", "2", "9", "10", *schemes}} | {"Scheme F"}
    assert {f"{name}. Nothing is shown." for name in named} <= set(labels)
    assert len(labels) == len(set(labels))


def test_japanese_is_marked_and_has_its_glyphs(page):
    outline = Outline(page)
    assert {a["lang"] for _, a in outline.elements if "lang" in a} == {"en", "ja"}
    assert '<text lang="ja">あ</text>' in page
    assert "@font-face{font-family:page-ja" in page


def test_every_figure_and_table_stands_in_the_section_of_its_row(page):
    heading_of = Outline(page).heading_of
    for figure in contents.figures(["baseline", "A", "B", "D", "E", "F"]):
        assert heading_of[figure.name] == figure.section
    for table in contents.TABLES:
        assert heading_of[f"table-{table.name}"] == table.section


def test_the_page_follows_the_configuration(page):
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
    assert "In what this run differs: number of images: 160 (the paper: 65,795)" in text
    assert "side of the network's input, px: 32" not in text
    assert "not in params.yaml with the paper's groups: C" in text
    assert 'data.fit: "crop"' in text  # the ledger names the value in force
    for entry in LEDGER:
        assert entry["choice"] in text
    for row in (*contents.FIGURES, *contents.TABLES):
        assert text.count(row.caption) == 1  # that of six figures of one row, too


@pytest.mark.parametrize("file", comments.files(), ids=lambda file: file.name)
def test_what_the_paper_does_not_state_is_in_the_ledger(file):
    """Each key whose comment says so, behind its value or above it, or the key's section."""
    section, above, found = "", "", set()
    for line in file.read_text(encoding="utf-8").splitlines():
        section = line.split(":")[0] if line[:1].isalpha() else section
        if line.startswith("  #: "):
            above += line.removeprefix("  #:")
            continue
        if line.startswith("  ") and "not stated in the paper" in above + line:
            key = line.split(":")[0].strip()
            found.add(f"{section}.{key}")
            assert {f"{section}.{key}", section} & KEYS, line
        above = ""
    assert {"model.initialization", "train.learning_rate", "train.momentum"} <= found


def test_in_force_shows_values_as_in_params_yaml():
    params = {"data": {"fit": "pad", "classes": None}, "latency": {"rounds": 30}}
    assert report.in_force(params, "data.fit") == 'data.fit: "pad"'
    assert report.in_force(params, "data.classes") == "data.classes: null"
    for same in ("latency", "-", "workflow/paper/claims.yaml"):
        assert report.in_force(params, same) == same


def test_columns_of_one_name_say_whose_they_are():
    html = markup.table(
        "| scheme | MACs | change | eager | change |\n| - |\n| E | 1 | 2 | 3 | 4 |\n"
    )
    labels = re.findall(r'aria-label="([^"]+)">change<', html)
    assert labels == ["MACs: change", "eager: change"]
    assert html.count("aria-label") == 2


def test_a_cell_is_text_not_markup_and_a_column_of_numbers_is_known():
    html = markup.table("| a | n |\n| --- | --- |\n| <b>か | −1.5 pt |\n|  |  |\n", "ja")
    assert '<th scope="row">&lt;b&gt;<span lang="ja">か</span></th><td class="n">−1.5\xa0pt' in html
    assert '<th scope="col">a</th><th scope="col" class="n">n</th>' in html
    assert html.count("<tr>") == 3


def test_how_a_number_was_made_names_the_keys_that_its_step_reads():
    params = config.load("params.yaml")
    for step in making.STEPS:
        own = [key for key in reads.READS[step.name] if key not in ("scheme", "seed")]
        assert making.keys(step, params) == own, step.name
    train = next(step for step in making.STEPS if step.name == "train")
    assert making.command(train, "E", 3, collected=False) == (
        "snakemake --cores all --force results/schemes/E/seed3/history.csv"
    )
    assert making.command(train, "E", 3, collected=True) == "python -m study.train"
    more = params | {"train": params["train"] | {"one_more": 1}}
    assert "train.one_more: 1" in making.parameters(train, more)  # a new key of a training
    said = making.parameters(next(s for s in making.STEPS if s.name == "split"), params)
    assert said == 'split.seed: 0, split.unit: "image", split.division: "published"'
