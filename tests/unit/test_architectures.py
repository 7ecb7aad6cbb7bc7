"""Table 1 beside the network itself: every layer, its output, its groups."""

import copy

import pandas as pd
import pytest
import torch
from groupconv.network.vgg import VGG
from groupconv.pages import tables
from groupconv.pages.inputs import TableInputs
from groupconv.settings import config

PARAMS = config.load("params.yaml")
KINDS = (torch.nn.Conv2d, torch.nn.MaxPool2d, torch.nn.AdaptiveAvgPool2d, torch.nn.Linear)


def given(params, classes=27):
    unused = dict.fromkeys(("summary", "answers", "counts"))
    manifest = pd.DataFrame({"class": [str(i) for i in range(classes)] * 2})
    return TableInputs(params=params, manifest=manifest, **unused)


def made(params, **more):
    return tables.architecture(given(params, **more))


def of_network(architecture, scheme, classes, **sizes):
    """[(kind, channels, side or 0, groups or 0)] of each layer that Table 1 has, as it runs."""
    with torch.device("meta"):
        model = VGG(architecture, **scheme, classes=classes, dropout=0.0, **sizes)
    found = []

    def note(module, _, out):
        side = out.shape[2] if out.dim() == 4 else 0
        found.append((type(module), out.shape[1], side, getattr(module, "groups", 0)))

    for module in model.modules():
        if isinstance(module, KINDS):
            module.register_forward_hook(note)
    side = sizes["input_size"]
    model(torch.zeros(1, 3, side, side, device="meta"))
    return found


@pytest.mark.parametrize("architecture", ["vgg13_bn", "vgg16_bn", "vgg19_bn"])
@pytest.mark.parametrize("size", [32, 96, 224])
@pytest.mark.parametrize(
    "scheme",
    [
        {"groups": [1, 32, 32, 32, 32]},
        {"groups": [1, 1, 64, 1, 1], "shuffle": True},
        {"groups": [1, 1, 1, 1, 1], "width": 0.625},
    ],
)
def test_every_row_is_the_networks_own_layer(architecture, size, scheme):
    params = copy.deepcopy(PARAMS)
    params["model"] |= {"architecture": architecture, "input_size": size, "classifier_pool": 2}
    params["schemes"]["X"] = scheme
    numbers, printed = made(params)
    here = numbers[numbers[architecture] == 1]
    assert here["layer"].iloc[0] == "input"
    channels = here["channels X"] if "width" in scheme else here["channels_here"]
    # A narrower scheme's column is of the full model: its classifier is not the one here.
    channels = channels.where(~here["layer"].str.startswith("FC"), here["channels_here"])
    rows = zip(channels, here["size_here"].fillna(0), here["groups X"].fillna(0), strict=True)
    rows = list(rows)[1:]
    network = of_network(
        architecture, scheme, 27, input_size=size, classifier_width=512, classifier_pool=2
    )
    assert len(rows) == len(network)
    assert rows == [found[1:] for found in network]
    shuffled = [cell for cell in printed["X"] if "shuffled" in cell]
    assert shuffled == (["64, shuffled"] * 4 if "shuffle" in scheme else [])


def test_the_full_model_has_the_papers_sizes_and_classes():
    numbers, printed = made(PARAMS)
    outputs = dict(zip(printed["layer"], printed["output, full model"], strict=True))
    assert outputs["conv-5.2"] == "512 x 14 x 14"
    assert outputs["average pool"] == "512 x 7 x 7"
    assert [outputs[f"FC-{i}"] for i in (1, 2, 3)] == ["4,096", "4,096", "1,120"]
    pools = numbers.loc[numbers["layer"] == "max-pool", "size"]
    assert pools.tolist() == [112, 56, 28, 14, 7]
    assert numbers[["vgg13_bn", "vgg16_bn", "vgg19_bn"]].sum().tolist() == [20, 23, 26]


def test_where_the_papers_model_is_trained_its_sizes_stand_once():
    setting = config.load("configs/paper.yaml")
    assert "output here" not in made(setting, classes=1120)[1]
    assert "output here" in made(setting, classes=1119)[1]


def test_a_schemes_column_has_its_groups_and_what_else_it_alters():
    params = copy.deepcopy(PARAMS)
    params["schemes"]["N"] = {"groups": [1, 1, 1, 2, 2], "width": 0.625}
    _, printed = made(params)
    rows = printed.set_index("layer")
    assert rows.loc["conv-3.1", ["baseline", "A", "E", "N"]].tolist() == [
        "1",
        "64",
        "32",
        "1, 160 ch.",
    ]
    assert rows.loc["average pool", "N"] == "320 ch."
    assert rows.loc["FC-1", "N"] == ""
    assert (rows["E"] == rows["E"].str.replace(" ch.", "")).all()
