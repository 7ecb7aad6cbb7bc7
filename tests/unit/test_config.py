"""params.yaml is read whole, or refused in one line for each fault."""

import copy
import json
from pathlib import Path

import pytest
import yaml
from groupconv.ground.errors import ParamsError
from groupconv.settings import comments, config, reads

ROOT = Path(__file__).parents[2]
PARAMS = config.load(ROOT / "params.yaml")


def leaves(part, above=()):
    """The path of each key; what may be one value or one per scheme is one key."""
    for key, value in part.items():
        path = (*above, key)
        if isinstance(value, dict) and ".".join(path) not in reads.PER_SCHEME:
            yield from leaves(value, path)
        else:
            yield path


@pytest.mark.parametrize("path", comments.files(), ids=lambda path: path.name)
def test_every_shipped_configuration_is_valid_and_has_its_keys_in_one_order(path):
    params = config.load(path)
    assert list(leaves({**params, "schemes": {}})) == list(leaves({**PARAMS, "schemes": {}}))


BAD = {
    "train.learnig_rate = 0.01: unknown key; did you mean train.learning_rate?": (
        lambda p: p["train"].update(learnig_rate=0.01)
    ),
    "trian = {}: unknown key; did you mean train?": lambda p: p.update(trian={}),
    "schemes.A.goups = [1]: unknown key; did you mean schemes.A.groups?": (
        lambda p: p["schemes"]["A"].update(goups=[1])
    ),
    "train.epochs: missing": lambda p: p["train"].pop("epochs"),
    "latency: missing": lambda p: p.pop("latency"),
    "schemes.baseline: missing": lambda p: p["schemes"].pop("baseline"),
    'train.epochs = "4": must be a whole number; write 4 without quotes': (
        lambda p: p["train"].update(epochs="4")
    ),
    "train.epochs = true: must be a whole number, as 4": lambda p: p["train"].update(epochs=True),
    "train.epochs = null: must be a whole number, as 4": lambda p: p["train"].update(epochs=None),
    "train.epochs = 4.0: must be a whole number; write 4": lambda p: p["train"].update(epochs=4.0),
    "train.epochs = 10000000000: must be at most 2147483647": (
        lambda p: p["train"].update(epochs=10**10)
    ),
    "train.momentum = NaN: must be a number that is finite": (
        lambda p: p["train"].update(momentum=float("nan"))
    ),
    "train.learning_rate = Infinity: must be a number that is finite": (
        lambda p: p["train"].update(learning_rate=float("inf"))
    ),
    'train.learning_rate = "fast": must be a number, as 0.005': (
        lambda p: p["train"].update(learning_rate="fast")
    ),
    'train.augment = "true": must be true or false; write true without quotes': (
        lambda p: p["train"].update(augment="true")
    ),
    "train.augment = 1: must be true or false": lambda p: p["train"].update(augment=1),
    "train.seeds = 0: must be a list, as seeds: [0, 1, 2]": lambda p: p["train"].update(seeds=0),
    "train.seeds = []: must have at least 1 item": lambda p: p["train"].update(seeds=[]),
    'train.seeds[1] = "one": must be a whole number': lambda p: p["train"].update(seeds=[0, "one"]),
    "data.books = 5: must be a list or null, as books: [umgy00000, hnsd00000]": (
        lambda p: p["data"].update(books=5)
    ),
    "data.classes = 1.5: must be a whole number or null, as 100": (
        lambda p: p["data"].update(classes=1.5)
    ),
    "data.folder = 2024: must be text; put it in quotes": lambda p: p["data"].update(folder=2024),
    'data.folder = "": must not be empty, as data/folder': lambda p: p["data"].update(folder=""),
    "train = null: must be keys with values, as train: {epochs: 4}": lambda p: p.update(train=None),
    "schemes.F = [1, 2]: must be keys with values, as F: {groups: [1, 1, 64, 1, 1]}": (
        lambda p: p["schemes"].update(F=[1, 2])
    ),
    'train.device = "gpu": must be auto, cpu or cuda; did you mean cuda?': (
        lambda p: p["train"].update(device="gpu")
    ),
    'train.device = "GPU": must be auto, cpu or cuda; did you mean cuda?': (
        lambda p: p["train"].update(device="GPU")
    ),
    'latency.device = "cup": must be auto, cpu or cuda; did you mean cpu?': (
        lambda p: p["latency"].update(device="cup")
    ),
    'train.device = "mps": must be auto, cpu or cuda': lambda p: p["train"].update(device="mps"),
    "train.device = null: must be auto, cpu or cuda": lambda p: p["train"].update(device=None),
    "epochs = 3: unknown key; did you mean train.epochs?": lambda p: p.update(epochs=3),
    "train.Epochs = 3: unknown key; did you mean train.epochs?": (
        lambda p: p["train"].update(Epochs=3)
    ),
    "train.dropout = 0: unknown key; did you mean model.dropout?": (
        lambda p: p["train"].update(dropout=0)
    ),
    "train.learning_rate = -0.1: must be more than 0": (
        lambda p: p["train"].update(learning_rate=-0.1)
    ),
    "train.seeds[0] = -1: must be at least 0": lambda p: p["train"].update(seeds=[-1]),
    "latency.rounds = 29: must be at least 30": lambda p: p["latency"].update(rounds=29),
    "latency.processes = 1: must be at least 5": lambda p: p["latency"].update(processes=1),
    "schemes.F.groups[3] (conv-4) = 48: must divide 256 and 512 channels; nearest: 32, 64": (
        lambda p: p["schemes"].update(F={"groups": [1, 1, 1, 48, 1]})
    ),
    "schemes.F.groups[0] (conv-1) = 3: must divide 3 and 64 channels; nearest: 1": (
        lambda p: p["schemes"].update(F={"groups": [3, 1, 1, 1, 1]})
    ),
    "schemes.baseline.groups = [1, 1, 2, 1, 1]: must be [1, 1, 1, 1, 1]": (
        lambda p: p["schemes"]["baseline"].update(groups=[1, 1, 2, 1, 1])
    ),
    "schemes.F.groups[1] (conv-2) = 64: must divide 40 and 80 channels at width 0.625; "
    "nearest: 20, 40": (
        lambda p: p["schemes"].update(F={"groups": [1, 64, 1, 1, 1], "width": 0.625})
    ),
    "schemes.F.width = 0.01: must be at least 0.0625": (
        lambda p: p["schemes"].update(F={"groups": [1] * 5, "width": 0.01})
    ),
    'schemes.F.shuffle = "yes": must be true or false': (
        lambda p: p["schemes"].update(F={"groups": [1] * 5, "shuffle": "yes"})
    ),
    "schemes.F.shufle = true: unknown key; did you mean schemes.F.shuffle?": (
        lambda p: p["schemes"].update(F={"groups": [1] * 5, "shufle": True})
    ),
    "schemes.F.groups: missing": lambda p: p["schemes"].update(F={"width": 0.5}),
    "schemes.baseline.width = 0.5: must be left out; a scheme of another name may have it": (
        lambda p: p["schemes"]["baseline"].update(width=0.5)
    ),
    "sweep.learning_rates = [0.0101, 0.01]: 0.01 and 0.0101 are too close to each other; allowed: "
    "each at least 1.2 times the one below it": (
        lambda p: p["sweep"].update(learning_rates=[0.0101, 0.01])
    ),
    "train.learning_rate: missing for D, E; write a value for each scheme, or one for all": (
        lambda p: p["train"].update(learning_rate=dict.fromkeys(["baseline", *"ABC"], 0.01))
    ),
    "train.learning_rate.e = 0.01: no such scheme; did you mean E?": (
        lambda p: p["train"].update(learning_rate=dict.fromkeys([*p["schemes"], "e"], 0.01))
    ),
    "train.learning_rate.Mine = 0.01: no such scheme; allowed: baseline, A, B, C, D, E": (
        lambda p: p["train"].update(learning_rate=dict.fromkeys([*p["schemes"], "Mine"], 0.01))
    ),
    "train.learning_rate.E = 0: must be more than 0": (
        lambda p: p["train"].update(learning_rate=dict.fromkeys(p["schemes"], 0.01) | {"E": 0})
    ),
    'model.initialization.E = "kaming": must be kaiming, kaiming_grouped or torchvision; did you '
    "mean kaiming?": (
        lambda p: p["model"].update(
            initialization=dict.fromkeys(p["schemes"], "kaiming") | {"E": "kaming"}
        )
    ),
    'train.epochs = {"E": 4}: must be a whole number, as 4': (
        lambda p: p["train"].update(epochs={"E": 4})
    ),
    "data.folder = null: must be text, as data/folder": lambda p: p["data"].update(folder=None),
    "schemes.a b: a name is a letter, then letters, digits and _": (
        lambda p: p["schemes"].update({"a b": {"groups": [1] * 5}})
    ),
    "schemes: two names differ in case alone, which some file systems ignore": (
        lambda p: p["schemes"].update(a={"groups": [1] * 5})
    ),
}


