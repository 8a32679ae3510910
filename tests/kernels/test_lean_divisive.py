"""The lean kernels: the reference's numbers and slopes, in every way that torch can run them."""

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.func import grad, jacrev, vmap

from cases import POOL_WEIGHT, assert_close, example
from normlab import functional, normalize
from normlab.equation.variants import divisive
from normlab.kernels import blocks

SHAPE = (3, 4, 5)
SIGMA = torch.tensor([0.5, 0.7, 0.9, 1.2], dtype=torch.float64)
KERNEL = torch.rand(4, 4, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
OWN = {"weight": example((4,), 1), "bias": example((4,), 2)}


def scalar(value):
    return torch.tensor(value, dtype=torch.float64)


def divisive_norm(x, **settings):
    return functional.divisive_norm(x, **OWN | settings)


# settings of divisive_norm; those that are tensors also get gradients
SETTINGS = {
    "channels": {},
    "each its sigma": {"sigma": SIGMA},
    "space": {"over": "s", "power": 3.0},
    "channels and space": {"over": "c s", "reduce": "mean"},
    "batch": {"over": "n s", "sigma": SIGMA},
    "learned powers": {
        "power": scalar(1.7),
        "drive_power": scalar(1.3),
        "outer_power": scalar(0.8),
    },
    "one learned power": {"power": scalar(2.2), "sigma": scalar(0.6)},
    "drive alone": {"drive_power": 1.0, "outer_power": 0.5},
    "three quarters": {"drive_power": 1.0, "outer_power": 0.75, "channel_size": 3},
    "a quarter": {"drive_power": 1.0, "outer_power": 0.25, "channel_size": 4},
    "box": {"size": 3, "window": "box"},
    "even box within": {"size": 4, "window": "box", "over": "s", "sigma": SIGMA},
    "widths": {"width": [0.4, 0.5, 0.6, 0.7], "size": 3},
    "widths within": {"width": [0.4, 0.5, 0.6, 0.7], "over": "s"},
    "decay": {"channel_width": scalar(1.5)},
    "decay in a window": {"channel_width": 0.7, "size": 3},
    "weights": {"pool_weight": POOL_WEIGHT, "sigma": SIGMA},
    "weights in a window": {"pool_weight": POOL_WEIGHT, "size": 3, "window": "box"},
    "weights over space": {"pool_weight": POOL_WEIGHT, "over": "c s"},
    "neighbours": {"pool_weight": KERNEL},
    "centered": {"center": True, "reduce": "mean", "size": 3, "drive_power": 1.0},
    "rectified": {"rectify": True, "size": 3},
}
by_settings = pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
OTHERS = {
    "local response": lambda x, **_: functional.local_response_norm(x, 3, 0.6, 0.75, 1.5),
    "local contrast": lambda x, **_: functional.local_contrast_norm(x, size=3, sigma=0.5),
    "gdn": lambda x, **_: functional.gdn(x, SIGMA, POOL_WEIGHT),
    "gdn1": lambda x, **_: functional.gdn(x, SIGMA, POOL_WEIGHT, simplified=True),
    "igdn": lambda x, **_: functional.gdn(x, SIGMA, POOL_WEIGHT, inverse=True),
}
CALLS = {
    **{name: lambda x, s=s, **more: divisive_norm(x, **s | more) for name, s in SETTINGS.items()},
    **OTHERS,
}
by_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


def with_tensors(settings):
    """f(x, *tensors) for all tensors of the settings, and the tensors."""
    given = OWN | settings
    names = [name for name, value in given.items() if isinstance(value, torch.Tensor)]

    def call(x, *values):
        return functional.divisive_norm(x, **given | dict(zip(names, values, strict=True)))

    return call, [given[name].clone().requires_grad_() for name in names]


def with_zeros(settings):
    """An x with exact zeros, where its slope there is one that finite differences can find."""
    x = example(SHAPE)
    if not isinstance(settings.get("power"), torch.Tensor) and not settings.get("rectify"):
        x[0, 1, 2] = x[1, :, 3] = 0.0
    return x.requires_grad_()


@by_settings
def test_gradients(settings):
    call, tensors = with_tensors(settings)
    assert gradcheck(call, [with_zeros(settings), *tensors])
    if "power" in settings or "pool_weight" in settings or "size" in settings:
        x = example((2, 4, 3)).requires_grad_()
        assert gradgradcheck(call, [x, *tensors])


@pytest.mark.parametrize("call", OTHERS.values(), ids=OTHERS)
def test_gradients_of_the_others(call):
    x = example((2, 4, 3))
    x[0, 1, 2] = 0.0
    assert gradcheck(call, [x.requires_grad_()])
    assert gradgradcheck(call, [example((2, 4, 3), 5).requires_grad_()])


def test_another_pool_has_its_own_gradient():
    x, e = example((2, 4, 3)).requires_grad_(), example((2, 3, 3), 7).requires_grad_()
    for more in ({}, {"pool_weight": POOL_WEIGHT[:, :3]}, {"size": 3, "power": scalar(1.5)}):
        assert gradcheck(lambda x, e, more=more: divisive_norm(x, pool_input=e, **more), [x, e])
        assert gradgradcheck(lambda x, e, more=more: divisive_norm(x, pool_input=e, **more), [x, e])
    same = example((2, 4, 3), 7).requires_grad_()
    assert gradcheck(lambda x, e: divisive_norm(x, pool_input=e), [x, same])


def test_below_one_the_gradient_at_zero_is_zero():
    x = torch.tensor([[0.0, 2.0]], dtype=torch.float64, requires_grad=True)
    for settings in ({"power": 0.5}, {"power": scalar(0.5)}, {"drive_power": 0.5}):
        (slope,) = torch.autograd.grad(functional.divisive_norm(x, **settings).sum(), x)
        assert slope[0, 0] == 0.0 and slope.isfinite().all()


@by_call
@pytest.mark.parametrize("filler", [torch.nan, torch.inf, 1e30])
def test_masked_places_change_nothing(call, filler):
    if call is CALLS["batch"]:
        mask = torch.tensor([[True] * 5, [True] * 5, [False] * 5])
    else:
        mask = torch.arange(5).expand(3, 5) < torch.tensor([[4], [2], [5]])
    results = []
    for value in (0.0, filler):
        x = torch.where(mask.unsqueeze(1), example(SHAPE), value).requires_grad_()
        call_masked = masked(call)
        y = call_masked(x, mask)
        (slope,) = torch.autograd.grad((y * example(SHAPE, 9)).sum(), x)
        hidden = ~mask.unsqueeze(1).expand(SHAPE)
        assert bool((y[hidden] == 0).all()) and bool((slope[hidden] == 0).all())
        results.append((y, slope))
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])


