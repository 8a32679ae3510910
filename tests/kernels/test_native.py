"""The C++ kernels against their twin of torch's operators: numbers, slopes, and when the twin must run."""

import pytest
import torch
from built import SETS, by_set, needs_kernels
from torch.func import functional_call, grad, hessian, jacrev, jvp, vmap
from torch.library import opcheck

import normlab
from cases import example
from normlab import functional, nn
from normlab.errors import SettingError
from normlab.kernels import native
from normlab.tracing import watched

pytestmark = needs_kernels


def between(a, b):
    """Weights between channels that are not symmetric, and depend on both."""
    return a.unsqueeze(1) * (b + 0.1 * torch.arange(len(b))).to(a)


# of images; settings that are functions get (σ, weight, bias), one for each channel
CALLS = {
    "local response": lambda x, s, w, b: functional.local_response_norm(x, 5, 0.3),
    "even, any power": lambda x, s, w, b: functional.local_response_norm(x, 4, 0.3, 0.6),
    "wider than all": lambda x, s, w, b: functional.local_response_norm(x, 40, 0.3, 0.5),
    "channels": lambda x, s, w, b: functional.divisive_norm(x, sigma=s, weight=w, bias=b),
    "mean of channels": lambda x, s, w, b: functional.divisive_norm(x, reduce="mean", bias=b),
    "first power": lambda x, s, w, b: functional.divisive_norm(x, sigma=0.5, power=1.0),
    "powers": lambda x, s, w, b: functional.divisive_norm(
        x, channel_size=3, power=1.7, drive_power=1.3, outer_power=0.5, weight=w
    ),
    "box": lambda x, s, w, b: functional.divisive_norm(x, sigma=s, size=4, window="box", bias=b),
    "box within": lambda x, s, w, b: functional.divisive_norm(
        x, sigma=s.mean(), size=7, window="box", over="s", drive_power=1.0, outer_power=0.5
    ),
    "gaussian": lambda x, s, w, b: functional.divisive_norm(x, sigma=s.mean(), size=4, weight=w),
    "gaussian within": lambda x, s, w, b: functional.divisive_norm(
        x, width=1.5, over="s", weight=w
    ),
    "space and channels": lambda x, s, w, b: functional.divisive_norm(
        x, sigma=s, size=3, channel_size=4, weight=w
    ),
    "local contrast": lambda x, s, w, b: functional.local_contrast_norm(
        x, sigma=0.3, weight=w, bias=b, size=5
    ),
    "GDN": lambda x, s, w, b: functional.gdn(x, s, between(w, b)),
    "inverse GDN": lambda x, s, w, b: functional.gdn(x, s.mean(), between(w, b), inverse=True),
    "GDN1": lambda x, s, w, b: functional.gdn(x, s, between(w, b), simplified=True),
    "learned weights": lambda x, s, w, b: functional.divisive_norm(
        x, sigma=s, power=1.7, pool_weight=between(w, b), outer_power=0.6, weight=w, bias=b
    ),
    "weights of a distance": lambda x, s, w, b: functional.divisive_norm(
        x, sigma=s, channel_width=1.5, weight=w
    ),
}
by_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
TABLES = (
    "local response",
    "channels",
    "powers",
    "first power",
    "GDN",
    "learned weights",
)  # that need no space
LAYOUTS = {
    "contiguous": lambda x: x,
    "channels_last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "transposed": lambda x: x.transpose(2, 3).contiguous().transpose(2, 3),
    "sliced": lambda x: torch.cat([x, x], 3)[..., ::2][..., : x.shape[3]].copy_(x),
    "expanded": lambda x: x[:, :, :1].expand(x.shape),
}
SHAPE = (3, 7, 6, 5)
# the largest difference, in units of the largest value: sums of up to 7·35 terms and a power each way
TOLERANCE = {torch.float64: 1e-13, torch.float32: 3e-5, torch.bfloat16: 1.6e-2, torch.float16: 2e-3}


def own(channels, dtype):
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    return [
        example((channels,), seed).abs().add(0.4).to(wide).requires_grad_() for seed in (1, 2, 3)
    ]


