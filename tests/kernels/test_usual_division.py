"""The usual call of the layers that divide by neighbours is the function of the same name, to the bit."""

import copy
import weakref

import pytest
import torch
from built import needs_kernels

import normlab
from cases import example
from normlab import functional, nn
from normlab.errors import NormlabError, ShapeError
from normlab.kernels import native
from normlab.nn import dividing

pytestmark = needs_kernels
C = 20
LAYERS = {
    "local response": lambda: nn.LocalResponseNorm(5),
    "local response, others": lambda: nn.LocalResponseNorm(4, alpha=0.3, beta=0.6, k=2.0),
    "local contrast": lambda: nn.LocalContrastNorm(C, size=5),
    "local contrast, plain": lambda: nn.LocalContrastNorm(C, size=3, window="box", affine=False),
    "channels": lambda: nn.DivisiveNorm(C),
    "a σ for each": lambda: nn.DivisiveNorm(C, sigma=torch.linspace(0.5, 2.0, C)),
    "one σ": lambda: nn.DivisiveNorm(C, shared_sigma=True, outer_power=0.5, drive_power=1.0),
    "σ that is kept": lambda: nn.DivisiveNorm(C, learn_sigma=False, affine=False),
    "power 1": lambda: nn.DivisiveNorm(C, power=1.0, reduce="mean"),
    "box": lambda: nn.DivisiveNorm(C, size=3, window="box"),
    "each channel's own": lambda: nn.DivisiveNorm(C, size=5, over="s"),
    "neighbours": lambda: nn.DivisiveNorm(C, channel_size=3),
}
by_layer = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
SHAPES = {"image": (2, C, 6, 7), "line": (3, C, 30), "volume": (1, C, 3, 4, 5)}
KINDS = {torch.float64: 1e-12, torch.float32: 2e-6, torch.bfloat16: 1e-2}


def made(make, dtype=torch.float32):
    layer = make().to(torch.float32 if dtype == torch.bfloat16 else dtype)
    for seed, (name, a) in enumerate(layer.named_parameters()):
        # weights of both signs; some σ below its bound
        shift = 0.0 if name == "bias" else 0.9 if "raw" in name else 0.2
        a.data += 0.5 * example(a.shape, seed).to(a.dtype) - (1 - shift)
    return layer


def by_steps(layer, *given):
    """y by the function of the layer's name."""
    if isinstance(layer, nn.DivisiveNorm):
        return layer._other_call(*given)
    return layer._other_call(*given, None)


def counted(monkeypatch):
    seen = []
    usual = dividing.usual

    def call(*given):
        seen.append(usual(*given))
        return seen[-1]

    monkeypatch.setattr(dividing, "usual", call)
    return seen


@by_layer
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("dtype", KINDS, ids=str)
def test_values_and_gradients(monkeypatch, make, shape, dtype):
    seen, layer = counted(monkeypatch), made(make, dtype)
    x, g = example(shape).to(dtype).requires_grad_(), example(shape, 7).to(dtype)
    given = [x, *layer.parameters()]
    y, steps = layer(x), by_steps(layer, x)
    assert torch.equal(y, steps)
    assert seen and all(a is not None for a in seen)
    with torch.no_grad():
        assert torch.equal(layer(x), y)
    for a, b in zip(
        torch.autograd.grad(y, given, g), torch.autograd.grad(steps, given, g), strict=True
    ):
        assert (a - b).abs().max() <= KINDS[dtype] * b.abs().max()