def masked(call):
    """The call with a mask, also of those whose lambdas take none."""
    name = next(n for n, c in CALLS.items() if c is call)
    own = {
        "local response": lambda x, m: functional.local_response_norm(x, 3, 0.6, 0.75, 1.5, mask=m),
        "local contrast": lambda x, m: functional.local_contrast_norm(x, size=3, mask=m),
        "gdn": lambda x, m: functional.gdn(x, SIGMA, POOL_WEIGHT, mask=m),
        "gdn1": lambda x, m: functional.gdn(x, SIGMA, POOL_WEIGHT, simplified=True, mask=m),
        "igdn": lambda x, m: functional.gdn(x, SIGMA, POOL_WEIGHT, inverse=True, mask=m),
    }
    return own.get(name, lambda x, m: call(x, mask=m))


@pytest.mark.parametrize("name", ["box", "widths within", "neighbours", "centered", "weights"])
def test_a_masked_sample_is_as_if_cut_off(name):
    x = example(SHAPE)
    mask = torch.arange(5).expand(3, 5) < 3
    y = divisive_norm(x, mask=mask, **SETTINGS[name])[..., :3]
    assert_close(y, divisive_norm(x[..., :3], **SETTINGS[name]))


def test_rows_are_the_references():
    x = example((2, 4, 4, 5))
    for row, settings in (
        (divisive(), {"sigma": SIGMA, "power": 1.5}),
        (divisive(spatial=True), {"size": 3, "width": [0.5, 0.7, 0.9, 1.1]}),
        (divisive(spatial=True, channels=False), {"size": 4, "window": "box"}),
        (divisive(learned=True), {"pool_weight": POOL_WEIGHT}),
        (divisive(mixer="decay", spatial=True), {"channel_width": 1.5, "size": 3}),
        (divisive(mixer="window", outer=True), {"channel_size": 3, "outer_power": 0.75}),
        (divisive(neighbours=True), {"pool_weight": KERNEL.unsqueeze(3).expand(-1, -1, -1, 2)}),
        (divisive(space=True, channels=False, batch=True), {}),
    ):
        expected = normalize(x, row, **OWN, **settings).y
        assert_close(divisive_by_row(x, row, settings), expected)


