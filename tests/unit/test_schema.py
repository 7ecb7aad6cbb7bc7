"""The schema's own examples, and texts that it takes for what they mean."""

import copy
from pathlib import Path

import pytest
from groupconv.ground.errors import ParamsError
from groupconv.settings import config, schema

PARAMS = config.load(Path(__file__).parents[2] / "params.yaml")


def test_every_example_of_the_schema_is_allowed_where_it_stands():
    def entries(entry):
        yield entry
        for below in (*entry.get("properties", {}).values(), entry.get("additionalProperties")):
            if isinstance(below, dict):
                yield from entries(below)

    whole = [entry for entry in entries(schema.read()) if "examples" in entry]
    assert len(whole) > 30
    for entry in whole:
        entry.pop("required", None)
        for error in schema.Validator(entry).iter_errors(entry["examples"][0]):
            assert error.validator == "required", error.message


def test_each_key_that_takes_no_word_of_a_list_has_an_example():
    for section, below in schema.read()["properties"].items():
        assert "examples" in below, section
        for key, entry in below.get("properties", {}).items():
            assert entry.keys() & {"examples", "enum"} or entry["type"] == "boolean", key


def test_what_the_command_line_hands_over_as_text_is_read_as_the_schema_wants():
    """Snakemake reads `--config 'train={epochs: 3, ...}'` with a YAML that knows text alone."""
    params = copy.deepcopy(PARAMS)
    params["train"] |= {"epochs": "3", "seeds": ["0", "1"], "learning_rate": "5e-05"}
    params["train"] |= {"augment": "False", "momentum": "0.5", "weight_decay": "0"}
    params["data"] |= {"classes": "null", "folder": "1e5", "books": "null"}
    params["schemes"]["F"] = {"groups": ["1", "1", "2", "1", "1"]}
    params["model"]["initialization"] = dict.fromkeys(params["schemes"], "kaiming")
    read = config.typed(params)
    each = {"learning_rate": dict.fromkeys(params["schemes"], "5e-05")}
    assert config.typed({"train": each})["train"]["learning_rate"]["E"] == 5e-05
    assert read["model"]["initialization"]["E"] == "kaiming"
    assert read["train"]["epochs"] == 3
    assert type(read["train"]["epochs"]) is int
    assert read["train"]["seeds"] == [0, 1]
    assert (read["train"]["learning_rate"], read["train"]["momentum"]) == (5e-05, 0.5)
    assert read["train"]["augment"] is False
    assert (read["data"]["classes"], read["data"]["books"]) == (None, None)
    assert read["data"]["folder"] == "1e5"  # a path is a text, whatever it looks like
    assert read["schemes"]["F"]["groups"] == [1, 1, 2, 1, 1]
    assert config.typed(PARAMS) == PARAMS
    for text in ("010", "3 4", "three", "0x10", "9" * 30, "--3", ""):
        assert config.typed({"train": {"epochs": text}}) == {"train": {"epochs": text}}


@pytest.mark.parametrize("value", [{(1, 2): 3}, {1: 2}, None, float("nan")])
def test_any_value_at_all_is_one_line(value):
    with pytest.raises(ParamsError) as caught:
        config.check({**PARAMS, "train": value}, "--config")
    assert "--config: train" in str(caught.value)
    show = schema.show(value)
    assert len(show) <= 60


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"train": 5}, "train = 5: must be keys with values, as --config 'train={epochs: 4}'"),
        ({"epochs": 3}, "epochs = 3: unknown key; type --config 'train={epochs: 3}'"),
        ({"trian": {}}, "trian = {}: unknown key; did you mean train?"),
        (
            {"train": {**PARAMS["train"], "epochs": "three"}},
            'train.epochs = "three": must be a whole number, as 4',
        ),
    ],
)
def test_a_complaint_of_the_command_line_says_how_to_type_it(given, line):
    with pytest.raises(ParamsError) as caught:
        config.check({**PARAMS, **given}, "--config")
    assert str(caught.value) == f"--config: {line}"


def test_a_value_deeper_than_python_goes_is_one_line():
    deep = []
    for _ in range(3000):
        deep = [deep]
    assert schema.complaints({"model": deep}) == ["the file: brackets in brackets in brackets"]
