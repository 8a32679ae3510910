"""Derivatives of every layer against finite differences in float64, at exact zeros too."""

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call

from cases import by_mode, example, layer_of

SHAPE = (2, 4, 3)


def some_zeros():
    x = example(SHAPE)
    x[0, 0], x[1, 2, 1] = 0.0, 0.0
    return x


def zero_sample():
    x = example(SHAPE)
    x[0] = 0.0
    return x


X = {"random": lambda: example(SHAPE), "some zeros": some_zeros, "a zero sample": zero_sample}


def as_function(layer):
    """The layer as a function of x and of every parameter, with values to take it at."""
    names, values = zip(("x", None), *layer.named_parameters(), strict=True)

    def y(x, *parameters):
        return functional_call(layer, dict(zip(names[1:], parameters, strict=True)), (x,))

    return y, [value.detach().clone().requires_grad_() for value in values[1:]]


@pytest.mark.proves("gradcheck")
@by_mode
@pytest.mark.parametrize("make", X.values(), ids=X)
def test_first_derivatives(row, make, training):
    y, parameters = as_function(layer_of(row, SHAPE).train(training))
    assert gradcheck(y, (make().requires_grad_(), *parameters))


@pytest.mark.proves("gradcheck")
@by_mode
def test_second_derivatives(row, training):
    y, parameters = as_function(layer_of(row, SHAPE).train(training))
    inputs = example(SHAPE).requires_grad_(), *parameters
    assert gradgradcheck(y, inputs, grad_outputs=torch.ones(SHAPE).double().requires_grad_())
