import pytest
import torch
from groupconv.network import counts
from groupconv.network.architecture import FULL_MODEL, LAYERS, closed_form
from groupconv.network.vgg import VGG, vgg
from groupconv.steps import macs
from paper import GROUPS

SMALL = {"classes": 7, "input_size": 32, "classifier_width": 16, "classifier_pool": 1}


@torch.no_grad()
def drawn(model):
    """The model with weights in memory: few draws, as torch's own of a classifier take seconds."""
    for module in model.to_empty(device="cpu").modules():
        if isinstance(module, torch.nn.Linear):
            inputs, outputs = module.in_features, module.out_features
            module.weight.copy_(torch.randn(outputs, 1) * torch.randn(inputs) / inputs**0.5)
            module.bias.normal_()
        elif hasattr(module, "reset_parameters"):
            module.reset_parameters()
    return model.eval()


@pytest.mark.parametrize("name", LAYERS)
def test_without_groups_it_is_torchvisions_network(name):
    import torchvision  # more than a second, of every process that collects this file

    sizes = {**FULL_MODEL, "classes": 5, "input_size": 64}
    with torch.device("meta"):
        theirs = getattr(torchvision.models, name)(num_classes=5).eval()
        ours = VGG(name, [1] * 5, dropout=0.5, **sizes)
    theirs.load_state_dict(drawn(ours).state_dict(), assign=True)
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
    image = torch.zeros(1, 3, 64, 64)
    by_fvcore, outputs, rest, _ = macs.of_fvcore(model, image)
    layers = counts.layers(name, GROUPS[scheme], **sizes)
    assert by_fvcore == macs.of_torch(model, image) == {of.name: of.macs for of in layers}
    assert outputs == {of.name: of.outputs for of in layers}
    assert set(rest) <= {"batch_norm", "adaptive_avg_pool2d"}


@pytest.mark.parametrize(
    ("groups", "more"),
    [
        (GROUPS["D"], {"shuffle": True}),
        (GROUPS["A"], {"shuffle": True}),
        (GROUPS["baseline"], {"width": 0.625}),
        ([1, 4, 4, 4, 4], {"width": 0.34, "shuffle": True}),
        (GROUPS["baseline"], {"width": 1.5}),
    ],
)
def test_with_a_shuffle_or_a_width_all_three_still_agree(groups, more):
    """fvcore, torch's own counter and the closed form, layer by layer."""
    sizes = {**SMALL, "classifier_pool": 2, "input_size": 64}
    model = VGG("vgg16_bn", groups, dropout=0, **sizes, **more).eval()
    image = torch.zeros(1, 3, 64, 64)
    by_fvcore, _, rest, unsupported = macs.of_fvcore(model, image)
    layers = counts.layers("vgg16_bn", groups, **sizes, **more)
    assert by_fvcore == macs.of_torch(model, image) == {of.name: of.macs for of in layers}
    assert set(rest) <= {"batch_norm", "adaptive_avg_pool2d"}
    shuffles = unsupported.get("aten::channel_shuffle", 0)
    grouped = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d) and m.groups > 1]
    assert shuffles == len(grouped) * more.get("shuffle", False)


def test_the_shuffle_is_shufflenets():  # (groups, n) transposed and flattened
    x = torch.randn(2, 12, 3, 3)
    layer = VGG("vgg13_bn", [1, 4, 1, 1, 1], dropout=0, shuffle=True, **SMALL).features[9][1]
    assert torch.equal(layer(x), x.view(2, 4, 3, 3, 3).transpose(1, 2).reshape(2, 12, 3, 3))


def test_a_shuffle_is_learnt_through():
    model = VGG("vgg13_bn", GROUPS["E"], dropout=0, shuffle=True, **SMALL)
    model(torch.randn(2, 3, 32, 32)).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


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


def test_layers_of_one_shape_start_with_equal_weights_in_every_scheme():
    """Whatever other layers a scheme has: each is drawn from the seed and its own name."""
    entries = {name: {"groups": groups} for name, groups in GROUPS.items()}
    entries["shuffled"] = {"groups": GROUPS["E"], "shuffle": True}
    states = {
        name: vgg(
            "vgg13_bn", **entry, initialization="kaiming", seed=3, dropout=0, **SMALL
        ).state_dict()
        for name, entry in entries.items()
    }
    base = states["baseline"]
    for name, state in states.items():
        assert state.keys() == base.keys()
        same = [key for key in base if state[key].shape == base[key].shape]
        assert all(torch.equal(state[key], base[key]) for key in same), name
        assert {"features.0.weight", "features.3.weight", "classifier.6.weight"} <= set(same)
    assert all(torch.equal(states["shuffled"][key], states["E"][key]) for key in base)
    for key in ("features.24.weight", "features.28.weight"):  # B and C share conv-4 and conv-5
        assert torch.equal(states["B"][key], states["C"][key])
    # Two layers of one shape in one network are two draws.
    assert not torch.equal(base["features.28.weight"], base["features.31.weight"])


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
