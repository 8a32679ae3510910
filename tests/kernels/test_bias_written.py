"""A bias may be written to before backward: no slope depends on it. Only torch's layer norm keeps it."""

import pytest
import torch

from cases import example
from normlab import functional, nn
from normlab.kernels import native

C = 8
SHAPE = (64, C, 20, 8)
MASK = torch.arange(64 * 20 * 8).view(64, 1, 20, 8) % 3 > 0
OWN = {"weight": torch.linspace(0.5, 1.5, C).double(), "bias": torch.linspace(-1, 1, C).double()}


def learned(x, weight, bias):
    matrix = 0.1 + 0.3 * torch.eye(C, dtype=x.dtype)
    return functional.divisive_norm(x, pool_weight=matrix, weight=weight, bias=bias)


CALLS = {
    "batch": lambda x, w, b: functional.batch_norm(x, None, None, w, b, True),
    "batch of a mask": lambda x, w, b: functional.batch_norm(x, None, None, w, b, True, mask=MASK),
    "instance": lambda x, w, b: functional.instance_norm(x, weight=w, bias=b),
    "group": lambda x, w, b: functional.group_norm(x, 2, w, b),
    "channels": lambda x, w, b: functional.divisive_norm(x, weight=w, bias=b),
    "one bias": lambda x, w, b: functional.divisive_norm(x, weight=w, bias=b[:1]),
    "box": lambda x, w, b: functional.divisive_norm(x, size=3, window="box", weight=w, bias=b),
    "learned weights": learned,
    "local contrast": lambda x, w, b: functional.local_contrast_norm(x, size=3, weight=w, bias=b),
}
by_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
paths = pytest.mark.parametrize("path", dict.fromkeys(("off", native.in_use() or "off")))


def given(shape=SHAPE):
    own = [a.clone().requires_grad_() for a in OWN.values()]
    return example(shape).requires_grad_(), *own, example(shape, 7).requires_grad_()


@by_call
@paths
@pytest.mark.parametrize("again", [False, True], ids=["first", "second derivatives"])
def test_writing_to_the_bias_before_backward(call, path, again):
    found = []
    with native.forced(path):
        for writes in (False, True):
            x, weight, bias, g = given()
            y = call(x, weight, bias)
            if writes:
                with torch.no_grad():
                    bias.fill_(torch.nan)
            slopes = torch.autograd.grad(y, (x, weight, bias), g, create_graph=again)
            if again:
                total = sum(a.square().sum() for a in slopes)
                slopes += torch.autograd.grad(total, (x, weight, g))
            found.append(slopes)
    for a, b in zip(*found, strict=True):
        assert torch.equal(a, b) and bool(a.isfinite().all())


@by_call
@paths
def test_the_slope_of_a_bias_is_the_same_in_every_pass(call, path):
    """Of itself, with a graph, for several gradients at once, and where nothing else learns."""
    with native.forced(path):
        x, weight, bias, g = given()
        y = call(x, weight, bias)
        ask = {"retain_graph": True}
        (once,) = torch.autograd.grad(y, bias, g, **ask)
        (graph,) = torch.autograd.grad(y, bias, g, create_graph=True)
        (both,) = torch.autograd.grad(
            y, bias, torch.stack([g, 2 * g]), is_grads_batched=True, **ask
        )
        alone = call(x.detach(), None, bias)
        (frozen,) = torch.autograd.grad(alone, bias, g, create_graph=True)
    for other in (graph, both[0], both[1] / 2, frozen):
        torch.testing.assert_close(other, once)
    (slope,) = torch.autograd.grad(graph.sum(), g)
    expected = MASK.expand(SHAPE) if call is CALLS["batch of a mask"] else torch.ones(SHAPE)
    assert torch.equal(slope, expected.double())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@paths
def test_half_x(dtype, path):
    """A layer in training whose bias an optimizer moves between forward and backward."""
    x, g = example(SHAPE).to(dtype), example(SHAPE, 7).to(dtype)
    slopes = []
    with native.forced(path):
        for step in (0.0, 0.5):
            layer = nn.BatchNorm(C)
            y = layer(x)
            with torch.no_grad():
                layer.bias.add_(step)
            y.backward(g)
            slopes.append((layer.weight.grad, layer.bias.grad))
    for a, b in zip(*slopes, strict=True):
        assert torch.equal(a, b)