@by_layer
def test_second_derivatives_and_several_gradients(make):
    layer = made(make, torch.float64)
    x, g = example(SHAPES["image"]).requires_grad_(), example(SHAPES["image"], 7).requires_grad_()
    given, found = [x, *layer.parameters()], []
    for y in (layer(x), by_steps(layer, x)):
        both = torch.autograd.grad(
            y, given, torch.stack([g, 2 * g]), is_grads_batched=True, retain_graph=True
        )
        slopes = torch.autograd.grad(y, given, g, create_graph=True)
        total = sum(a.square().sum() for a in slopes)
        found.append([*both, *torch.autograd.grad(total, [*given, g], allow_unused=True)])
    for a, b in zip(*found, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


@by_layer
def test_explained_as_the_function(make):
    layer, x = make(), example(SHAPES["image"]).float()
    (call,) = normlab.explain(layer, x).calls
    assert call[0] in ("local_response_norm", "local_contrast_norm", "divisive_norm")
    assert "C++ kernels" in call[1]


def test_settings_that_change_are_seen():
    layer, x = nn.LocalResponseNorm(5), example(SHAPES["image"]).float()
    before = layer(x)
    layer.alpha, layer.size = 0.5, 3
    assert torch.equal(layer(x), functional.local_response_norm(x, 3, alpha=0.5))
    assert not torch.equal(layer(x), before)
    other = nn.DivisiveNorm(C, size=3)
    other(x)
    other.plain["size"] = 5
    expected = functional.divisive_norm(
        x, sigma=other.sigma, size=5, weight=other.weight, bias=other.bias
    )
    assert torch.equal(other(x), expected)
    assert torch.equal(copy.deepcopy(other)(x), expected)


def test_a_width_that_is_a_list():
    layer, x = nn.DivisiveNorm(C, width=[1.0] * C), example(SHAPES["image"]).float()
    assert torch.equal(layer(x), by_steps(layer, x))


def test_tensors_among_the_settings_are_not_kept():
    layer, x, kept = nn.DivisiveNorm(C), example(SHAPES["image"]).float(), []
    for number in range(3):
        layer.power_given = torch.tensor(1.5 + number)
        kept.append(weakref.ref(layer.power_given))
        layer(x)
    layer.power_given = 2.0
    assert not any(each() is not None for each in kept)


def test_a_size_that_is_no_whole_number_is_refused_each_time():
    x = example(SHAPES["image"]).float()
    for size in (3, 3.0, 3):
        layer = nn.LocalResponseNorm(3)
        layer.size = size
        assert told(layer, x) == told(lambda x, layer=layer: by_steps(layer, x), x)


@by_layer
def test_fx_records_the_layer_alone(make):
    graph = torch.fx.symbolic_trace(torch.nn.Sequential(make())).graph
    assert [node.op for node in graph.nodes] == ["placeholder", "call_module", "output"]


def told(call, x):
    """What comes of it, in one form: y, or the error and its words."""
    try:
        return call(x).nan_to_num(5.0).tolist()
    except NormlabError as error:
        return type(error), str(error)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
@pytest.mark.parametrize("make", [LAYERS["channels"], LAYERS["local contrast"]])
def test_a_sigma_that_is_no_number(make, value):
    layer, x = make(), example(SHAPES["image"]).float()
    layer.raw_sigma.data.fill_(value)
    assert told(layer, x) == told(lambda x: by_steps(layer, x), x)


@by_layer
def test_what_does_not_fit_is_told_in_words(make):
    layer = make()
    for x in (torch.ones(3), torch.ones(2, C + 1, 4, 4), torch.ones(2, C), torch.ones(0, C, 4, 4)):
        assert told(layer, x) == told(lambda x: by_steps(layer, x), x)
    if hasattr(layer, "num_channels"):
        with pytest.raises(ShapeError, match="num_channels"):
            layer(torch.ones(2, C + 1, 4, 4))


ROWS = {
    "image": ((2, 64, 32, 33), torch.channels_last),
    "table": ((1100, 64), torch.contiguous_format),
    "narrow table": ((4097, 16), torch.contiguous_format),
}


@pytest.mark.parametrize(("shape", "order"), ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("powers", [{}, {"drive_power": 1.0, "outer_power": 0.5}])
def test_rows_of_channels_that_are_cut_unevenly(shape, order, powers):
    """The last piece is shorter than the others: room is needed for the others."""
    layer = nn.DivisiveNorm(shape[1], **powers)
    x = example(shape).float().contiguous(memory_format=order).requires_grad_()
    g, given, found = example(shape, 7).float(), [x, *layer.parameters()], []
    for path in (native.in_use(), "off"):
        with native.forced(path):
            y = layer(x)
            found.append([y, *torch.autograd.grad(y, given, g)])
    for a, b in zip(*found, strict=True):
        assert (a - b).abs().max() <= 2e-5 * b.abs().max()
