"""Derivatives in reverse and forward mode, and the second ones of each over each, are finite differences."""

import pytest
import torch
from configurations import SHAPE, C, by_layer, layer_of
from torch.autograd import forward_ad, gradcheck, gradgradcheck
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, vmap

from cases import assert_close, by_mode, example, weighted
from normlab import functional as F
from normlab import nn

# torch's own forward mode loads what it has scripted
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is:DeprecationWarning")

SMALL = (2, C, 2, SHAPE[3])


def as_function(layer):
    """The layer as a function of x and every parameter, which keeps no statistics; and values for them."""
    names, values = zip(("x", None), *layer.named_parameters(), strict=True)

    def y(x, *parameters):
        kept = {name: value.clone() for name, value in layer.named_buffers()}
        return functional_call(layer, kept | dict(zip(names[1:], parameters, strict=True)), (x,))

    return y, [value.detach().clone().requires_grad_() for value in values[1:]]


def inputs(layer, training):
    y, parameters = as_function(layer_of(layer).train(training))
    return y, (example(SMALL).requires_grad_(), *parameters)


@pytest.mark.works("grad")
@pytest.mark.works("jvp")
@by_layer
@by_mode
def test_first_derivatives(layer, training):
    y, given = inputs(layer, training)
    assert gradcheck(y, given, check_forward_ad=True, check_undefined_grad=False, fast_mode=True)


@pytest.mark.works("second derivatives")
@by_layer
@by_mode
def test_second_derivatives(layer, training):
    plain, given = inputs(layer, training)

    def y(x, *parameters):
        return plain(
            x * x, *parameters
        )  # some layers are linear in x, which leaves nothing to check

    v = torch.linspace(-1, 2, y(*given).numel(), dtype=torch.float64).view(y(*given).shape)
    modes = {"check_fwd_over_rev": True, "check_rev_over_rev": True, "check_undefined_grad": False}
    assert gradgradcheck(y, given, v.requires_grad_(), fast_mode=True, **modes)


@pytest.mark.works("hessian")
@by_layer
@by_mode
def test_hessians(layer, training):
    """Forward over reverse, reverse over forward and torch's old way agree."""
    y, (x, *parameters) = inputs(layer, training)
    x = x.detach()[:, :, :1].contiguous()

    def loss(x):
        return weighted(y(x, *parameters))

    expected = torch.autograd.functional.hessian(loss, x)
    for found in (hessian(loss)(x), jacrev(jacfwd(loss))(x), jacfwd(jacfwd(loss))(x)):
        assert_close(found, expected)


@pytest.mark.works("jvp")
@by_layer
def test_dual_numbers_leave_no_trace_in_statistics(layer):
    """Outside torch.func the running statistics are updated as ever."""
    ours, plain = layer_of(layer), layer_of(layer)
    with forward_ad.dual_level():
        y = ours(forward_ad.make_dual(example(SHAPE), example(SHAPE, 1)))
        value, tangent = forward_ad.unpack_dual(y)
        assert tangent is not None
        assert all(forward_ad.unpack_dual(b).tangent is None for b in ours.buffers())
    assert_close(value, plain(example(SHAPE)))
    for mine, other in zip(ours.buffers(), plain.buffers(), strict=True):
        assert_close(mine, other)


@pytest.mark.works("vmap")
@by_layer
@by_mode
def test_vmap_is_a_loop(layer, training):
    """Also of gradients for each of several batches, and of what each leaves in the statistics."""
    ours, batches = layer_of(layer).train(training), example((3, *SMALL))
    kept = {name: value.expand(3, *value.shape).clone() for name, value in ours.named_buffers()}

    def loss(x, kept):
        return weighted(functional_call(ours, kept, (x,)))

    found = vmap(grad(loss))(batches, kept)
    for i, x in enumerate(batches):
        other, x = layer_of(layer).train(training), x.clone().requires_grad_()
        assert_close(found[i], torch.autograd.grad(weighted(other(x)), x)[0])
        for name, value in other.named_buffers():
            assert_close(kept[name][i], value)


MASK = torch.ones(SMALL, dtype=torch.bool)
MASK[0, :, :, 4:] = False


