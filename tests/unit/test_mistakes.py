"""What a scheme gets wrong: by class, by pair and by image, over its trainings."""

import pandas as pd
from groupconv.pages import mistakes


def table(predicted):
    """Predictions of four images, two of class a and two of b."""
    rows = pd.DataFrame({"id": list("wxyz"), "class": list("aabb"), "predicted": list(predicted)})
    return rows.assign(correct=(rows["class"] == rows["predicted"]).astype(int))


BASELINE = [table("aabb"), table("aaba")]
SCHEME = [table("babb"), table("bbba")]


def test_a_class_has_its_accuracy_over_all_trainings():
    found = mistakes.by_class(BASELINE, SCHEME)
    assert found["class"].tolist() == ["a", "b"]  # the most lost first
    assert found["change"].tolist() == [-75.0, 0.0]
    assert found["images"].tolist() == [2, 2]


def test_pairs_are_counted_in_a_training_and_shown_by_an_image():
    found = mistakes.confusions(BASELINE, SCHEME)
    assert found[["class", "predicted"]].to_numpy().tolist() == [["a", "b"], ["b", "a"]]
    assert found["scheme"].tolist() == [1.5, 0.5]
    assert found["baseline"].tolist() == [0.0, 0.5]
    assert mistakes.misread(SCHEME, "b", "a") == "z"
    assert mistakes.misread(SCHEME, "b", "c") is None


def test_an_image_is_only_the_baselines_where_every_training_says_so():
    assert mistakes.only_right(BASELINE, SCHEME)["id"].tolist() == ["w"]
    assert mistakes.only_right(SCHEME, BASELINE).empty


def test_the_papers_e_is_shown_else_the_scheme_with_the_fewest_macs():
    macs = pd.DataFrame({"macs": {"baseline": 1, "A": 9, "D": 7, "E": 8}})
    assert mistakes.focus(macs) == "E"
    assert mistakes.focus(macs.drop("E")) == "D"
    assert mistakes.focus(macs.loc[["baseline"]]) is None
