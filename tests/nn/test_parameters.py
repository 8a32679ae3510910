"""Weights, biases and statistics that do not fit each other or x: refused in the same words in every size."""

import pytest
import torch
from torch import nn as torchs

from cases import exact, example
from normlab import functional, nn
from normlab.errors import DtypeError, ShapeError
from normlab.kernels import native

C = 8
SMALL, LARGE = (4, C, 3, C), (64, C, 20, C)  # of the second one, kernels take part
PATHS = ("off", native.in_use() or "off")
HALF, FLOAT = torch.bfloat16, torch.float32


def instance(x, weight, bias, mask=None):
    return functional.instance_norm(x, None, None, weight, bias, mask=mask)


def tracked(x, weight, bias, mask=None):
    held = (torch.zeros(C, dtype=weight.dtype), torch.ones(C, dtype=weight.dtype))
    return functional.instance_norm(x, *held, weight, bias, mask=mask)


def batch(x, weight, bias, mask=None):
    return functional.batch_norm(x, None, None, weight, bias, True, mask=mask)


def batch_with_stats(x, weight, bias, mask=None):
    return functional.batch_norm_with_stats(x, None, None, weight, bias, mask=mask)[0]


def evaluated(x, weight, bias, mask=None):
    held = (torch.zeros(C, dtype=weight.dtype), torch.ones(C, dtype=weight.dtype))
    return functional.batch_norm(x, *held, weight, bias, mask=mask)


def group(x, weight, bias, mask=None):
    return functional.group_norm(x, 2, weight, bias, mask=mask)


def layer(x, weight, bias, mask=None):
    return functional.layer_norm(x, (C,), weight, bias, mask=mask)


FUNCTIONS = {
    "batch_norm": batch,
    "batch_norm, evaluation": evaluated,
    "batch_norm_with_stats": batch_with_stats,
    "instance_norm": instance,
    "instance_norm, tracked": tracked,
    "group_norm": group,
    "layer_norm": layer,
}
by_function = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
LAYERS = {
    "batch": lambda: nn.BatchNorm(C),
    "batch, evaluation": lambda: nn.BatchNorm(C).eval(),
    "instance": lambda: nn.InstanceNorm(C, affine=True),
    "group": lambda: nn.GroupNorm(2, C),
    "layer": lambda: nn.LayerNorm(C),
    "channels of a place": lambda: nn.LayerNorm2d(C),
    "ghost": lambda: nn.beyond.GhostBatchNorm(C, 2),
}
# these compute in float32 or wider, whatever dtypes they are given
WIDENING = {
    "rms": lambda: nn.RMSNorm(C, eps=1e-5),
    "gdn": lambda: nn.GDN(C),
    "gdn1": lambda: nn.GDN(C, simplified=True),
    "divisive": lambda: nn.DivisiveNorm(C, affine=True),
    "box": lambda: nn.DivisiveNorm(C, size=3, window="box", affine=True),
    "local contrast": lambda: nn.LocalContrastNorm(C, size=3, affine=True),
    "filter response": lambda: nn.beyond.FilterResponseNorm(C),
    "renorm": lambda: nn.beyond.BatchRenorm(C),
}


@pytest.fixture(params=dict.fromkeys(PATHS))
def path(request):
    with native.forced(request.param):
        yield


