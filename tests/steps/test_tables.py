"""Tables: whose numbers stand beside ours, and that text stays text."""

import pandas as pd
from groupconv.data.manifest import read_table
from groupconv.pages import claimed, tables
from groupconv.pages.inputs import TableInputs
from groupconv.steps.tables import write


def test_class_names_that_look_like_numbers_are_counted_as_text(tmp_path):
    manifest, counts = tmp_path / "manifest.csv", tmp_path / "counts.csv"
    manifest.write_text("class,split\n1,train\n01,train\nNA,val\n1,test\n")
    counts.write_text(
        "class,code_point,source,class_not_chosen,blank,kept\n"
        "001,,5,5,0,0\n1,,3,0,1,2\n01,,1,0,0,1\nNA,,2,0,1,1\n"
    )
    unused = dict.fromkeys(("params", "summary", "answers"))
    of = {"manifest": read_table(manifest), "counts": read_table(counts)}
    numbers, _ = tables.data(TableInputs(**unused, **of))
    rows = numbers.set_index("part")
    assert rows["images"].to_dict() == {
        "train": 2,
        "val": 1,
        "test": 1,
        "used": 4,
        "not chosen: other classes": 5,
        "left out: blank": 2,
        "in the files that were read": 11,
    }
    names = ["train", "used", "left out: blank", "not chosen: other classes"]
    names.append("in the files that were read")
    assert rows.loc[names, "classes"].tolist() == [2, 3, 2, 1, 4]


def test_a_bar_in_a_cell_makes_no_column(tmp_path):
    table = pd.DataFrame({"name": ["a|b"]})
    write(tmp_path / "t", table, table)
    assert (tmp_path / "t.md").read_text().splitlines()[2] == "| a/b |"


def test_the_claims_table_has_each_claim_above_its_entries_and_one_line_for_each_answer():
    entry = {
        "words": "it falls",
        "place": "Figure 9",
        "reading": "Points.",
        "another_reading_of": None,
        "number": None,
        "ours": [{"text": "E -2.00 pt [-3.00, -1.00]"}],
        "number_verdict": None,
        "statement_verdict": "holds",
        "about": None,
        "reason": "so it is",
        "smallest_difference": 1.4,
    }
    claim = {"text": "Falls.", "number_verdict": None, "note": None, "about": None}
    answers = {
        "claims": [
            {**claim, "id": 1, "statement_verdict": "holds", "entries": ["1a"]},
            {**claim, "id": 2, "statement_verdict": "cannot tell", "entries": ["2a"]},
        ],
        "entries": [{**entry, "id": "1a", "claim": 1}, {**entry, "id": "2a", "claim": 2}],
    }
    answers["claims"][0]["about"] = "these networks, too few seeds"
    numbers, printed = claimed.table(answers)
    assert printed["#"].tolist() == ["**1**", "1a", "**2**", "2a"]
    assert numbers["id"].tolist() == ["1a", "2a"]
    assert printed["ours"].tolist() == ["", "E -2.00 pt [-3.00, -1.00]"] * 2
    assert claimed.lines(answers) == [
        "The paper's claims by statement: holds 1; cannot tell 2.",
        "By statement 1: about these networks, too few seeds, not the schemes.",
    ]
