"""Kernels of this package against torch's, and what is built of them."""

import pytest
import torch
from groupconv.network import variants
from groupconv.network.back_ends import folding, kernels, own, table, winograd
from groupconv.network.back_ends.prepared import prepared, runs_here
from groupconv.network.vgg import vgg
from torch import nn

SMALL = {"classes": 7, "input_size": 64, "classifier_width": 20, "classifier_pool": 2}
CPU = torch.device("cpu")


@pytest.fixture
def compiled():
    if reason := kernels.why_not():
        pytest.skip(reason)


@pytest.fixture(params=[1, 2])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


@torch.inference_mode()
def worst(found: torch.Tensor, expected: torch.Tensor) -> float:
    assert found.shape == expected.shape
    return (found - expected).abs().max().item()


@pytest.mark.parametrize("outputs", [1, 2, 3, 4, 6, 8])
@pytest.mark.parametrize("inputs", [1, 2, 3, 8])
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 2), (2, 7, 7), (3, 5, 16), (1, 28, 28)])
def test_the_grouped_kernel_computes_what_torch_does(compiled, threads, inputs, outputs, shape):
    n, height, width = shape
    groups = 2 * kernels.lanes()
    layer = nn.Conv2d(groups * inputs, groups * outputs, 3, padding=1, groups=groups)
    x = torch.randn(n, groups * inputs, height, width)
    with torch.inference_mode():
        expected = torch.relu(layer(x))
        places = own.interleaved(groups * inputs, groups)
        found = own.Grouped(layer)(x[:, places])
        expected = expected[:, own.interleaved(groups * outputs, groups)]
        assert worst(found, expected) < 1e-5
        if min(height, width) > 1:
            pooled = own.pooling(nn.Sequential(own.Grouped(layer), nn.MaxPool2d(2)))
            assert len(pooled) == 1
            assert torch.equal(pooled(x[:, places]), nn.functional.max_pool2d(found, 2))


def test_what_is_no_number_stays_none(compiled):
    layer = nn.Conv2d(64, 64, 3, padding=1, groups=kernels.lanes())
    whole, pooled = (
        own.Grouped(layer),
        own.pooling(nn.Sequential(own.Grouped(layer), nn.MaxPool2d(2))),
    )
    for y, x in ((0, 0), (1, 1), (1, 2), (2, 1), (2, 2)):  # one px of a pool, or two, or four
        image = torch.zeros(1, 64, 6, 6)
        image[0, 0, y, x] = torch.nan
        with torch.inference_mode():
            expected = layer(image)
            assert whole(image).isnan().sum() == expected.isnan().sum() > 0
            assert pooled(image).isnan().sum() == nn.MaxPool2d(2)(expected).isnan().sum() > 0


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("place", range(4))
def test_pooling_keeps_what_is_no_number(compiled, layout, place):
    x = torch.randn(18, 5, 2 * kernels.lanes() + 3)
    x[3, place // 2, place % 2] = torch.nan
    out = torch.empty((1, 18, 2, x.shape[2] // 2), memory_format=layout)
    kernels.pool_into(out[0], x)
    expected = torch.relu(nn.functional.max_pool2d(x[None], 2))
    assert torch.equal(out.isnan(), expected.isnan())
    assert torch.equal(out.nan_to_num(), expected.nan_to_num())


@pytest.mark.parametrize("width", [1, 31, 32, 33, 224])
def test_a_border_is_as_wide_as_the_kernel_reads(compiled, width):
    step = 2 * kernels.lanes()
    last = (width + step - 1) // step * step + 1  # of two registers that begin two px on
    assert kernels.bordered(torch.ones(1, 3, 4, width)).shape == (1, 3, 6, last + 1)


@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (15, 7), (16, 8), (33, 9), (512, 1120)])
def test_the_linear_kernel_computes_what_torch_does(compiled, threads, inputs, outputs):
    layer = nn.Linear(inputs, outputs)
    wide = torch.randn(1, 2 * inputs)
    for x in (torch.randn(1, inputs), torch.randn(3, inputs), wide[:, ::2]):
        with torch.inference_mode():
            assert worst(own.Linear(layer)(x), layer(x)) < 1e-4


@pytest.mark.parametrize(
    ("groups", "more"),
    [
        ([1, 1, 1, 1, 1], {}),
        ([1, 64, 64, 64, 64], {}),
        ([1, 32, 32, 32, 32], {"shuffle": True}),
        ([1, 32, 1, 32, 1], {}),
        ([1, 2, 4, 16, 64], {"shuffle": True}),
        ([1, 32, 64, 16, 8], {}),
        ([1, 16, 16, 16, 16], {"width": 0.5}),
    ],
)
@pytest.mark.parametrize("name", ["own_kernels", "own_kernels_winograd"])
def test_any_groups_give_eagers_logits(name, groups, more):
    if name not in runs_here([name], CPU)[0]:
        pytest.skip(runs_here([name], CPU)[1][name])
    net = vgg("vgg13_bn", groups, initialization="kaiming", seed=0, dropout=0.5, **SMALL, **more)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
            nn.init.normal_(layer.bias, 0, 0.1)
    for n in (1, 2):
        image = torch.randn(n, 3, 64, 64)
        expected = variants.output(net.eval(), image)
        found = variants.output(prepared(name, net, image), image)
        assert variants.difference(expected, found) < variants.TOLERANCE


def test_groups_that_fill_the_registers_use_the_kernel(compiled):
    for groups, count in (([1, 32, 64, 64, 64], 8), ([1, 2, 4, 16, 64], 4)):
        net = vgg("vgg13_bn", groups, initialization="kaiming", seed=0, dropout=0.5, **SMALL)
        layers = own.by_kernel(folding.features(net.eval()))
        assert sum(isinstance(layer, own.Grouped) for layer in layers) == count


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (2, 3, 7, 9), (1, 1, 2, 3)])
def test_two_maxima_pool_as_torch_does(shape):
    x = torch.randn(shape)
    x.view(-1)[1] = torch.nan
    pooled = winograd.MaxPool()(x)
    assert torch.equal(pooled.nan_to_num(), nn.MaxPool2d(2)(x).nan_to_num())
    assert pooled.isnan().sum() == 1


