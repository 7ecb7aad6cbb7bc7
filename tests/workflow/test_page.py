"""The page in a real browser: a run's, one collected from a run's texts, and the study's own.

`pytest tests/workflow/test_page.py --results=DIR` looks at the page of the run in DIR.
"""

import json

import axe
import chromium
import pytest
from project import ROOT

pytestmark = chromium.needed

WIDTHS = (360, 768, 1440)  # px: a phone, a tablet, a laptop
SAID = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
SMALLEST = 8  # px of a figure's text
PAPER = 703  # px between the margins of a page of A4
OPEN_ALL = "document.querySelectorAll('main details').forEach(one => one.open = true)"
LAID_OUT = """JSON.stringify({
  page: document.documentElement.scrollWidth,
  cut: [...document.querySelectorAll(".scroll")].filter(e => e.scrollWidth > e.clientWidth + 1)
    .map(e => e.getAttribute("aria-label")),
  small: [...document.querySelectorAll("svg text")].map(t => {
    const m = t.getScreenCTM();
    return [parseFloat(getComputedStyle(t).fontSize) * Math.hypot(m.a, m.b), t.textContent];
  }).sort((a, b) => a[0] - b[0])[0],
  outside: [...document.querySelectorAll("svg")].flatMap(s => {
    const r = s.getBoundingClientRect();
    return [...s.querySelectorAll("text")].filter(t => {
      const q = t.getBoundingClientRect();
      return q.left < r.left - 1 || q.right > r.right + 1 || q.bottom > r.bottom + 1;
    }).map(t => s.getAttribute("aria-label").slice(0, 30) + ": " + t.textContent);
  }),
})"""

# axe leaves contrast open where parts of a long page overlap what it looks at.
FAINT = """(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (text) => {
    const [r, g, b] = rgb(text).map(v => v / 255).map(
      v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (rgb(color)[3] !== 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [...document.querySelectorAll("body *:not(script)")].filter(e =>
    [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()));
  return JSON.stringify(found.map(e => {
    const style = getComputedStyle(e), inSvg = e.tagName === "text";
    const [a, b] = [light(inSvg ? style.fill : style.color), light(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return [Math.round(10 * ratio) / 10, e.tagName, e.className, e.textContent.slice(0, 20)];
  }).filter(one => one[0] < 4.5).slice(0, 5));
})()"""


@pytest.fixture(scope="module")
def browser():
    with chromium.browser() as started:
        yield started


@pytest.fixture(scope="module", params=["run", "study"])
def results(request):
    """The folder of results whose page is looked at."""
    if request.param == "study":
        return request.getfixturevalue("kept")[1] / "collected" / "main"
    named = request.config.getoption("--results")
    return (named or request.getfixturevalue("finished")[0].folder) / "results"


@pytest.fixture
def page(browser, results):
    """The browser with the page open, on a laptop, in light colours."""
    browser.media("", prefers_color_scheme="light")
    browser.open(results / "report.html", 1440)
    return browser


def test_it_loads_nothing_and_says_nothing_on_the_console(page, results):
    page.value("window.scrollTo(0, document.body.scrollHeight)")
    asked = [
        one["params"]["request"]["url"]
        for one in page.events
        if one["method"] == "Network.requestWillBeSent"
    ]
    own = (results / "report.html").resolve().as_uri()
    assert [url for url in asked if not url.startswith("data:")] == [own]
    assert [one for one in page.events if one["method"] in SAID] == []
    assert (results / "report.html").stat().st_size < 10e6


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_off_and_every_text_can_be_read(page, width):
    page.size(width)
    page.value(OPEN_ALL)
    found = json.loads(page.value(LAID_OUT))
    assert found["page"] == width
    assert found["small"][0] >= SMALLEST, found["small"]
    assert found["outside"] == []
    if width > WIDTHS[0]:  # on a phone a table moves by itself
        assert found["cut"] == []
    verdict = "document.querySelector('#claim-1 .chip').getBoundingClientRect()"
    assert page.value(f"{verdict}.right") <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_the_studys_committed_page_is_whole(browser, width):
    """Its 1,120 classes and images, which no run of a test has."""
    browser.media("", prefers_color_scheme="light")
    browser.open(ROOT / "study" / "collected" / "main" / "report.html", width)
    assert [one for one in browser.events if one["method"] in SAID] == []
    test_nothing_is_cut_off_and_every_text_can_be_read(browser, width)
    test_every_picture_in_a_figure_is_there(browser)
    assert browser.value("document.querySelectorAll('svg image').length") > 50


def test_the_answer_and_the_verdicts_are_on_a_laptops_first_screen(page):
    top = "document.querySelector({}).getBoundingClientRect().bottom"
    assert page.value(top.format("'.answers'")) < 900
    assert page.value(top.format("'.counts'")) < 900


def test_every_picture_in_a_figure_is_there(page):
    found = page.value("""Promise.all([...document.querySelectorAll("svg image")].map(one => {
      const image = new Image();
      image.src = one.getAttribute("xlink:href") || one.getAttribute("href");
      return image.decode().then(() => image.naturalWidth);
    }))""")
    assert all(width > 0 for width in found)


