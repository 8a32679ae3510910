"""Batch and RMS normalisation in C++ against float64, and when torch's operators must run instead."""

import pytest
import torch
import torch.nn.functional as F
from built import by_set, needs_kernels
from torch._subclasses.schema_check_mode import SchemaCheckMode
from torch.func import functional_call, grad, hessian, jvp, vmap
from torch.fx.experimental.proxy_tensor import make_fx
from torch.library import opcheck

import normlab
from cases import example
from normlab import functional, nn
from normlab.kernels import native, norms, thresholds

pytestmark = needs_kernels
OPS, TORCHS = torch.ops.normlab, torch.ops.aten
EPS = 1e-5
# a sum of some ten short sums, and at the end one rounding to the dtype
TOLERANCE = {torch.float64: 1e-12, torch.float32: 2e-6, torch.bfloat16: 8e-3, torch.float16: 1e-3}
by_dtype = pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
LAST, LAST_3D = torch.channels_last, torch.channels_last_3d
IMAGES = {
    "planes": ((4, 20, 13, 17), None),
    "few channels": ((5, 3, 40, 41), None),
    "large planes": ((1, 2, 130, 131), None),
    "small planes": ((70, 17, 4, 5), None),
    "one axis": ((30, 18, 33), None),
    "three axes": ((2, 3, 9, 10, 11), None),
    "channels_last": ((4, 20, 13, 17), LAST),
    "three axes last": ((2, 19, 5, 6, 7), LAST_3D),
    "table": ((700, 30), None),
    "wide table": ((300, 601), None),
    "narrow table": ((9001, 2), None),
    "one column": ((20000, 1), None),
}
by_image = pytest.mark.parametrize(("shape", "order"), IMAGES.values(), ids=IMAGES)


@pytest.fixture(autouse=True)
def kernels_for_all_sizes(monkeypatch):
    monkeypatch.setattr(thresholds, "LEAST", dict.fromkeys(thresholds.LEAST, 0))
    monkeypatch.setattr(thresholds, "CONTIGUOUS", {})
    monkeypatch.setattr(thresholds, "CHANNELS_LAST", {})
    monkeypatch.setattr(thresholds, "CHANNELS", 10_000)
    monkeypatch.setattr(thresholds, "WIDTH", 1)


def drawn(shape, order=None, dtype=torch.float32, mean=0.3, seed=5):
    x = (example(shape, seed).double() + mean).to(dtype)
    return x if order is None else x.contiguous(memory_format=order)


def own(channels, dtype):
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    return [example((channels,), seed).add(1.5).to(wide).requires_grad_() for seed in (1, 2)]


def batch(x, weight, bias):
    y, _ = norms.batch(x, weight, bias, EPS)
    return y


def batch_op(x, weight=None):
    """y and what backward gets, by the operator as autograd calls it."""
    weight = x.new_ones(x.shape[1]) if weight is None else weight
    y, *kept = TORCHS.cudnn_batch_norm(x, weight, None, None, None, True, 0.0, EPS)
    return y, (weight, None, None, *kept[:2], EPS, kept[2])


def batch_by_torch(x, weight, bias):
    return F.batch_norm(x, None, None, weight, bias, True, 0.0, EPS)


def rms(x, weight):
    return norms.rms(x, [x.shape[-1]], weight, EPS)


def rms_by_torch(x, weight):
    return F.rms_norm(x, [x.shape[-1]], weight, EPS)


def run(function, x, given, g):
    x = x.detach().requires_grad_()
    y = function(x, *given)
    return [y.detach(), *torch.autograd.grad(y, (x, *given), g, allow_unused=True)]


