"""What a rule gives to its step, by the names of the step's arguments."""

from types import SimpleNamespace

import pytest
from groupconv.engines import wiring

COMMAND = (
    "python workflow/step.py summary {params.json:q} paper={params.paper} {params.raw:q}"
    " manifest={input.manifest:q} history={params.history:q} mirror={params.mirror:q}"
    " table={output.summary} threads={threads} {params.options:q} 2> {log}"
)
HISTORY = "results/schemes/{scheme}/history.csv"
INPUTS = {"manifest": ["data/manifest.csv"], "raw": ["data/raw/a", "data/raw/b"]}


def arguments(command=COMMAND, **params):
    known = {
        "json": lambda wildcards: "{}",
        "paper": lambda wildcards: ["paper.yaml"],
        "history": wiring.literal(HISTORY),
        "mirror": wiring.literal("/mnt"),
    }
    outputs = SimpleNamespace(summary="results/summary.csv")
    return wiring.arguments(command, INPUTS, outputs, SimpleNamespace(**known | params))


def test_each_argument_has_its_path_and_what_decides_no_result_is_left_out():
    paths, literals = arguments()
    assert paths == {
        "paper": "paper.yaml",
        "manifest": "data/manifest.csv",
        "table": "results/summary.csv",
        "raw": "data/raw/a",
    }
    assert literals == {"history": HISTORY}


@pytest.mark.parametrize("text", ["results/history.csv", ""])
def test_another_literal_is_another_argument(text):
    assert arguments(history=wiring.literal(text))[1] == {"history": text}


def test_a_literal_is_given_with_its_braces():
    assert wiring.literal(HISTORY)(None) == HISTORY
