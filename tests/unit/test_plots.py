"""The templates of `dvc plots`, drawn by the Vega that the page of plots has."""

import re

import vl_convert
from project import ROOT

ROWS = [
    {"epoch": epoch, "top1": 0.1 * epoch, "scheme": scheme, "rev": rev, "seed": 0}
    for epoch in (1, 2)
    for scheme in ("baseline", "E")
    for rev in ("HEAD", "workspace")
]


def test_the_legend_of_curves_has_a_sample_of_each_versions_line():
    text = (ROOT / ".dvc" / "plots" / "curves.json").read_text(encoding="utf-8")
    text = text.replace('"<DVC_METRIC_DATA>"', str(ROWS).replace("'", '"'))
    for name, value in {"X": "epoch", "Y": "top1", "TITLE": "t"}.items():
        text = re.sub(f"<DVC_METRIC_{name}(_LABEL)?>", value, text)
    svg = vl_convert.vegalite_to_svg(text, vl_version="5.20")
    legend = svg[svg.index("role-legend") :]
    samples = re.findall(r"<path[^>]*stroke=\"#\w+\"[^>]*>", legend)
    dashes = [re.search(r"stroke-dasharray=\"([\d,]+)", one) for one in samples]
    assert sorted(found[1] for found in dashes if found) == ["1,0", "4,2"]
