"""The usual call of a layer asks little before it runs: it gives and refuses what the function does."""

import math

import pytest
import torch
from torch.func import functional_call
from torch.nn.utils import parametrize

import normlab
from cases import assert_close, example
from normlab import functional, nn
from normlab.errors import SettingError, ShapeError
from normlab.kernels import native, steady

C = 19  # no whole number of vectors
SHAPES = {"table": (7, C), "axis": (3, C, 33), "image": (3, C, 5, 9), "last": (3, C, 5, 9)}
by_shape = pytest.mark.parametrize("shape", SHAPES, ids=SHAPES)
by_form = pytest.mark.parametrize("form", [{}, {"simplified": True}, {"inverse": True}], ids=str)
BATCH = functional.batch_norm, functional.batch_norm_with_stats


def drawn(name, dtype=torch.float64):
    x = example(SHAPES[name], 3).to(dtype)
    return x.contiguous(memory_format=torch.channels_last) if name == "last" else x


def gdn(dtype=torch.float64, **form):
    """With raw parameters on both sides of their bounds."""
    layer = nn.GDN(C, sigma=0.8, dtype=dtype, **form)
    with torch.no_grad():
        layer.raw_sigma.copy_(example((C,), 5) * 0.5 + 0.3)
        layer.raw_pool_weight.copy_(example((C, C), 6))
    return layer


def near(a, b, share):
    return bool((a - b).abs().max() <= share * b.abs().max())


def slopes(layer, x, run):
    leaf = x.detach().requires_grad_()
    y = run(leaf)
    given = leaf, layer.raw_sigma, layer.raw_pool_weight
    return y, *torch.autograd.grad((y * y.detach().cos()).sum(), given)


@by_shape
@by_form
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_gdn_is_its_function_of_the_bounded_parameters(shape, form, dtype):
    layer, x = gdn(dtype, **form), drawn(shape, dtype)

    def by_function(x):
        return functional.gdn(x, layer.sigma, layer.pool_weight, **form)

    found, right = slopes(layer, x, layer), slopes(layer, x, by_function)
    assert bool((layer.raw_pool_weight < 0).any() and (layer.raw_sigma < layer.least_sigma).any())
    for a, b in zip(found, right, strict=True):
        # the same kernel; the parameters are taken on another way, in a few roundings
        assert near(a, b, 32 * torch.finfo(dtype).eps)
    with torch.no_grad():
        assert near(layer(x), by_function(x), 32 * torch.finfo(dtype).eps)


@by_form
def test_second_derivatives_of_gdn(form):
    layer, x = gdn(**form), example((2, C, 4, 4)).requires_grad_()
    with torch.no_grad():  # differentiable: away from the bounds
        layer.raw_sigma.abs_().add_(0.1)
        layer.raw_pool_weight.abs_().add_(0.1)

    def run(x, sigma, weight):
        return functional_call(layer, {"raw_sigma": sigma, "raw_pool_weight": weight}, (x,))

    given = x, layer.raw_sigma, layer.raw_pool_weight
    assert torch.autograd.gradgradcheck(run, given, atol=1e-5, fast_mode=True)


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("name", ["raw_sigma", "raw_pool_weight"])
def test_parameters_of_gdn_that_are_not_finite_are_refused(name, value):
    layer = nn.GDN(C)
    with torch.no_grad():
        getattr(layer, name).view(-1)[3] = value
    with pytest.raises(SettingError, match="finite and >= 0"):
        layer(drawn("image", torch.float32))


def test_a_class_may_give_gdn_weights_of_its_own():
    class Doubled(nn.GDN):
        @property
        def pool_weight(self):
            return 2 * super().pool_weight

    layer, x = Doubled(C, dtype=torch.float64), drawn("image")
    assert_close(layer(x), functional.gdn(x, layer.sigma, layer.pool_weight))


class Positive(torch.nn.Module):
    def forward(self, raw):
        return raw.exp()


@pytest.mark.parametrize(
    ("layer", "name"),
    [(nn.GDN(C), "raw_sigma"), (nn.LayerNorm(C), "weight"), (nn.BatchNorm(C), "bias")],
    ids=["GDN", "layer", "batch"],
)
def test_parametrised_parameters_are_used(layer, name):
    x = drawn("table", torch.float32)
    plainly = layer(x).detach()
    parametrize.register_parametrization(layer, name, Positive())
    assert not torch.allclose(layer(x), plainly)
    assert_close(getattr(layer, name), layer.parametrizations[name].original.exp())