def divisive_by_row(x, row, settings):
    from normlab.kernels.sigma_inside import normalized

    return normalized(x, row, **OWN, **settings)


@by_call
def test_transforms(call):
    many = example((3, *SHAPE), 4)
    assert_close(vmap(call)(many)[1], call(many[1]))
    slopes = vmap(grad(lambda x: call(x).square().sum()))(many)
    x = many[1].clone().requires_grad_()
    (expected,) = torch.autograd.grad(call(x).square().sum(), x)
    assert_close(slopes[1], expected)
    jacobian = jacrev(call)(many[0, :1])
    assert jacobian.shape == (1, *SHAPE[1:], 1, *SHAPE[1:])


def test_a_transform_over_the_parameters():
    call, (weight, bias, pool, sigma) = with_tensors(SETTINGS["weights"])
    many = example((3, *SHAPE), 4)
    per_sample = vmap(grad(lambda w, x: call(x, weight, bias, w, sigma).sum()), (None, 0))
    slopes = per_sample(pool.detach(), many)
    for x, slope in zip(many, slopes, strict=True):
        (expected,) = torch.autograd.grad(call(x, weight, bias, pool, sigma).sum(), pool)
        assert_close(slope, expected)


# one of every kernel; compiling takes seconds
SOON = {
    "channels",
    "batch",
    "learned powers",
    "box",
    "widths within",
    "decay",
    "weights",
    "neighbours",
    "centered",
}
COMPILED = pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")


@COMPILED
@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(settings, id=name, marks=() if name in SOON else pytest.mark.slow)
        for name, settings in SETTINGS.items()
    ],
)
def test_compiled_whole(settings):
    torch._dynamo.reset()
    call, tensors = with_tensors(settings)
    inputs = [example(SHAPE).requires_grad_(), *tensors]
    y, expected = torch.compile(call, fullgraph=True, backend="aot_eager")(*inputs), call(*inputs)
    assert_close(y, expected)
    slopes = torch.autograd.grad(y.square().sum(), inputs)
    others = torch.autograd.grad(expected.square().sum(), inputs)
    for slope, other in zip(slopes, others, strict=True):
        assert_close(slope, other)


@COMPILED
@pytest.mark.filterwarnings("ignore")
def test_compiled_by_inductor():
    torch._dynamo.reset()
    x = example(SHAPE, dtype=torch.float32).requires_grad_()
    y = torch.compile(functional.local_response_norm, fullgraph=True)(x, 3, 0.6)
    expected = functional.local_response_norm(x, 3, 0.6)
    assert_close(y, expected, dtype=torch.float32)
    pair = [torch.autograd.grad(out.square().sum(), x)[0] for out in (y, expected)]
    assert_close(*pair, dtype=torch.float32)


@by_call
def test_exported(call):
    class Layer(torch.nn.Module):
        def forward(self, x):
            return call(x)

    x = example(SHAPE)
    assert_close(torch.export.export(Layer().eval(), (x,), strict=False).module()(x), call(x))


@by_call
def test_blocks_change_nothing(call, monkeypatch):
    shape = (7, 4, 6)
    results = []
    for size in (1 << 30, 50):
        monkeypatch.setattr(blocks, "BLOCK", size)
        x = example(shape).requires_grad_()
        y = call(x)
        results.append((y, *torch.autograd.grad((y * example(shape, 9)).sum(), x)))
    assert_close(results[1][0], results[0][0])
    assert_close(results[1][1], results[0][1])