@pytest.mark.parametrize(
    "layer",
    ["BatchNorm", "InstanceNorm", "LayerNorm", "RMSNorm", "GroupNorm", "GDN", "DivisiveNorm"],
)
def test_masks_have_derivatives_in_forward_mode(layer):
    ours = layer_of(layer)

    def y(x):
        kept = {name: value.clone() for name, value in ours.named_buffers()}
        return functional_call(ours, kept, (x,), {"mask": MASK})

    assert gradcheck(y, example(SMALL).requires_grad_(), check_forward_ad=True, fast_mode=True)
    assert gradgradcheck(
        y, example(SMALL).requires_grad_(), check_fwd_over_rev=True, fast_mode=True
    )


VECTOR = torch.tensor([0.5, 1.0, 2.0, 3.0], dtype=torch.float64)
SQUARE = 0.3 * torch.eye(C, dtype=torch.float64) + 0.1
FUNCTIONS = {
    "batch_norm": lambda x, v, w: F.batch_norm(x, None, None, v, v, training=True),
    "batch_norm_with_stats": lambda x, v, w: F.batch_norm_with_stats(x, VECTOR, VECTOR, v)[0],
    "layer_norm": lambda x, v, w: F.layer_norm(x, (6,), eps=1e-3),
    "group_norm": lambda x, v, w: F.group_norm(x, 2, v),
    "instance_norm": lambda x, v, w: F.instance_norm(x, VECTOR.clone(), VECTOR.clone(), v),
    "rms_norm": lambda x, v, w: F.rms_norm(x, (6,)),
    "local_response_norm": lambda x, v, w: F.local_response_norm(x, 3, 0.5),
    "local_contrast_norm": lambda x, v, w: F.local_contrast_norm(x, sigma=v[0], size=3, weight=v),
    "divisive_norm": lambda x, v, w: F.divisive_norm(
        x, pool_input=x * v[1], sigma=v, power=v[2], pool_weight=w
    ),
    "gdn": lambda x, v, w: F.gdn(x, v, w, inverse=True),
    "gdn_inverse": lambda x, v, w: F.gdn_inverse(x / 10, v, w),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions(function):
    given = [value.clone().requires_grad_() for value in (example(SMALL), VECTOR, SQUARE)]
    modes = {"fast_mode": True, "check_undefined_grad": False}
    assert gradcheck(function, given, check_forward_ad=True, **modes)
    assert gradgradcheck(function, given, check_fwd_over_rev=True, **modes)


def test_every_function_is_tried():
    assert set(FUNCTIONS) == set(F.__all__)


@pytest.mark.parametrize("shape", [(512, 2), (8, 2, 12, 12)], ids=["table", "channels_last"])
def test_long_columns_in_float32(shape):
    """A way of their own, in float32 alone: its second derivatives are those of float64."""
    x = 100.0 + example(shape)
    tangent = example(shape, 1)
    found = {}
    for dtype in (torch.float32, torch.float64):
        layer, a = nn.BatchNorm(2, track_running_stats=False).to(dtype), x.to(dtype)
        if a.dim() == 4:
            a = a.contiguous(memory_format=torch.channels_last)
        a.requires_grad_()
        (first,) = torch.autograd.grad(weighted(layer(a)), a, create_graph=True)
        (second,) = torch.autograd.grad((first * tangent.to(dtype)).sum(), a)
        _, forward = jvp(layer, (a.detach(),), (tangent.to(dtype),))
        found[dtype] = first.detach(), second, forward
    for mine, other in zip(*found.values(), strict=True):
        # x itself is rounded at a mean of 100, which the derivatives divide by σ = 1 show
        assert (mine - other).abs().max() <= 100 * 2**-20 * other.abs().max()


def test_a_bound_in_forward_mode():
    """Below its bound a parameter has slope 0 in forward mode, and at it or above 1."""
    layer = nn.GDN(2).double()
    with torch.no_grad():
        layer.raw_sigma.copy_(torch.tensor([-1.0, 2.0]))

    def sigma(raw):
        return functional_call(Sigma(layer), {"layer.raw_sigma": raw}, ())

    raw = layer.raw_sigma.detach()
    assert jvp(sigma, (raw,), (torch.ones_like(raw),))[1].tolist() == [0.0, 1.0]


class Sigma(torch.nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self):
        return self.layer.sigma