STEMS = [(1, 3, 32, 32), (2, 3, 49, 33), (1, 1, 28, 70), (1, 3, 97, 28), (0, 3, 28, 28)]


@pytest.mark.parametrize("outputs", [(1, 1), (7, 3), (16, 8), (44, 44)])
@pytest.mark.parametrize("shape", STEMS)
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_a_stem_strip_by_strip_is_its_layers(compiled, threads, shape, outputs, layout):
    if not winograd.is_there():
        pytest.skip("torch has no NNPACK for this CPU")
    first = nn.Conv2d(shape[1], outputs[0], 3, padding=1)
    second = nn.Conv2d(*outputs, 3, padding=1)
    stem = own.Stem(winograd.Product(first), winograd.Winograd(second), layout)
    layers = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.MaxPool2d(2))
    x = torch.randn(shape)
    with torch.inference_mode():
        found = stem(x)
        if not len(x):
            assert found.shape == (0, outputs[1], shape[2] // 2, shape[3] // 2)
            return
        assert worst(found, layers(x)) < 1e-4
        assert worst(stem(x.to(memory_format=torch.channels_last)), found) == 0
        assert worst(stem(torch.randn(shape)), found) > 1e-3  # no memory of the image before


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_a_stem_keeps_what_is_no_number_and_refuses_other_images(compiled, layout):
    if not winograd.is_there():
        pytest.skip("torch has no NNPACK for this CPU")
    first, second = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(16, 8, 3, padding=1)
    stem = own.Stem(winograd.Product(first), winograd.Winograd(second), layout)
    x = torch.zeros(1, 3, 64, 64)
    x[0, 0, 30, 30] = torch.nan
    layers = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.MaxPool2d(2))
    with torch.inference_mode():  # a tile of Winograd's spreads it
        assert layers(x).isnan().any()
        assert stem(x).isnan()[layers(x).isnan()].all()
    for other in (torch.zeros(1, 1, 64, 64), x.double(), torch.zeros(1, 3, 0, 64)):
        with pytest.raises(RuntimeError, match="maps of 3 channels of float32, not "):
            stem(other)


@pytest.mark.parametrize("groups", [[1, 1, 1, 1, 1], [1, 32, 64, 64, 64]])
def test_a_stem_and_pooling_stand_where_their_layers_stood(groups):
    if not runs_here(["own_kernels_winograd"], CPU)[0]:
        pytest.skip(runs_here(["own_kernels_winograd"], CPU)[1]["own_kernels_winograd"])
    net = vgg("vgg13_bn", groups, initialization="kaiming", seed=0, dropout=0.5, **SMALL).eval()
    run = own.folded_winograd(net, torch.randn(1, 3, 64, 64), None)
    kinds = [type(layer) for layer in run.modules()]
    grouped = groups[1] > 1
    assert kinds.count(own.Stem) == 1
    assert kinds.count(own.Grouped) == (8 if grouped else 0)
    assert [m.pool for m in run.modules() if isinstance(m, own.Grouped)] == [1, 2] * 4 * grouped
    assert nn.Dropout not in kinds
    layers = winograd.by_winograd(folding.features(net), torch.randn(1, 3, 16, 16))
    assert own.with_stem(layers) is layers  # too small for Winograd