def run(call, x, given, g):
    """y and the gradients of all that it depends on."""
    x = x.detach().requires_grad_()
    y = call(x, *given)
    return [y, *torch.autograd.grad(y, (x, *given), g, allow_unused=True)]


def assert_near(mine, others, dtype):
    for a, b in zip(mine, others, strict=True):
        assert (a is None) == (b is None)
        if a is not None and b is not None and a.numel():
            assert a.dtype == b.dtype and a.shape == b.shape
            limit = TOLERANCE[dtype] * b.abs().max().clamp_min(1e-3)
            assert bool(((a - b).abs() <= limit).all()), ((a - b).abs().max(), limit)


@by_call
@by_set
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
def test_both_paths_agree(call, name, dtype):
    for layout in (torch.contiguous_format, torch.channels_last):
        x = example(SHAPE).to(dtype).contiguous(memory_format=layout)
        g = example(SHAPE, 9).to(dtype)
        given = own(SHAPE[1], dtype)
        with native.forced("off"):
            expected = run(call, x, given, g)
        with native.forced(name), watched() as seen:
            found = run(call, x, given, g)
        assert "C++ kernels" in seen[0][-1]
        assert_near(found, expected, dtype)
        assert found[0].is_contiguous(memory_format=layout)


@by_call
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_strides(call, layout):
    x, g, given = example(SHAPE), example(SHAPE, 9), own(SHAPE[1], torch.float64)
    x = layout(x)
    plain = run(call, x.clone(memory_format=torch.contiguous_format), given, g)
    assert_near(run(call, x, given, g), plain, torch.float64)
    assert_near(
        run(call, x, given, g.transpose(0, 1).contiguous().transpose(0, 1)), plain, torch.float64
    )
    flat = run(call, x, given, g[..., :1].expand(SHAPE))
    assert_near(flat, run(call, x, given, g[..., :1].expand(SHAPE).clone()), torch.float64)


@by_set
@pytest.mark.parametrize(
    "shape", [(4, 9), (2, 9, 11), (2, 9, 4, 3, 5), (1, 9, 1, 1), (1, 1, 9, 70)]
)
def test_other_ranks(name, shape):
    for call in CALLS if len(shape) > 2 else TABLES:
        x, g, given = example(shape), example(shape, 9), own(shape[1], torch.float64)
        with native.forced("off"):
            expected = run(CALLS[call], x, given, g)
        with native.forced(name):
            assert_near(run(CALLS[call], x, given, g), expected, torch.float64)


@by_call
@pytest.mark.parametrize("shape", [(0, 4, 5, 5), (2, 4, 0, 5)])
def test_nothing(call, shape):
    x, given = torch.zeros(shape, dtype=torch.float64), own(4, torch.float64)
    found = run(call, x, given, x)
    assert found[0].shape == found[1].shape == shape
    assert all(a is None or bool((a == 0).all()) for a in found[2:])


@by_call
def test_threads_and_runs_change_no_bit(call):
    x = example((5, 33, 19, 17), dtype=torch.float32)
    g, given = example(x.shape, 9, dtype=torch.float32), own(33, torch.float32)
    threads, found = torch.get_num_threads(), []
    try:
        for number in (1, 2, 3, 2):
            torch.set_num_threads(number)
            found.append(run(call, x, given, g))
    finally:
        torch.set_num_threads(threads)
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            assert a is b is None or torch.equal(a, b)


@pytest.mark.parametrize("name", [*SETS, "off"])
def test_a_large_value_reaches_its_windows_alone(name):
    """Range 1e6, and further: ones elsewhere, so that every other y is known."""
    for value in (1e6, torch.inf, torch.nan):
        x = torch.ones(2, 12, 21, 21)
        x[0, 6, 10, 10] = value
        with native.forced(name):
            y = functional.local_response_norm(x, 5, alpha=5.0, beta=0.75, k=1.0)
            space = functional.divisive_norm(x, size=7, window="box", over="s")
        clean = functional.local_response_norm(torch.ones_like(x), 5, 5.0, 0.75, 1.0)
        touched = torch.zeros_like(x, dtype=torch.bool)
        touched[0, 4:9, 10, 10] = True
        torch.testing.assert_close(y[~touched], clean[~touched], rtol=1e-6, atol=0)
        assert not torch.isclose(y[touched], clean[touched]).any()
        if value == torch.inf:  # x itself is inf · 0; its neighbours are divided by an infinity
            assert torch.isnan(y[0, 6, 10, 10])
            assert y[0, [4, 5, 7, 8], 10, 10].eq(0).all()
        touched[:] = False
        touched[0, 6, 7:14, 7:14] = True
        torch.testing.assert_close(
            space[~touched], torch.full_like(space[~touched], 0.5), rtol=1e-6, atol=0
        )
        assert not torch.isclose(space[touched], torch.tensor(0.5)).any()