def rows_of(width):
    """Ordinary ones, ones that hardly vary, and ones whose mean is large but for one value."""
    rows = example((40, width), 2)
    for i, scale in enumerate(10.0 ** torch.arange(-9, 9)):
        rows[2 * i] *= scale
        rows[2 * i + 1] = scale * (1 + 1e-4 * rows[2 * i + 1])
        rows[2 * i + 1, i % width] = (-1e-9, 0.0, -1.0, -scale)[i % 4]
    return rows


@pytest.mark.skipif(native.in_use() is None, reason="there are no kernels")
@pytest.mark.parametrize("width", [2, 7, 64, 1000])
@pytest.mark.parametrize("eps", [0.0, 1e-5, 1.0])
def test_rows_that_seem_to_vary_need_no_center(width, eps):
    seem = 0
    for row in rows_of(width):
        mean, var = row.mean().reshape(1), row.var(correction=0)
        if steady.varies(row, width, eps):
            seem += 1
            # strictly below the limits of torch's own statistics, but for their rounding
            assert not steady.shows(mean, (var + eps).rsqrt().reshape(1) * (1 - 1e-12), eps)
    assert seem >= 4
    ordinary = (torch.arange(4 * width) % width % 2 * 3.0 - 1).view(4, width)
    assert steady.varies(ordinary, width, 0.0)
    assert not steady.varies(ordinary + 10, width, 0.0)
    assert not steady.varies(ordinary, width - 1, 0.0)  # no whole rows


@pytest.mark.skipif(native.in_use() is None, reason="there are no kernels")
def test_the_usual_call_is_told():
    told = str(normlab.explain(nn.GDN(C), drawn("image", torch.float32)))
    assert told == f"gdn: C++ kernels ({native.in_use()})"
    few = str(normlab.explain(nn.GDN(C), torch.ones(2, C, 3, 3)))
    assert few.startswith("gdn: torch's operators, since an image has fewer than")


@pytest.mark.parametrize("place", range(4), ids=["weight", "bias", "running_mean", "running_var"])
@pytest.mark.parametrize("size", [C - 1, C + 1])
@pytest.mark.parametrize("function", BATCH, ids=lambda f: f.__name__)
def test_parameters_of_another_number_of_channels_are_refused(function, size, place):
    own = [torch.ones(C) for _ in range(4)]
    own[place] = torch.ones(size)
    weight, bias, *held = own
    name = ("weight", "bias", "running_mean", "running_var")[place]
    for x in (drawn("table", torch.float32), drawn("image", torch.float32)):
        for training in (True, False):
            with pytest.raises(ShapeError, match=rf"{name} has shape \({size},\).* its {C} chann"):
                function(x, *held, weight, bias, training)
            with pytest.raises(ShapeError, match=f"{name} has shape"):
                functional.instance_norm(x.view(1, C, -1), *held, weight, bias, training)
    assert all(bool((a == 1).all()) for a in own)


def test_a_layer_whose_weight_was_replaced_refuses_it():
    layer = nn.BatchNorm(C)
    layer.weight = torch.nn.Parameter(torch.ones(C - 1))
    with pytest.raises(ShapeError, match="weight has shape"):
        layer(drawn("table", torch.float32))
    assert bool((layer.running_mean == 0).all())
    assert int(layer.num_batches_tracked) == 0


@pytest.mark.parametrize("rows", [8, 40], ids=["few rows", "columns"])
def test_a_table_of_a_large_mean_keeps_its_statistics_and_digits(rows):
    """The running statistics that torch's sums had moved are put back, and moved by the exact ones."""
    x = (example((rows, C)) + 1e4).float()
    layer, wide = nn.BatchNorm(C), torch.nn.BatchNorm1d(C).double()
    for _ in range(2):
        assert near(layer(x).double(), wide(x.double()), 1e-6)
    assert near(layer.running_var.double(), wide.running_var, 1e-5)
    assert int(layer.num_batches_tracked) == 2