def test_japanese_is_drawn_where_the_machine_has_no_such_font(page, tmp_path):
    """A glyph that no font has looks the same for every character: as a box."""
    assert page.value("document.fonts.load('1em page-ja', '日').then(found => found.length)") == 1
    page.value("new Promise(done => setTimeout(done, 50))")
    first = "document.querySelector('svg text[lang=ja]')"
    page.value(f"{first}.scrollIntoView({{block: 'center'}})")
    clip = json.loads(
        page.value(
            f"JSON.stringify((r => ({{x: r.left + scrollX, y: r.top + scrollY, width: r.width,"
            f" height: r.height, scale: 2}}))({first}.getBoundingClientRect()))"
        )
    )
    page.picture(tmp_path / "drawn.png", clip=clip)
    page.value(f"{first}.textContent = {first}.textContent.replace(/[^ -~]/gu, '\\u{{10FFFE}}')")
    page.picture(tmp_path / "box.png", clip=clip)
    assert (tmp_path / "drawn.png").read_bytes() != (tmp_path / "box.png").read_bytes()


def test_buttons_of_one_name_say_which_column_they_sort(page):
    buttons = "[...document.querySelectorAll('#table-results thead button')]"
    names = page.value(f"{buttons}.map(b => b.ariaLabel ?? b.textContent)")
    assert len(set(names)) == len(names) > 8
    assert "MACs: change" in names


def test_a_table_sorts_by_a_click_both_ways(page):
    table = "document.querySelector('#table-results')"
    cells = f"[...{table}.querySelectorAll('tbody tr')].map(r => r.cells[{{}}].textContent)"
    macs = page.value(
        f"[...{table}.querySelectorAll('th')].findIndex(h => /MACs/.test(h.textContent))"
    )
    click = f"{table}.querySelectorAll('thead button')[{macs}].click()"
    before = page.value(cells.format(macs))
    for direction in (1, -1):
        page.value(click)
        found = page.value(cells.format(macs))
        assert sorted(found) == sorted(before)
        numbers = [direction * float(cell.split("\xa0")[0]) for cell in found]
        assert numbers == sorted(numbers)
    assert (
        page.value(f"{table}.querySelectorAll('th')[{macs}].getAttribute('aria-sort')")
        == "descending"
    )


def test_tables_and_figures_download_as_the_files_that_they_are(page, results, tmp_path):
    page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    for folder, name in (("tables", "results.csv"), ("figures", "fig09.svg")):
        page.events.clear()
        page.value(f"document.querySelector('a[download=\"{name}\"]').click()")
        while not any(
            one["method"].endswith("downloadProgress") and one["params"]["state"] == "completed"
            for one in page.events
        ):
            page.events.append(page._next())
        assert (tmp_path / name).read_bytes() == (results / folder / name).read_bytes()


def test_the_contents_follow_the_reader_and_the_keyboard_reaches_all(page):
    for section in ("data", "answer"):
        page.value(f"document.getElementById('{section}').scrollIntoView()")
        page.value("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
        current = "document.querySelector('nav [aria-current]').hash"
        assert page.value(current) == f"#{section}"
    page.value("location.hash = 'entry-4a'")  # inside of a closed claim
    page.value("new Promise(done => setTimeout(done, 50))")
    assert page.value("document.getElementById('claim-4').open")
    for what in ("summary", "thead button", ".scroll", "a[href]"):
        assert page.value(f"[...document.querySelectorAll('{what}')].every(e => e.tabIndex >= 0)")


def test_without_script_everything_is_there(page, results):
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.open(results / "report.html", 360)
        assert page.value("document.querySelector('nav details').open")
        assert page.value("document.querySelectorAll('thead button').length") == 0
        assert page.value("document.querySelectorAll('.get[href^=\"data:\"]').length") > 10
        assert page.value("document.documentElement.scrollWidth") == 360
    finally:
        page.call("Emulation.setScriptExecutionDisabled", value=False)


def test_printed_it_has_every_column_and_every_part_but_params(page, tmp_path):
    page.size(PAPER)
    page.media("print")
    found = json.loads(page.value(LAID_OUT))
    assert found["page"] == PAPER
    assert found["cut"] == []
    height = "document.querySelector({}).getBoundingClientRect().height"
    assert page.value(height.format("'#claim-4 .entry'")) > 20
    assert page.value(height.format("'#ledger dd'")) > 8
    for gone in ("nav", ".unprinted", ".get"):
        assert page.value(height.format(f"'{gone}'")) == 0
    page.pdf(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().count(b"/Type /Page\n") <= 30


@pytest.fixture(scope="session")
def axe_script(tmp_path_factory):
    return axe.script(tmp_path_factory.mktemp("axe"))


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 1440)])
def test_axe_finds_nothing_serious(page, axe_script, scheme, width):
    page.media("", prefers_color_scheme=scheme)
    page.size(width)
    page.value(OPEN_ALL)
    assert axe.findings(page, axe_script) == []
    assert json.loads(page.value(FAINT)) == []