@by_set
def test_far_from_zero(name):
    x = example((4, 16, 9, 9)).mul(3).add(1e4).float()
    with native.forced(name):
        for call in (CALLS["local response"], CALLS["box"], CALLS["gaussian within"]):
            given = own(16, torch.float32)
            wide = [a.double() for a in given]
            y, expected = call(x, *given).double(), call(x.double(), *wide)
            assert bool(((y - expected).abs() <= 1e-6 * expected.abs()).all())


def refuses(call):
    """Both ways of computing refuse it, in the same words."""
    said = []
    for name in ("off", SETS[0]):
        with native.forced(name), pytest.raises(normlab.errors.NormlabError) as caught:
            call()
        said.append((type(caught.value), str(caught.value)))
    assert said[0] == said[1]


def test_both_refuse_alike():
    x = example((2, 4, 5, 5))
    refuses(lambda: functional.local_response_norm(x, 0))
    refuses(lambda: functional.divisive_norm(x, sigma=-1.0))
    refuses(lambda: functional.divisive_norm(x, sigma=torch.ones(3)))
    refuses(lambda: functional.divisive_norm(x, size=0, window="box"))
    refuses(lambda: functional.local_response_norm(x.long(), 3))


# derivatives of derivatives, and transforms: the twin runs, and gives all terms


@by_call
def test_second_derivatives_by_autograd(call):
    x, given = example((1, 3, 3, 2)).requires_grad_(), own(3, torch.float64)
    inputs = [x, *given]

    def of(*inputs):
        return call(*inputs)

    assert torch.autograd.gradcheck(of, inputs)
    assert torch.autograd.gradgradcheck(of, inputs)


def loss(call, given):
    return lambda x: call(x, *given).pow(2).sum()


@by_call
def test_transforms(call):
    shape = (2, 5, 3, 2)
    given = [a.detach() for a in own(5, torch.float64)]
    x, v = example(shape), example(shape, 4)
    f = loss(call, given)
    g = grad(f)(x)
    leaf = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(f(leaf), leaf)
    torch.testing.assert_close(g, slope)
    _, tangent = jvp(f, (x,), (v,))
    torch.testing.assert_close(tangent, (g * v).sum())
    assert tangent != 0
    full = hessian(f)(x).flatten(4).flatten(0, 3)
    torch.testing.assert_close(full, jacrev(grad(f))(x).flatten(4).flatten(0, 3))
    nudge = 1e-6
    ends = [grad(f)(x + sign * nudge * v) for sign in (1, -1)]
    by_differences = (ends[0] - ends[1]) / (2 * nudge)
    torch.testing.assert_close(
        (full @ v.flatten()).view(shape), by_differences, rtol=1e-5, atol=1e-7
    )


@by_call
def test_vmap_of_a_gradient(call):
    given = [a.detach() for a in own(5, torch.float64)]
    x = example((4, 2, 5, 3, 2))
    one = grad(loss(call, given))
    torch.testing.assert_close(vmap(one)(x), torch.stack([one(part) for part in x]))


@by_call
def test_batched_gradients(call):
    given = own(5, torch.float64)
    x = example((2, 5, 3, 2)).requires_grad_()
    y, each = call(x, *given), example((3, 2, 5, 3, 2), 8)
    (together,) = torch.autograd.grad(y, x, each, retain_graph=True, is_grads_batched=True)
    alone = [torch.autograd.grad(y, x, g, retain_graph=True)[0] for g in each]
    torch.testing.assert_close(together, torch.stack(alone))


