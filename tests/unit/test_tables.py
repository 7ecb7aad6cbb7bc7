"""Tables: whose numbers stand beside ours, and that text stays text."""

import pandas as pd
import pytest
from groupconv.data.manifest import read_table
from groupconv.pages import tables
from groupconv.pages.inputs import TableInputs
from groupconv.steps.tables import write


def test_class_names_that_look_like_numbers_are_counted_as_text(tmp_path):
    manifest, counts = tmp_path / "manifest.csv", tmp_path / "counts.csv"
    manifest.write_text("class,split\n1,train\n01,train\nNA,val\n1,test\n")
    counts.write_text(
        "class,code_point,source,class_not_chosen,blank,kept\n"
        "001,,5,5,0,0\n1,,3,0,1,2\n01,,1,0,0,1\nNA,,2,0,1,1\n"
    )
    unused = dict.fromkeys(("params", "paper", "summary", "verdicts"))
    of = {"manifest": read_table(manifest), "counts": read_table(counts)}
    numbers, _ = tables.data(TableInputs(**unused, **of))
    rows = numbers.set_index("part")
    assert rows["images"].to_dict() == {
        "train": 2,
        "val": 1,
        "test": 1,
        "all": 4,
        "left out: class not chosen": 5,
        "left out: blank": 2,
        "in the source": 11,
    }
    names = ["train", "all", "left out: blank", "left out: class not chosen", "in the source"]
    assert rows.loc[names, "classes"].tolist() == [2, 3, 2, 1, 4]


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        (None, "-"),
        ({"macs_change": -0.7922}, "macs_change -79.2%"),
        (
            {
                "val_top1_change": 0.03,
                "val_top1_change_low": -0.01,
                "val_top1_change_high": 0.08,
            },
            "val_top1_change +3.0 pt [-1.0 pt, +8.0 pt]",
        ),
        ({"latency_ms": {"baseline": 120.0, "E": 54.1}}, "latency_ms: baseline 120 ms, E 54.1 ms"),
        ({"macs": {"E": 2349531136}}, "macs: E 2.35 G"),
    ],
)
def test_a_claims_numbers_have_units_and_intervals(ours, expected):
    assert tables.shown(ours) == expected


def test_a_bar_in_a_cell_makes_no_column(tmp_path):
    table = pd.DataFrame({"name": ["a|b"]})
    write(tmp_path / "t", table, table)
    assert (tmp_path / "t.md").read_text().splitlines()[2] == "| a/b |"