def assert_right(mine, torchs, x, g, channels, dtype):
    """Values and gradients within the tolerance of the largest, from torch's of the same input in float64."""
    given = own(channels, dtype)[: 1 if mine is rms else 2]
    found = run(mine, x, given, g)
    expected = run(
        torchs, x.double(), [a.detach().double().requires_grad_() for a in given], g.double()
    )
    for a, b in zip(found, expected, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            far = (a.double() - b).abs().max() / b.abs().max()
            assert far < (TOLERANCE[dtype] if a.dtype == dtype else TOLERANCE[torch.float32] * 4)


@by_set
@by_image
@by_dtype
def test_batch_norm_is_right(shape, order, dtype, name):
    x, g = drawn(shape, order, dtype), drawn(shape, order, dtype, 0.0, 6)
    with native.forced(name):
        assert_right(batch, batch_by_torch, x, g, shape[1], dtype)


@by_set
@by_dtype
@pytest.mark.parametrize("shape", [(5, 7, 30), (200, 768), (3, 70), (1, 9000), (65, 8), (8,)])
def test_rms_norm_is_right(shape, dtype, name):
    x, g = drawn(shape, None, dtype), drawn(shape, None, dtype, 0.0, 6)
    with native.forced(name):
        assert_right(rms, rms_by_torch, x, g, shape[-1], dtype)


@by_image
def test_a_large_mean_costs_no_digit(shape, order):
    x = drawn(shape, order, mean=1e4)
    wide = x.double()
    y, (mean, var) = norms.batch(x, None, None, EPS)
    dims = (0, *range(2, x.dim()))
    torch.testing.assert_close(mean, wide.mean(dims), rtol=1e-9, atol=0)
    torch.testing.assert_close(var, wide.var(dims, unbiased=False), rtol=1e-6, atol=0)
    far = (y - batch_by_torch(wide, None, None)).abs().max()
    assert far < 1e-6 * y.abs().max()


@by_set
@pytest.mark.parametrize("mean", [1.0, 1e4])
@by_image
def test_channels_that_change_on_the_way(shape, order, mean, name):
    """The first values of a channel tell nothing of its mean; the others stay as they would be."""
    x = drawn(shape, order, mean=mean)
    x[: shape[0] // 2, ::2] *= -1.5
    x[:, shape[1] // 2] = 0
    g = drawn(shape, order, mean=0.0, seed=6)
    wide = x.double().requires_grad_()
    expected = batch_by_torch(wide, None, None)
    (slope,) = torch.autograd.grad(expected, wide, g.double())
    with native.forced(name):
        y, gx = run(lambda x: batch(x, None, None), x, (), g)
    others = (0, *range(2, x.dim()))
    for found, right in ((y, expected), (gx, slope)):
        far = (found.double() - right).abs().amax(others)
        assert (far <= 4e-6 * right.abs().amax(others)).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("order", [None, LAST])
def test_half_parameters_and_statistics_are_rounded_once(dtype, order):
    x, g = drawn((8, 20, 9, 11), order, dtype), drawn((8, 20, 9, 11), order, dtype, 0.0, 6)
    half, full = nn.BatchNorm(20, dtype=dtype), nn.BatchNorm(20)
    for layer in (half, full):
        for seed, a in enumerate((*layer.parameters(), layer.running_mean)):
            a.data.copy_(example((20,), seed).to(dtype))
    found, expected = (
        run(lambda x, *_, m=m: m(x), x, tuple(m.parameters()), g) for m in (half, full)
    )
    for a, b in zip(found, expected, strict=True):
        assert torch.equal(a, b.to(dtype))
    for name in ("running_mean", "running_var"):
        assert torch.equal(getattr(half, name), getattr(full, name).to(dtype))


@by_set
@pytest.mark.parametrize("order", [None, LAST])
@pytest.mark.parametrize("weight", [1.0, 1e38, -1e-39, torch.nan])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_results_are_rounded_as_torch_rounds(dtype, weight, order, name):
    x, own = drawn((8, 20, 9, 11), order, dtype), torch.full((20,), weight)
    with native.forced(name):
        y, exact = batch_op(x, own)[0], batch_op(x.float(), own)[0]
    assert torch.equal(y.isnan(), exact.isnan())
    assert torch.equal(y.nan_to_num(2.0), exact.to(dtype).nan_to_num(2.0))


@by_image
def test_a_constant_gives_the_bias(shape, order):
    bias = torch.arange(1.0, shape[1] + 1)
    x = drawn(shape, order) * 0 + 1234.567
    expected = bias.view(-1, *[1] * (len(shape) - 2)).expand(shape)
    assert torch.equal(batch(x, torch.ones(shape[1]), bias), expected)


@by_image
@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_what_is_not_finite_stays_in_its_channel(shape, order, value):
    x, clean = drawn(shape, order), drawn(shape, order)
    x[(1 if shape[0] > 1 else 0, -1, *[0] * (len(shape) - 2))] = value
    y, others = batch(x, None, None), batch(clean, None, None)
    assert y[:, -1].isnan().all()
    assert torch.equal(y[:, :-1], others[:, :-1])


def scaled(x, dims):
    return (x - x.mean(dims, keepdim=True)) / x.var(dims, unbiased=False, keepdim=True).sqrt()


@pytest.mark.parametrize("size", [1e30, 1e-25])
@pytest.mark.parametrize("order", [None, LAST])
def test_squares_outside_the_range_of_float32(size, order):
    x = (drawn((4, 20, 13, 17), None, torch.float64) * size).float()
    x = x if order is None else x.contiguous(memory_format=order)
    y, _ = norms.batch(x, None, None, 0.0)
    torch.testing.assert_close(y.double(), scaled(x.double(), (0, 2, 3)), rtol=1e-5, atol=1e-5)
    rows = norms.rms(x.contiguous(), [17], None, 0.0)
    wide = x.double()
    expected = wide / wide.square().mean(3, keepdim=True).sqrt()
    torch.testing.assert_close(rows.double(), expected, rtol=1e-5, atol=1e-5)


def test_a_first_value_far_from_the_others():
    x = drawn((64, 20, 13, 17))
    x[0, :, 0, 0] = 1e6
    expected = batch_by_torch(x.double(), None, None)
    torch.testing.assert_close(batch(x, None, None).double(), expected, rtol=1e-5, atol=1e-6)


def results(shape, order):
    x, g, given = (
        drawn(shape, order),
        drawn(shape, order, mean=0.0, seed=6),
        own(shape[1], torch.float32),
    )
    found = run(batch, x, given, g)
    return found + run(rms, x, own(shape[-1], torch.float32)[:1], g)


@by_image
def test_threads_and_runs_change_no_bit(shape, order):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one, again = results(shape, order), results(shape, order)
        torch.set_num_threads(2)
        two = results(shape, order)
    finally:
        torch.set_num_threads(before)
    for a, b, c in zip(one, again, two, strict=True):
        assert torch.equal(a, b)
        assert torch.equal(a, c)


def test_slopes_in_any_order_of_memory():
    x, given = drawn((4, 20, 6, 7)), own(20, torch.float32)
    for g in (
        torch.ones(1).expand(x.shape),
        drawn((4, 20, 7, 6)).transpose(2, 3),
        drawn((4, 20, 6, 14))[..., ::2],
        drawn((4, 20, 6, 7), LAST),
    ):
        expected = run(batch, x, given, g.contiguous())
        for a, b in zip(run(batch, x, given, g), expected, strict=True):
            assert torch.equal(a, b)


def test_other_layouts_are_left_to_torch():
    x = drawn((4, 20, 6, 14))
    assert norms.batch(x[..., ::2], None, None, EPS) is None
    assert norms.batch(x[:, :, :1].expand(4, 20, 6, 14), None, None, EPS) is None
    assert norms.batch(drawn((4, 20, 2, 2)), None, None, EPS) is None


@pytest.mark.parametrize(
    ("shape", "strides"),
    [
        ((4, 1, 13, 17), (221, 999, 17, 1)),
        ((4, 20, 1, 17), (340, 1, 7, 20)),
        ((1, 20, 30), (5, 30, 1)),
    ],
)
def test_the_stride_of_a_single_value_does_not_matter(shape, strides):
    x = torch.empty_strided(shape, strides).copy_(drawn(shape))
    expected = batch_by_torch(x.double(), None, None)
    y, kept = batch_op(x)
    gx, *_ = TORCHS.cudnn_batch_norm_backward(x, y, *kept)
    assert y.stride() == gx.stride() == x.stride()
    torch.testing.assert_close(y.double(), expected, rtol=1e-5, atol=1e-6)


def test_a_gradient_that_is_not_there():
    x = drawn((2, 2, 4, 4), None, torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(batch, (x, *own(2, torch.float64)), check_undefined_grad=True)


@pytest.mark.parametrize("shape", [(0, 3, 4, 5), (2, 0, 4, 5), (2, 3, 0, 5)])
def test_nothing(shape):
    x = torch.zeros(shape)
    y, kept = batch_op(x)
    gx, gw, gb = TORCHS.cudnn_batch_norm_backward(x, y, *kept)
    assert y.shape == gx.shape == x.shape
    assert kept[-1].shape == (2, shape[1])
    assert gw.shape == gb.shape == (shape[1],)
    rows = torch.zeros(0, 5)
    assert OPS.rms(rows, 5, None, EPS).shape == (0, 5)
    assert OPS.rms_backward(rows, rows, 5, None, EPS, True)[1].eq(0).all()


@pytest.mark.parametrize("momentum", [0.1, 1.0])
@by_image
def test_the_layer_moves_its_statistics_as_torchs(shape, order, momentum):
    x = drawn(shape, order)
    mine = nn.BatchNorm(shape[1], momentum=momentum)
    torchs = torch.nn.BatchNorm1d(shape[1], momentum=momentum).double()
    mine(x)
    torchs(x.double().flatten(2) if x.dim() > 2 else x.double())
    assert mine.num_batches_tracked == 1
    for name in ("running_mean", "running_var"):
        torch.testing.assert_close(
            getattr(mine, name).double(), getattr(torchs, name), rtol=1e-6, atol=1e-7
        )


def test_gradients_and_their_gradients_by_differences():
    x = drawn((3, 20, 4, 4), None, torch.float64).requires_grad_()
    given = own(20, torch.float64)
    rows = drawn((3, 8), None, torch.float64).requires_grad_()
    ending = own(8, torch.float64)
    for check in (torch.autograd.gradcheck, torch.autograd.gradgradcheck):
        job = {"check_undefined_grad": False}
        assert check(batch, (x[:1, :2].detach().requires_grad_(), *own(2, torch.float64)), **job)
        assert check(rms, (rows, ending[0]), **job)
    assert torch.autograd.gradcheck(batch, (x, *given), fast_mode=True)


@pytest.mark.parametrize("make", [nn.BatchNorm, nn.RMSNorm, nn.LayerNorm])
def test_transforms_as_without_kernels(make):
    module = make(6).double()
    module.track_running_stats = False
    x = drawn((6, 6), None, torch.float64)
    held = dict(module.named_parameters())

    def loss(x):
        return functional_call(module, held, (x,)).sin().sum()

    def found():
        return (
            grad(loss)(x),
            jvp(loss, (x,), (x,))[1],
            hessian(loss)(x),
            vmap(grad(loss))(torch.stack([x, 2 * x])),
        )

    mine = found()
    with native.forced("off"):
        for a, b in zip(mine, found(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("function", "columns"), [(batch, 20), (rms, 9)])
def test_batched_gradients(function, columns):
    x = drawn((4, 20, 6, 9)).requires_grad_()
    y = function(x, *own(columns, torch.float32)[: 1 if function is rms else 2])
    slopes = torch.stack([torch.ones_like(y), y.detach().cos()])
    (together,) = torch.autograd.grad(y, x, slopes, is_grads_batched=True, retain_graph=True)
    for g, expected in zip(slopes, together, strict=True):
        (single,) = torch.autograd.grad(y, x, g, retain_graph=True)
        torch.testing.assert_close(single, expected, rtol=1e-4, atol=1e-5)


@by_dtype
def test_a_transform_of_the_backward_alone(dtype):
    x = drawn((4, 20, 6, 9), None, dtype).requires_grad_()
    y = nn.BatchNorm(20, dtype=dtype)(x)
    slopes = torch.stack([(3 * y.detach()).cos(), y.detach().cos()])

    def back(g):
        return torch.autograd.grad(y, x, g, retain_graph=True)[0]

    for found, g in zip(vmap(back)(slopes), slopes, strict=True):
        torch.testing.assert_close(
            found, back(g), rtol=2e-2, atol=2e-2 * float(back(g).abs().max())
        )


def test_several_gradients_in_channels_last_are_refused_by_torch():
    """A limit that the docs state: vmap does not know the layout that torch's formula asks for."""
    x = drawn((4, 20, 6, 9), LAST).requires_grad_()
    y, slopes = nn.BatchNorm(20)(x), torch.ones(2, 4, 20, 6, 9)
    with pytest.raises(RuntimeError, match="vmap"):
        torch.autograd.grad(y, x, slopes, is_grads_batched=True)
    with native.forced("off"):
        y = nn.BatchNorm(20)(x)
        assert torch.autograd.grad(y, x, slopes, is_grads_batched=True)[0].shape == slopes.shape


def test_running_statistics_apart_in_memory():
    mine, other = nn.BatchNorm(20), nn.BatchNorm(20)
    mine.running_mean, mine.running_var = torch.zeros(40)[::2], torch.ones(40)[::2]
    for layer in (mine, other):
        x = drawn((4, 20, 8, 8)).requires_grad_()
        torch.utils.checkpoint.checkpoint(layer, x, use_reentrant=False).sum().backward()
    assert torch.equal(mine.running_mean, other.running_mean)
    assert torch.equal(mine.running_var, other.running_var)


def test_a_program_recorded_before_dispatch_has_operators_of_torch_alone():
    layer = nn.BatchNorm(20, track_running_stats=False)
    program = make_fx(layer, tracing_mode="real", pre_dispatch=True)(drawn((4, 20, 8, 8)))
    assert "cudnn" not in program.code


@pytest.mark.parametrize("order", [None, LAST])
def test_opcheck(order):
    x, weight = drawn((3, 17, 4, 5), order), torch.ones(17)
    with (
        SchemaCheckMode()
    ):  # what opcheck tests of them; it takes no operator that has another form
        _, kept = batch_op(x, weight)
        TORCHS.cudnn_batch_norm_backward(x, x, *kept)
    opcheck(OPS.rms, (x.contiguous(), 5, torch.ones(5), EPS))
    for learns in (True, False):
        opcheck(OPS.rms_backward, (x.contiguous(), x.contiguous(), 5, None, EPS, learns))


def test_bad_arguments_are_refused_in_words():
    x = torch.ones(4, 3, 5)
    y, kept = batch_op(x)
    weight, mean = torch.ones(3), torch.zeros(4)
    for call in (
        lambda: batch_op(x, torch.ones(4)),
        lambda: batch_op(x.int()),
        lambda: batch_op(torch.ones(3), torch.ones(3)),
        lambda: TORCHS.cudnn_batch_norm(x, weight, None, mean, mean, True, 0.1, EPS),
        lambda: TORCHS.cudnn_batch_norm(x, weight, None, None, None, False, 0.1, EPS),
        lambda: TORCHS.cudnn_batch_norm_backward(x, y[..., :4], *kept),
        lambda: TORCHS.cudnn_batch_norm_backward(x, y.double(), *kept),
        lambda: TORCHS.cudnn_batch_norm_backward(x, y, *kept[:-1], torch.ones(2, 4).double()),
        lambda: OPS.rms(x, 7, None, EPS),
        lambda: OPS.rms(x, 0, None, EPS),
    ):
        with pytest.raises(RuntimeError, match="normlab: "):
            call()


def test_explained():
    told = str(normlab.explain(nn.RMSNorm(8), torch.ones(4, 8)))
    assert told == f"rms_norm: C++ kernels ({native.in_use()})"
    told = str(normlab.explain(nn.BatchNorm(20), drawn((4, 20, 8, 8))))
    assert told == f"batch_norm: C++ kernels ({native.in_use()})"
    assert "torch's operators" in str(
        normlab.explain(nn.RMSNorm(8, device="meta"), torch.ones(4, 8, device="meta"))
    )


@pytest.mark.parametrize(
    ("name", "layer", "function"),
    [
        (
            "layer_norm",
            nn.LayerNorm(9, elementwise_affine=False),
            lambda x: functional.layer_norm(x, (9,)),
        ),
        ("group_norm", nn.GroupNorm(4, 20, affine=False), lambda x: functional.group_norm(x, 4)),
        ("instance_norm", nn.InstanceNorm(20), functional.instance_norm),
    ],
)
def test_the_usual_call_of_a_layer_is_the_function(name, layer, function):
    x = drawn((4, 20, 6, 9))
    assert normlab.explain(layer, x).calls == ((name, "torch's operators"),)
    for given in (x, x.contiguous(memory_format=LAST), x[..., ::2].repeat(1, 1, 1, 2)[..., :9]):
        assert torch.equal(layer(given), function(given))


def test_a_traced_program_has_operators_of_torch_alone():
    module = nn.BatchNorm(20)
    exported = torch.export.export(module.train(), (drawn((4, 20, 8, 8)),))
    assert "normlab" not in exported.graph_module.code


def test_a_checkpoint_moves_the_statistics_once():
    layer = nn.BatchNorm(20)
    x = drawn((4, 20, 8, 8)).requires_grad_()
    torch.utils.checkpoint.checkpoint(layer, x, use_reentrant=False).sum().backward()
    other = nn.BatchNorm(20)
    other(x.detach())
    assert torch.equal(layer.running_mean, other.running_mean)


def test_the_function_uses_them_too():
    x = drawn((4, 20, 8, 8))
    expected = functional.batch_norm(x.double(), None, None, training=True)
    y = functional.batch_norm(x, None, None, training=True)
    torch.testing.assert_close(y.double(), expected, rtol=1e-5, atol=1e-6)