def test_blocks_sum_the_gradients_of_parameters(monkeypatch):
    for settings in SETTINGS.values():
        call, tensors = with_tensors(settings)
        found = []
        for size in (1 << 30, 20):
            monkeypatch.setattr(blocks, "BLOCK", size)
            found.append(torch.autograd.grad(call(example(SHAPE), *tensors).sum(), tensors))
        for mine, other in zip(*found, strict=True):
            assert_close(mine, other)


@by_call
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_types_are_computed_in_float32(call, dtype):
    x = example(SHAPE).to(dtype)
    assert torch.equal(call(x), call(x.float()).to(dtype))
    leaf = x.clone().requires_grad_()
    call(leaf).float().sum().backward()
    assert leaf.grad.dtype == dtype and leaf.grad.isfinite().all()


@by_call
def test_autocast_changes_no_digit(call):
    x = example(SHAPE, dtype=torch.float32).requires_grad_()
    y = call(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        same = call(x)
        (slope,) = torch.autograd.grad(same.square().sum(), x)
    assert same.dtype == torch.float32 and torch.equal(same, y)
    assert_close(slope, torch.autograd.grad(y.square().sum(), x)[0], dtype=torch.float32)


# for images of 8 × 8 and volumes of 4 × 4 × 4
IMAGES = {
    **{n: s for n, s in SETTINGS.items() if n != "neighbours"},
    "neighbours": {"pool_weight": KERNEL.unsqueeze(3).repeat(1, 1, 1, 3)},
}


@pytest.mark.parametrize("name", IMAGES)
def test_channels_last_stays_so(name, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 600)
    for shape, layout in (
        ((3, 4, 8, 8), torch.channels_last),
        ((3, 4, 4, 4, 4), torch.channels_last_3d),
    ):
        if len(shape) == 5 and name == "neighbours":
            continue
        x = example(shape)
        y = divisive_norm(x.to(memory_format=layout).requires_grad_(), **IMAGES[name])
        assert y.is_contiguous(memory_format=layout)
        assert_close(y, divisive_norm(x, **IMAGES[name]))


@by_call
def test_strides_and_empty_batches(call):
    x = example((3, 5, 4)).transpose(1, 2)
    assert_close(call(x), call(x.contiguous()))
    assert_close(call(example((6, *SHAPE[1:]))[::2]), call(example((6, *SHAPE[1:]))[::2].clone()))
    empty = torch.empty((0, 4, 5), dtype=torch.float64, requires_grad=True)
    y = call(empty)
    y.sum().backward()
    assert y.shape == empty.shape == empty.grad.shape


def kept(call, x):
    """Elements of x's size or more than one channel of it that autograd keeps, in units of x."""
    storages = {}

    def pack(tensor):
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        y = call(x)
    assert y.requires_grad
    least = x[:, 0].numel() * x.element_size()
    return sum(s.nbytes() for s in storages.values() if s.nbytes() > least) / x.nbytes


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("shape", [(8, 4, 20), (40, 4, 33)], ids=str)
def test_at_most_one_tensor_more_is_kept(name, shape):
    x = example(shape).requires_grad_()
    assert kept(CALLS[name], x) <= 2.0
    parameters = with_tensors(SETTINGS[name]) if name in SETTINGS else None
    if parameters:
        call, tensors = parameters
        assert kept(lambda x: call(x, *tensors), x) <= 2.0


def test_what_torchs_own_keeps():
    x = example((8, 4, 20)).requires_grad_()
    assert kept(lambda x: torch.nn.functional.local_response_norm(x, 3), x) > 3.0


def test_a_mask_is_kept_as_booleans():
    x, mask = example((8, 4, 20)).requires_grad_(), torch.rand(8, 4, 20) > 0.3
    for name in ("box", "weights", "neighbours", "each its sigma"):
        assert kept(lambda x, name=name: CALLS[name](x, mask=mask), x) <= 2.0 + 1 / 8