@pytest.mark.parametrize(
    "pools", [(3,), (2, 2), (2, 3)], ids=lambda sizes: "-".join(map(str, sizes))
)
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_other_pooling_stays_torchs(compiled, pools, ceil_mode):
    layer = nn.Conv2d(64, 64, 3, padding=1, groups=kernels.lanes())
    pooling = [nn.MaxPool2d(size, ceil_mode=ceil_mode) for size in pools]
    x = torch.randn(1, 64, 13, 13)
    with torch.inference_mode():
        expected = nn.Sequential(own.Grouped(layer), *pooling)(x)
        found = own.pooling(nn.Sequential(own.Grouped(layer), *pooling))(x)
    assert torch.equal(found, expected)


@pytest.mark.parametrize("shape", [(1, 3, 5, 7), (2, 3, 4, 4), (3, 1, 1, 1)])
def test_a_product_is_the_convolution(shape):
    layer = nn.Conv2d(shape[1], 6, 3, padding=1)
    x = torch.randn(shape)
    with torch.inference_mode():
        assert worst(winograd.Product(layer)(x), layer(x)) < 1e-5


def test_another_input_is_refused_as_torch_does(compiled):
    net = vgg("vgg13_bn", [1, 32, 32, 32, 32], initialization="kaiming", seed=0, dropout=0, **SMALL)
    run = own.folded(net.eval(), torch.randn(1, 3, 64, 64), None)
    for image in (torch.randn(1, 3, 96, 96), torch.randn(1, 3, 32, 32)):
        with torch.inference_mode(), pytest.raises(RuntimeError, match="shapes"):
            run(image)
    layer = own.Grouped(nn.Conv2d(64, 64, 3, padding=1, groups=kernels.lanes()))
    for x in (
        torch.randn(1, 32, 4, 4),
        torch.randn(1, 64, 4, 4).double(),
        torch.randn(1, 64, 4, 0),
    ):
        with pytest.raises(RuntimeError, match="maps of 64 channels of float32, not "):
            layer(x)
    linear = nn.Linear(64, 8)
    for x in (torch.randn(1, 32), torch.randn(1, 64).double()):
        with pytest.raises(RuntimeError):
            own.Linear(linear)(x)


def test_other_numbers_and_layouts_give_torchs_values(compiled):
    net = vgg("vgg13_bn", [1, 32, 32, 32, 32], initialization="kaiming", seed=0, dropout=0, **SMALL)
    image = torch.randn(1, 3, 64, 64).double()
    with torch.inference_mode():
        expected = net.eval().double()(image)
        assert worst(own.folded(net, image, image)(image), expected) < 1e-9
        layer = nn.Linear(64, 8)
        layer.weight = nn.Parameter(torch.randn(64, 8).t())
        x = torch.randn(1, 64)
        assert worst(own.Linear(layer)(x), layer(x)) < 1e-4


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'no OpenMP here' >&2; exit 3", "cannot compile the kernels: no OpenMP here"),
        ("echo a note; printf 'x: error: \\377\\n' >&2; exit 1", "kernels: x: error: \ufffd"),
        ("exit 4", "cannot compile the kernels: exit status 4"),
        ("exit 0", "the kernels cannot be made or loaded: "),
        ("exec /bin/sleep 9", "no kernels after 1 s"),
    ],
)
def test_a_compiler_that_fails_leaves_them_out(tmp_path, monkeypatch, script, reason):
    broken = tmp_path / "c++"
    broken.write_text(f"#!/bin/sh\n{script}\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CXX", str(broken))
    monkeypatch.setattr(kernels, "LONGEST_S", 1)
    monkeypatch.setattr(kernels, "library", kernels.library.__wrapped__)
    found, skipped = runs_here(["eager", "own_kernels", "own_kernels_winograd"], CPU)
    assert found == ["eager"]
    assert skipped["own_kernels"].startswith(f"{broken}")
    assert reason in skipped["own_kernels"]
    assert "\n" not in skipped["own_kernels"]
    assert table.BACK_ENDS["own_kernels"].why_not("cuda") == "it runs on a CPU alone"


def test_no_room_for_them_leaves_them_out(compiled, tmp_path, monkeypatch):
    monkeypatch.setattr(kernels, "library", kernels.library.__wrapped__)
    monkeypatch.setattr(kernels.tempfile, "tempdir", str(tmp_path / "absent"))
    assert "the kernels cannot be made or loaded: " in kernels.why_not()


def test_a_machine_without_a_compiler_says_so(monkeypatch):
    monkeypatch.setattr(kernels, "library", kernels.library.__wrapped__)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    assert kernels.why_not() == table.NO_COMPILER