@by_function
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("shape", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("kinds", [(HALF, FLOAT), (FLOAT, HALF)], ids=["half first", "float first"])
@pytest.mark.usefixtures("path")
def test_a_weight_and_a_bias_of_two_dtypes(function, shape, kinds, masked):
    weight, bias = (torch.ones(C, dtype=kind) for kind in kinds)
    mask = torch.ones(shape, dtype=torch.bool) if masked else None
    one, other = (str(kind).removeprefix("torch.") for kind in kinds)
    words = (
        f"weight is {one}, bias is {other}; give weights and statistics in one dtype, for example "
        f"bias.to(torch.{one})."
    )
    with pytest.raises(DtypeError, match=f": {exact(words)[1:]}"):
        function(example(shape).to(HALF), weight, bias, mask)


NOT_REAL = [torch.int64, torch.bool, torch.complex64, torch.float8_e4m3fn]


@by_function
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("shape", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("kind", NOT_REAL, ids=str)
@pytest.mark.usefixtures("path")
def test_a_weight_or_bias_that_is_not_real(function, shape, kind, masked):
    mask = torch.ones(shape, dtype=torch.bool) if masked else None
    for x in (example(shape).float(), example(shape).to(HALF)):
        for place, what in enumerate(("weight", "bias")):
            own = [torch.ones(C), torch.ones(C)]
            own[place] = own[place].to(kind)
            with pytest.raises(DtypeError, match=f": {not_real(what, kind)}"):
                function(x, *own, mask)


def not_real(what, kind):
    given = str(kind).removeprefix("torch.")
    size = " of at least 16 bits" if kind.is_floating_point else ""
    words = f"{what} is {given}; give a floating-point tensor{size}, for example "
    return exact(f"{words}{what}.to(torch.float32).")[1:]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("kind", NOT_REAL, ids=str)
@pytest.mark.usefixtures("path")
def test_a_statistic_that_is_not_real(shape, kind, training):
    for place, what in enumerate(("running_mean", "running_var")):
        held = [torch.zeros(C), torch.ones(C)]
        held[place] = held[place].to(kind)
        for norm in (functional.batch_norm, functional.instance_norm):
            with pytest.raises(DtypeError, match=f": {not_real(what, kind)}"):
                norm(example(shape).float(), *held, None, None, training)


@by_function
@pytest.mark.parametrize("kinds", [(FLOAT, HALF), (torch.float64, HALF), (torch.float16, HALF)])
def test_a_half_weight_of_a_wider_x(function, kinds):
    """It is the weight that loses nothing when it is converted."""
    wide, narrow = kinds
    one, other = (str(kind).removeprefix("torch.") for kind in kinds)
    words = (
        f"x is {one}, weights or statistics are {other}; give both in one dtype, for example "
        f"weight.to(torch.{one}). (With float32 weights x may also be half.)"
    )
    with pytest.raises(DtypeError, match=f": {exact(words)[1:]}"):
        function(example(SMALL).to(wide), torch.ones(C, dtype=narrow), torch.ones(C, dtype=narrow))


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("shape", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.usefixtures("path")
def test_a_layer_with_a_bias_of_another_dtype(make, shape):
    module = make()
    module.bias.data = module.bias.data.to(HALF)
    with pytest.raises(DtypeError, match=r"weight is float32, bias is bfloat16; give"):
        module(example(shape).to(HALF))


@pytest.mark.parametrize("shape", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.usefixtures("path")
def test_statistics_of_another_dtype_than_the_weight(shape, training):
    held = torch.zeros(C), torch.ones(C)
    words = "weight is bfloat16, running_mean is float32; give weights and statistics in one dtype"
    for norm in (functional.batch_norm, functional.instance_norm):
        with pytest.raises(DtypeError, match=words):
            norm(example(shape).to(HALF), *held, torch.ones(C, dtype=HALF), None, training)
    with pytest.raises(DtypeError, match="running_mean is float32, running_var is bfloat16"):
        functional.batch_norm(example(shape).to(HALF), held[0], held[1].to(HALF), training=training)
    assert bool((held[0] == 0).all())


@pytest.mark.parametrize("make", (LAYERS | WIDENING).values(), ids=LAYERS | WIDENING)
@pytest.mark.parametrize("shape", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.usefixtures("path")
def test_half_x_with_float32_parameters(make, shape):
    """Within two roundings, to float32 and to the dtype, of the same numbers in float64."""
    x = example(shape).to(HALF)
    y, expected = make()(x), make().double()(x.double())
    limit = torch.finfo(HALF).eps * expected.abs().max()
    assert y.dtype == HALF and bool(((y.double() - expected).abs() <= limit).all())


@pytest.mark.parametrize("make", WIDENING.values(), ids=WIDENING)
@pytest.mark.parametrize("shape", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.usefixtures("path")
def test_layers_that_widen_take_parameters_of_several_dtypes(make, shape):
    module, same = make(), make().double()
    for i, (parameter, other) in enumerate(
        zip(module.parameters(), same.parameters(), strict=True)
    ):
        parameter.data = parameter.data.to((HALF, FLOAT)[i % 2])
        other.data = parameter.data.double()
    x = example(shape).float().requires_grad_()
    y, expected = module(x), same(x.detach().double())
    y.sum().backward()
    torch.testing.assert_close(y.double(), expected, rtol=1e-5, atol=1e-5)
    for parameter in module.parameters():
        assert parameter.grad is not None and parameter.grad.dtype == parameter.dtype


SIZES = [(C - 1,), (C + 1,), (1,), (1, C), (C, 1)]


@by_function
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("place", [0, 1], ids=["weight", "bias"])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.usefixtures("path")
def test_a_weight_or_bias_of_another_shape(function, size, place, masked):
    own = [torch.ones(C), torch.ones(C)]
    own[place] = torch.ones(size)
    mask = torch.ones(SMALL, dtype=torch.bool) if masked else None
    needs = rf"normalized_shape=\({C},\) needs one of the same shape\."
    if function is not layer:
        needs = rf"x \(4, {C}, 3, {C}\) needs a vector of one value for each of its {C} channels\."
    given = f"{('weight', 'bias')[place]} has shape {exact(str(size))[1:-1]}"
    with pytest.raises(ShapeError, match=f": {given}; {needs}$"):
        function(example(SMALL).float(), *own, mask)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("shape", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.usefixtures("path")
def test_rms_norm_of_a_weight_of_another_shape(size, shape, masked):
    mask = torch.ones(shape, dtype=torch.bool) if masked else None
    words = exact(
        f"rms_norm: weight has shape {size}; normalized_shape=({C},) needs one of the same shape."
    )
    with pytest.raises(ShapeError, match=words):
        functional.rms_norm(example(shape), (C,), torch.ones(size).double(), mask=mask)
    module = nn.RMSNorm(C).double()
    module.weight = torchs.Parameter(torch.ones(size).double())
    with pytest.raises(ShapeError, match=words):
        module(example(shape), mask)


@pytest.mark.parametrize("kind", NOT_REAL, ids=str)
@pytest.mark.parametrize("shape", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.usefixtures("path")
def test_rms_norm_of_a_weight_that_is_not_real(kind, shape, masked):
    mask = torch.ones(shape, dtype=torch.bool) if masked else None
    with pytest.raises(DtypeError, match=f"^rms_norm: {not_real('weight', kind)}"):
        functional.rms_norm(example(shape), (C,), torch.ones(C, dtype=kind), mask=mask)


@pytest.mark.parametrize("masked", [False, True])
def test_an_x_that_does_not_end_in_the_shape(masked):
    x = example(SMALL)
    mask = torch.ones(SMALL, dtype=torch.bool) if masked else None
    for name in ("layer_norm", "rms_norm"):
        norm = getattr(functional, name)
        words = f"{name}: x has shape {SMALL}, which does not end in (5, 7). Use normalized_shape=(3, {C})."
        with pytest.raises(ShapeError, match=exact(words)):
            norm(x, (5, 7), mask=mask)
        words = (
            f"{name}: x is a single number, without dimensions; give at least one, for example "
            f"x.reshape(1)."
        )
        with pytest.raises(ShapeError, match=exact(words)):
            norm(x[0, 0, 0, 0], (1,), mask=mask if mask is None else mask[0, 0, 0, 0])
        norm(x[0, 0, 0, 0].reshape(1), (1,), eps=1.0)
        words = f"{name}: normalized_shape is empty; give the size of at least one dimension."
        with pytest.raises(ShapeError, match=exact(words)):
            norm(x, (), mask=mask)


@pytest.mark.parametrize("name", ["group", "layer", "instance"])
@pytest.mark.parametrize("kind", [FLOAT, HALF])
@pytest.mark.parametrize("frozen", [False, True])
def test_a_bias_alone_learns(name, kind, frozen):
    """As beside a weight of ones; torch's operators give it no gradient, or another error."""
    function = {"group": group, "layer": layer, "instance": instance}[name]
    x, g = example(SMALL).to(kind).requires_grad_(not frozen), example(SMALL, 3).to(kind)
    found = []
    for weight in (None, torch.ones(C)):
        bias = torch.zeros(C).requires_grad_()
        y = function(x, weight, bias)
        found += [y.detach(), *torch.autograd.grad(y, bias, g)]
    assert torch.equal(found[0], found[2]) and torch.equal(found[1], found[3])
    if kind == FLOAT:
        dims = (0, 1, 2) if name == "layer" else (0, 2, 3)
        torch.testing.assert_close(found[1], g.sum(dims))