@by_call
def test_dual_numbers(call):
    given = [a.detach() for a in own(5, torch.float64)]
    x, v = example((2, 5, 3, 2)), example((2, 5, 3, 2), 4)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(x, v)
        tangent = torch.autograd.forward_ad.unpack_dual(call(dual, *given)).tangent
    _, expected = jvp(lambda x: call(x, *given), (x,), (v,))
    torch.testing.assert_close(tangent, expected)
    assert tangent.abs().max() > 0


def test_a_second_backward_through_a_layer():
    layer = nn.DivisiveNorm(4, size=3, window="box").double()
    x = example((2, 4, 5, 5)).requires_grad_()
    (slope,) = torch.autograd.grad(layer(x).sum(), x, create_graph=True)
    slope.square().sum().backward()
    with native.forced("off"):
        again = x.detach().requires_grad_()
        (other,) = torch.autograd.grad(layer(again).sum(), again, create_graph=True)
        other.square().sum().backward()
    torch.testing.assert_close(x.grad, again.grad)
    params = dict(layer.named_parameters())
    per_sample = vmap(
        grad(lambda p, x: functional_call(layer, p, x.unsqueeze(0)).sum()), in_dims=(None, 0)
    )
    assert all(value.shape[0] == 2 for value in per_sample(params, x.detach()).values())


def arguments(**changed):
    plain = {
        "total": False,
        "centered": False,
        "size": 0,
        "taps": None,
        "neighbours": 3,
        "gain": 0.5,
        "m": 1.0,
        "n": 2.0,
        "p": 0.75,
    }
    return (plain | changed).values()


@pytest.mark.parametrize(
    "x",
    [
        example((2, 4, 5, 6)),
        example((2, 4, 5, 6)).contiguous(memory_format=torch.channels_last),
        example((2, 4, 1, 6)).expand(2, 4, 5, 6),
        torch.zeros(0, 4, 3, 3, dtype=torch.float64),
    ],
    ids=["plain", "channels_last", "expanded", "nothing"],
)
def test_opcheck(x):
    offset, weight = torch.ones(4, dtype=torch.float64), torch.rand(4, dtype=torch.float64)
    ops = torch.ops.normlab
    total = {"total": True, "neighbours": 0, "p": 0.5}
    nothing = x.new_empty(0, x[:, 0].numel())
    for keep in (True, False):
        opcheck(ops.divide, (x, offset, weight, None, *arguments(), keep))
        opcheck(ops.divide, (x, offset[:1], None, weight, *arguments(**total), keep))
        opcheck(ops.divide_backward, (x, x, nothing, offset, weight, *arguments(), keep))
    if x.is_contiguous():
        root = arguments(**total, centered=True, size=3)
        y, pool = ops.divide(x, offset, weight, None, *root, True)
        for planes in (pool, nothing):
            opcheck(ops.divide_backward, (x, x, planes, offset, weight, *root, True))
        torch.testing.assert_close(y, ops.divide(x, offset, weight, None, *root, False)[0])
    opcheck(ops.moments, (x.unsqueeze(-1).flatten(2),))
    matrix = torch.rand(4, 4, dtype=torch.float64)
    for keep in (True, False):
        opcheck(ops.mix, (x, matrix, offset, weight, None, 1.0, 2.0, 0.5, keep, not keep))
        wanted = (1.0, 2.0, 0.5, keep, not keep)
        s = torch.ones(x.numel(), dtype=x.dtype)
        opcheck(ops.mix_backward, (x, x, s, matrix, weight, *wanted))


