import pytest
import torch
import torchvision
from groupconv.network.architecture import FULL_MODEL, LAYERS, closed_form
from groupconv.network.vgg import VGG, vgg
from groupconv.steps import macs
from test_architecture import GROUPS

SMALL = {"classes": 7, "input_size": 32, "classifier_width": 16, "classifier_pool": 1}


@pytest.mark.parametrize("name", LAYERS)
def test_without_groups_it_is_torchvisions_network(name):
    theirs = getattr(torchvision.models, name)(num_classes=5).eval()
    sizes = {**FULL_MODEL, "classes": 5, "input_size": 64}
    ours = VGG(name, [1] * 5, dropout=0.5, **sizes).eval()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(ours(x), theirs(x))


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("scheme", GROUPS)
def test_parameters_equal_the_closed_form(name, scheme):
    with torch.device("meta"):
        model = VGG(name, GROUPS[scheme], dropout=0.5, **FULL_MODEL)
    expected = closed_form(name, GROUPS[scheme], **FULL_MODEL)
    assert sum(p.numel() for p in model.parameters()) == expected.parameters


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("scheme", GROUPS)
def test_counted_macs_equal_the_closed_form(name, scheme):
    sizes = {**SMALL, "classifier_pool": 2, "input_size": 64}
    model = VGG(name, GROUPS[scheme], dropout=0.5, **sizes).eval()
    counts, rest, _ = macs.count(model, torch.zeros(1, 3, 64, 64))
    assert counts == closed_form(name, GROUPS[scheme], **sizes)
    assert set(rest) <= {"batch_norm", "adaptive_avg_pool2d"}


def test_every_layer_of_a_grouped_stage_is_grouped():
    model = VGG("vgg13_bn", GROUPS["E"], dropout=0, **SMALL)
    groups = [m.groups for m in model.modules() if isinstance(m, torch.nn.Conv2d)]
    assert groups == [1, 1, *[32] * 8]


def test_the_seed_decides_the_weights():
    def weights(seed, initialization="kaiming"):
        model = vgg(
            "vgg13_bn", [1] * 5, initialization=initialization, seed=seed, dropout=0, **SMALL
        )
        return torch.cat([p.flatten() for p in model.parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


@pytest.mark.parametrize(
    ("initialization", "conv", "linear"),
    [
        ("torchvision", 2 / (512 * 9), 0.01**2),
        ("kaiming", 2 / (512 * 9), 2 / 16),
        ("kaiming_grouped", 2 / (512 * 9 / 32), 2 / 16),
    ],
)
def test_initialization_draws_with_the_variance_that_it_names(initialization, conv, linear):
    model = vgg("vgg13_bn", GROUPS["E"], initialization=initialization, seed=0, dropout=0, **SMALL)
    last = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d)][-1]
    assert last.weight.var().item() == pytest.approx(conv, rel=0.05)
    assert model.classifier[3].weight.var().item() == pytest.approx(linear, rel=0.3)
    assert all(m.bias.abs().max() == 0 for m in (last, model.classifier[3]))
