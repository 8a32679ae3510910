"""Gradients against finite differences in float64, at exact zeros too."""

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from cases import POOL_WEIGHT, SHAPE, affine, assert_close, example, settings_of
from normlab import normalize, table
from normlab.equation.variants import STD_PLUS_EPS, divisive, jarrett

SMALL = (2, 4, 3)


def some_zeros():
    x = example(SMALL)
    x[0, 0], x[1, 2, 1] = 0.0, 0.0
    return x


def zero_sample():
    x = example(SMALL)
    x[0] = 0.0
    return x


X = {"random": lambda: example(SMALL), "some zeros": some_zeros, "a zero sample": zero_sample}
by_x = pytest.mark.parametrize("make", X.values(), ids=X)


def leaf(value):
    return torch.as_tensor(value, dtype=torch.float64).clone().requires_grad_()


def holds(function, *inputs, check=gradcheck):
    assert check(function, inputs)


@by_x
def test_x_weight_and_bias(row, make):
    own = affine(row, SMALL)

    def y(x, weight, bias):
        return normalize(x, row, weight=weight, bias=bias, **settings_of(row)).y

    holds(y, leaf(make()), leaf(own["weight"]), leaf(own["bias"]))


@by_x
def test_sigma(row, make):
    name = row.sigma.setting
    one = leaf(settings_of(row)[name])
    each = leaf(torch.linspace(0.4, 0.9, 4))
    for sigma in (one, each):
        holds(
            lambda x, s: normalize(x, row, **settings_of(row, **{name: s})).y, leaf(make()), sigma
        )


@by_x
def test_pool_input(row, make):
    e = example(SMALL, seed=5)
    e[1, 0] = 0.0
    holds(lambda x, e: normalize(x, row, pool_input=e, **settings_of(row)).y, leaf(make()), leaf(e))


@by_x
def test_mask(row, make):
    mask = torch.tensor([[True, True, False], [True, True, True]])
    holds(lambda x: normalize(x, row, mask=mask, **settings_of(row)).y, leaf(make()))


@by_x
def test_operands(row, make):
    def operands(x):
        out = normalize(x, row, **settings_of(row))
        return [o for o in (out.center, out.scale, out.pool) if o.requires_grad]

    holds(operands, leaf(make()))


def test_given_statistics(row):
    def y(x, mean, var):
        given = (mean if row.center else None, var)
        return normalize(x, row, statistics=given, **settings_of(row)).y

    mean = leaf(torch.linspace(-1, 1, 4)) if row.center else torch.zeros(())
    holds(y, leaf(some_zeros()), mean, leaf(torch.linspace(0.2, 2, 4)))


@by_x
@pytest.mark.parametrize("name", ["gdn", "gdn1"])
def test_pool_weight(name, make):
    holds(
        lambda x, w: normalize(x, name, sigma=0.8, pool_weight=w).y, leaf(make()), leaf(POOL_WEIGHT)
    )


@by_x
@pytest.mark.parametrize("power", [1.0, 1.5, 2.0, 3.0])
def test_a_power_that_learns(make, power):
    x = leaf(example(SMALL) if power == 1.5 else make())  # at 0 a finite difference is off by √h

    def y(x, n, s):
        return normalize(x, "divisive", sigma=s, power=n).y

    holds(y, x, leaf(power), leaf(0.7))
    number, tensor = (y(x, n, 0.7) for n in (power, leaf(power)))
    assert_close(tensor, number)


@by_x
def test_variants(make):
    x = leaf(make())
    holds(lambda x: normalize(x, STD_PLUS_EPS, eps=0.1).y, x)
    row, e = divisive(learned=True), {"pool_weight": POOL_WEIGHT, "power": 3.0}
    holds(lambda x: normalize(x, row, **e).y, x)
    row = divisive(spatial=True)
    holds(lambda x: normalize(x, row, size=3, width=[0.5, 0.7, 1.0, 2.0]).y, x)


def test_jarrett():
    holds(lambda x: jarrett(x, size=3).y, leaf(example((2, 2, 6))))


def test_jarrett_has_a_gradient_on_a_flat_patch():
    """√ of the exactly zero deviation of a black border has an infinite slope."""
    x = example((1, 1, 16))
    x[..., :8] = 0.0
    x.requires_grad_()
    (grad,) = torch.autograd.grad(jarrett(x, size=3).y.square().sum(), x)
    assert grad.isfinite().all() and grad[..., 8:].abs().min() > 0


def test_second_order(row):
    x = leaf(example(SMALL))
    holds(lambda x: normalize(x, row, **settings_of(row)).y, x, check=gradgradcheck)


@pytest.mark.parametrize("power", [0.25, 0.5, 0.99])
def test_below_one_the_gradient_at_zero_is_zero(power):
    """There the slope is infinite; 0 is returned, and nothing else is disturbed."""
    x = torch.tensor([[0.0, 2.0, -3.0]], dtype=torch.float64, requires_grad=True)
    out = normalize(x, "divisive", power=power)
    (grad,) = torch.autograd.grad(out.y.sum(), x)
    assert grad[0, 0] == 0.0
    y = torch.stack([torch.zeros(()), *_divided(leaf([2.0, -3.0]), power)])
    assert (out.y[0] - y).abs().max() < 1e-15
    rest = leaf([2.0, -3.0])
    (expected,) = torch.autograd.grad(_divided(rest, power).sum(), rest)
    assert (grad[0, 1:] - expected).abs().max() < 1e-15


def _divided(x, power):
    return x.sign() * x.abs() ** power / (1.0 + (x.abs() ** power).sum())


def test_the_zero_vector_has_a_finite_gradient(row):
    """With the row's own settings: of L2 the slope at 0 is 1/eps."""
    x = torch.zeros(SHAPE, dtype=torch.float64, requires_grad=True)
    out = normalize(x, row)
    (grad,) = torch.autograd.grad(out.y.sum(), x)
    assert grad.isfinite().all() and bool((out.y == 0).all())
    if row.name == "l2":
        assert bool((grad == 1e12).all())


def test_powers_of_zero_have_no_nan_when_sigma_learns():
    """σ = 0 over silent channels is 0/0; one active channel is enough to define all outputs."""
    x = torch.tensor([[0.0, 2.0]], dtype=torch.float64, requires_grad=True)
    for name in ("divisive", "gdn", "l2", "rms"):
        sigma = torch.zeros((), dtype=torch.float64, requires_grad=True)
        settings = {table[name].sigma.setting: sigma}
        weight = {"pool_weight": torch.ones(2, 2)} if name == "gdn" else {}
        grads = torch.autograd.grad(normalize(x, name, **settings, **weight).y.sum(), (x, sigma))
        assert all(grad.isfinite().all() for grad in grads)