@pytest.mark.parametrize("line", BAD, ids=lambda line: line.split(":")[0])
def test_a_bad_value_gets_one_line_with_file_key_value_and_what_is_allowed(line, tmp_path):
    params = copy.deepcopy(PARAMS)
    BAD[line](params)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(params))
    with pytest.raises(ParamsError) as caught:
        config.load(path)
    assert str(caught.value) == f"{path}: {line}"


def test_each_missing_key_gets_its_line():
    params = copy.deepcopy(PARAMS)
    del params["train"]["epochs"], params["train"]["seeds"]
    with pytest.raises(ParamsError) as caught:
        config.check(params, "params.yaml")
    assert str(caught.value).splitlines() == [
        "params.yaml: train.seeds: missing",
        "params.yaml: train.epochs: missing",
    ]


def test_an_unknown_source_names_the_nearest(tmp_path):
    params = copy.deepcopy(PARAMS)
    params["data"]["source"] = "samlpe"
    with pytest.raises(ParamsError, match=r'data\.source = "samlpe": .*did you mean sample\?$'):
        config.check(params, "params.yaml")


def test_every_unknown_key_at_every_level_is_refused():
    def levels(part, above=()):
        yield above
        for key, value in part.items():
            if isinstance(value, dict):
                yield from levels(value, (*above, key))

    for path in levels(PARAMS):
        if path == ("schemes",):
            continue  # any name is a scheme
        params = copy.deepcopy(PARAMS)
        section = params
        for key in path:
            section = section[key]
        section["nonesuch"] = 1
        with pytest.raises(ParamsError, match=r"nonesuch = 1: unknown key"):
            config.check(params, "params.yaml")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("- a\n", 'the file = ["a"]: must be keys with values, as train: {epochs: 4}'),
        ("", "nothing in it; it needs every section: cp configs/tiny.yaml"),
        ("# a\n", "nothing in it"),
        ("a: 1\na: 2\n", "line 2: a: this key stands twice"),
        ("a:\n  b: 1\n  b: 1\n", "line 3: b: this key stands twice"),
        ("a: 1\nno: 2\n", "line 2: no: a key must be text"),
        ("a: {null: 2}\n", "line 1: null: a key must be text"),
        ("? [1, 2]\n: 2\n", "line 1: a list or a mapping: a key must be text"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused_in_one_line(text, line, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(ParamsError) as caught:
        config.load(path)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["NA", "nan", "None", "null", 1, None])
def test_a_name_that_tables_would_lose_is_refused(name):
    params = copy.deepcopy(PARAMS)
    params["schemes"][name] = params["schemes"]["E"]
    with pytest.raises(ParamsError, match=rf"^params.yaml: schemes\.{name}: ") as caught:
        config.check(params, "params.yaml")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ParamsError, match=r"params\.yaml: No such file"):
        config.load(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("data", "it overlaps the workflow's own data/raw; allowed: another folder"),
        ("./data/../data/", "it overlaps the workflow's own data/raw"),
        ("results", "it overlaps the workflow's own results"),
        ("results/mine", "it overlaps the workflow's own results"),
        (".", "it overlaps the workflow's own data/raw"),
        ("..", "it overlaps the workflow's own data/raw"),
        ("/", "it overlaps the workflow's own data/raw"),
        ("data/raw/mine", "it overlaps the workflow's own data/raw"),
        ("logs", "it overlaps the workflow's own logs"),
        ("~/pics", f"~ is not expanded here; write {Path.home()}/pics"),
        ("a\nb", "a control character in it; allowed: a path that can be printed"),
    ],
)
def test_a_folder_that_cannot_be_ones_own_is_one_line(folder, said):
    params = copy.deepcopy(PARAMS)
    params["data"] |= {"source": "folder", "folder": folder}
    with pytest.raises(ParamsError) as caught:
        config.check(params, "params.yaml")
    line = str(caught.value)
    assert line.startswith(f"params.yaml: data.folder = {json.dumps(folder)}: {said}")
    assert "\n" not in line


@pytest.mark.parametrize(
    "folder", ["data/folder", "pics", "data/mine", "{} <x> 'q' $y ü", "/srv/images"]
)
def test_any_other_folder_may_be_ones_own(folder):
    params = copy.deepcopy(PARAMS)
    params["data"] |= {"source": "folder", "folder": folder}
    config.check(params, "params.yaml")