def test_bad_arguments_are_refused_in_words():
    x, offset = example((2, 4, 5)), torch.ones(3, dtype=torch.float64)
    with pytest.raises(RuntimeError, match="one value for each of the 4 channels"):
        torch.ops.normlab.divide(x, offset, None, None, *arguments(), False)
    with pytest.raises(RuntimeError, match="float32, float64, bfloat16 or float16"):
        torch.ops.normlab.divide(x.long(), offset[:1], None, None, *arguments(), False)
    with pytest.raises(RuntimeError, match="only the mean of a window over all channels"):
        torch.ops.normlab.divide(x, offset[:1], None, None, *arguments(centered=True), False)
    with pytest.raises(RuntimeError, match="shape and dtype of x"):
        torch.ops.normlab.divide_backward(
            x[:1], x, x[:0, 0, 0], offset[:1], None, *arguments(), False
        )
    with pytest.raises(RuntimeError, match="what the forward pass kept"):
        torch.ops.normlab.divide_backward(x, x, x[0], offset[:1], None, *arguments(), False)
    with pytest.raises(RuntimeError, match=r"must be \(channels, channels\)"):
        torch.ops.normlab.mix(x, x[0], offset[:1], None, None, 1.0, 2.0, 0.5, False, False)
    with pytest.raises(RuntimeError, match="s must be what the forward pass kept"):
        torch.ops.normlab.mix_backward(
            x, x, x[:1], torch.eye(4, dtype=x.dtype), None, 1.0, 2.0, 0.5, True, False
        )
    with pytest.raises(SettingError, match="it was not compiled"), native.forced("mmx"):
        pass


def test_traced_programs_have_operators_of_torch_alone():
    layer, x = nn.LocalResponseNorm(3).eval(), example((2, 4, 5, 5))
    program = torch.export.export(layer, (x,), strict=False)
    recorded = torch.fx.experimental.proxy_tensor.make_fx(layer)(x)
    for graph in (program.graph, recorded.graph):
        called = [node.target for node in graph.nodes if node.op == "call_function"]
        spaces = {op.namespace for op in called if isinstance(op, torch._ops.OpOverload)}
        assert spaces == {"aten"}
    torch.testing.assert_close(program.module()(x), layer(x))


@by_set
@pytest.mark.parametrize(
    ("channels", "places"), [(1, 40), (7, 17), (16, 49), (50, 100), (97, 64)], ids=str
)
def test_weights_between_channels_of_any_number(name, channels, places):
    """Blocks that are not full, and several tiles: in both layouts, against plain sums in float64."""
    for dtype in (torch.float32, torch.float64):
        for layout in (torch.contiguous_format, torch.channels_last):
            x = example((3, channels, places, 1)).to(dtype).contiguous(memory_format=layout)
            weights = example((channels, channels), 5).abs().to(dtype)
            with native.forced(name):
                y = functional.gdn(x, 0.7, weights)
            wide = x.double()
            pool = torch.einsum("ij,njsk->nisk", weights.double(), wide**2)
            expected = wide / (0.49 + pool).sqrt()
            torch.testing.assert_close(
                y.double(), expected, rtol=8 * channels**0.5 * torch.finfo(dtype).eps, atol=0
            )


@by_set
def test_a_large_value_reaches_its_place_alone(name):
    """Of weights between channels, up to infinity and NaN: no other place hears of it."""
    for layout in (torch.contiguous_format, torch.channels_last):
        for value in (1e6, torch.inf, torch.nan):
            x = torch.ones(2, 9, 12, 11).contiguous(memory_format=layout)
            x[1, 4, 6, 7] = value
            with native.forced(name):
                y = functional.gdn(x, 1.0, torch.full((9, 9), 0.5))
            clean = torch.full_like(x, 5.5**-0.5)
            touched = torch.zeros_like(x, dtype=torch.bool)
            touched[1, :, 6, 7] = True
            torch.testing.assert_close(y[~touched], clean[~touched], rtol=1e-6, atol=0)
            assert not torch.isclose(y[touched], clean[touched]).any()


def test_weights_that_are_not_square_run_on_torchs_operators():
    x, pool = example((2, 4, 6, 6)), example((2, 3, 6, 6), 2)
    with watched() as seen:
        functional.divisive_norm(x, pool_input=pool, pool_weight=torch.rand(4, 3))
        functional.gdn(x[..., :3, :3].contiguous(), 1.0, torch.eye(4))
    assert "there is a mask or a pool_input" in seen[0][-1]
    assert "fewer than 16 places" in seen[1][-1]


def test_explained():
    x = example((2, 4, 6, 6))
    layer = nn.LocalResponseNorm(3)
    assert str(normlab.explain(layer, x)) == f"local_response_norm: C++ kernels ({native.in_use()})"
    with native.forced("off"):
        assert "torch's operators, since" in str(normlab.explain(layer, x))
    with pytest.raises(normlab.errors.CheckError, match="no function of normlab"):
        normlab.explain(torch.nn.ReLU(), x)
