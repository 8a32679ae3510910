"""The divisive layer: its published forms against oracles outside this package, and its life as a module."""

import copy
import math
import pickle
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import loops
from cases import assert_close, example
from normlab import functional, nn
from normlab.nn.nonnegative import LEAST_POWER

ROOT = Path(__file__).parents[2]
X = example((2, 4, 5, 6))
DOUBLE = {"dtype": torch.float64}


def test_ren_over_the_batch_is_batch_normalisation():
    layer = nn.DivisiveNorm.ren(4, over="n s", sigma=math.sqrt(1e-5), **DOUBLE)
    assert_close(layer(X), F.batch_norm(X, None, None, training=True))


def test_ren_over_a_sample_is_layer_normalisation():
    layer = nn.DivisiveNorm.ren(4, over="c s", sigma=math.sqrt(1e-5), **DOUBLE)
    assert_close(layer(X), F.layer_norm(X, X.shape[1:]))
    instance = nn.DivisiveNorm.ren(4, over="s", sigma=math.sqrt(1e-5), **DOUBLE)
    assert_close(instance(X), F.instance_norm(X))


@pytest.mark.parametrize("over", ["c", "s"])
def test_ren_over_a_window(over):
    x = X.numpy()
    v = x - loops.window_mean(x, 3, 1.0, "box", over == "c", out=4)
    spread = loops.window_mean(v**2, 3, 1.0, "box", over == "c", out=4)
    layer = nn.DivisiveNorm.ren(4, over=over, size=3, sigma=0.5, **DOUBLE)
    # the variance is that of v around its own place's mean, as in the paper
    assert_close(layer(X), torch.from_numpy(v / np.sqrt(0.25 + spread)))


def test_miller():
    constants = {"k": 0.7, "alpha": 0.4, "width": 1.5, "beta": 0.8}
    layer = nn.DivisiveNorm.miller(4, **constants, **DOUBLE)
    assert_close(layer(X), torch.from_numpy(loops.miller(X.numpy(), **constants)))


def test_miller_by_hand():
    """Two rectified channels 1 and 2, λ = 1/ln 2, so that e^(−1/λ) = ½: 1/(1 + α/λ·(1 + 4/2)) …"""
    width = 1 / math.log(2)
    layer = nn.DivisiveNorm.miller(2, width=width, alpha=width, **DOUBLE)
    y = layer(torch.tensor([[1.0, 2.0], [1.0, -2.0]], dtype=torch.float64))
    assert_close(y, torch.tensor([[1 / 4, 4 / 5.5], [1 / 2, 0.0]], dtype=torch.float64))


@pytest.mark.parametrize("kernel", [(), (3, 2)], ids=["channels", "neighbours"])
def test_schwartz_simoncelli(kernel):
    layer = nn.DivisiveNorm.schwartz_simoncelli(4, kernel=kernel, sigma=0.6, **DOUBLE)
    weight = example((4, 4, *kernel), 3).abs()
    with torch.no_grad():
        layer.raw_pool_weight.copy_(weight)
    top = X.numpy().clip(0) ** 2
    wide = weight.numpy() if kernel else weight.numpy()[..., None, None]
    pool = loops.neighbours_pool(top, wide)
    assert_close(layer(X), torch.from_numpy(top / (0.36 + pool)))
    pool = loops.neighbours_pool(X.numpy() ** 2, wide)
    assert_close(layer(X, pool_input=X), torch.from_numpy(top / (0.36 + pool)))


@pytest.mark.parametrize(("shape", "kernel"), [((2, 4, 6), 4), ((1, 4, 3, 4, 3), (3, 2, 2))])
def test_neighbours_of_every_rank(shape, kernel):
    x = example(shape)
    layer = nn.DivisiveNorm(4, kernel=kernel, **DOUBLE)
    weight = example(layer.raw_pool_weight.shape, 3).abs()
    with torch.no_grad():
        layer.raw_pool_weight.copy_(weight)
    pool = loops.neighbours_pool(x.numpy() ** 2, weight.numpy())
    assert_close(layer(x), x * x.abs() / (1.0 + torch.from_numpy(pool)))


def test_local_contrast():
    y, _ = loops.local_contrast(X.numpy(), 0.5, 3, 0.8, "gaussian")
    layer = nn.DivisiveNorm.local_contrast(4, size=3, width=0.8, sigma=0.5, **DOUBLE)
    assert_close(layer(X), torch.from_numpy(y))


def test_alexnet_is_torchs_with_five_times_the_alpha():
    layer, x = nn.DivisiveNorm.alexnet(8, **DOUBLE), 50 * example((2, 8, 3, 3))
    assert_close(layer(x), F.local_response_norm(x, 5, alpha=5e-4, beta=0.75, k=2.0))
    assert not any(parameter.requires_grad for parameter in layer.parameters())


def test_gdn():
    layer = nn.DivisiveNorm.gdn(4, sigma=0.5, pool=0.3, **DOUBLE)
    expected = loops.gdn(X.numpy(), [0.5] * 4, 0.3 * np.eye(4), 2)
    assert_close(layer(X), torch.from_numpy(expected))
    assert_close(nn.GDN(4, sigma=0.5, pool=0.3, **DOUBLE)(X), torch.from_numpy(expected))


def test_channel_windows_by_hand():
    x = torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64)
    near = functional.divisive_norm(x, channel_size=3, drive_power=1.0)
    assert_close(near, torch.tensor([[1 / 6, 2 / 15, 3 / 14]], dtype=torch.float64))
    far = functional.divisive_norm(x, channel_width=1 / math.log(2), drive_power=1.0)
    pools = [1 + 4 / 2 + 9 / 4, 1 / 2 + 4 + 9 / 2, 1 / 4 + 4 / 2 + 9]
    assert_close(far, x / (1 + torch.tensor([pools], dtype=torch.float64)))


@pytest.mark.parametrize("simplified", [False, True], ids=["gdn", "gdn1"])
def test_the_approximate_inverse(simplified):
    """For weights w the round trip is off by about w: IGDN takes the scale of what it is given."""
    errors = []
    for pool in (1e-2, 1e-3):
        there = nn.GDN(4, simplified=simplified, pool=pool, **DOUBLE)
        back = nn.GDN(4, simplified=simplified, inverse=True, pool=pool, **DOUBLE)
        errors.append(((back(there(X)) - X).abs().max() / X.abs().max()).item())
    assert errors[0] < 0.02 and errors[1] < 2e-4


def test_igdn_multiplies_by_the_scale():
    y = nn.GDN(4, inverse=True, sigma=0.5, pool=0.3, **DOUBLE)(X)
    assert_close(y * nn.GDN(4, sigma=0.5, pool=0.3, **DOUBLE)(X), X.square())


@pytest.mark.parametrize("simplified", [False, True], ids=["gdn", "gdn1"])
def test_the_exact_inverse(simplified):
    sigma, weight = example((4,), 1).abs() + 0.5, example((4, 4), 2).abs()
    for x in (X, example((3, 4)), torch.zeros(1, 4, 2).double()):
        y = functional.gdn(x, sigma, weight, simplified=simplified)
        assert_close(functional.gdn_inverse(y, sigma, weight, simplified=simplified), x, 1 << 30)


def test_the_exact_inverse_is_differentiable():
    y = functional.gdn(example((2, 3))).requires_grad_()
    torch.autograd.gradcheck(functional.gdn_inverse, [y])


LAYERS = {
    "plain": {},
    "shared": {"shared_sigma": True},
    "each": {"sigma": [0.5, 1.0, 1.5, 2.0]},
    "fixed": {"learn_sigma": False, "affine": False},
    "power": {"learn_power": True},
    "power of the pool": {"learn_power": True, "drive_power": 1.0},
    "pool": {"learn_pool": True, "size": 3},
    "neighbours": {"kernel": (3, 3)},
    "window": {"size": 3, "width": [0.5, 1.0, 1.5, 2.0], "window": "gaussian", "over": "s"},
    "centered": {"center": True, "reduce": "mean", "size": 3, "rectify": True},
    "decay": {"channel_width": 2.0},
}
by_layer = pytest.mark.parametrize("settings", LAYERS.values(), ids=LAYERS)
FLOAT = X.float()


@by_layer
def test_a_life_as_a_module(settings):
    layer, other = nn.DivisiveNorm(4, **settings), nn.DivisiveNorm(4, **settings)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(1.2).add_(0.1)
    other.load_state_dict(layer.state_dict(), strict=True)
    assert torch.equal(layer(FLOAT), other(FLOAT))
    assert torch.equal(copy.deepcopy(layer)(FLOAT), layer(FLOAT))
    assert torch.equal(pickle.loads(pickle.dumps(layer))(FLOAT), layer(FLOAT))
    meta = nn.DivisiveNorm(4, device="meta", **settings)
    assert all(value.is_meta for value in meta.state_dict().values())
    meta.to_empty(device="cpu").load_state_dict(layer.state_dict())
    assert torch.equal(meta(FLOAT), layer(FLOAT))
    double = nn.DivisiveNorm(4, **DOUBLE, **settings)
    assert all(value.dtype == torch.float64 for value in double.state_dict().values())
    assert double(X).dtype == torch.float64


@by_layer
def test_learned_values_stay_in_their_domain(settings):
    """Pulled down without end, and through the output, nothing turns negative or NaN."""
    layer = nn.DivisiveNorm(4, **settings)
    parameters = list(layer.parameters())
    if not parameters:
        return
    step = torch.optim.SGD(parameters, lr=3.0)
    for seed in range(20):
        step.zero_grad()
        y = layer(example(X.shape, seed, torch.float32))
        held = [v for v in (layer.sigma, layer.power, layer.pool_weight) if torch.is_tensor(v)]
        (y.tanh().sum() + sum(value.sum() for value in held if value.requires_grad)).backward()
        step.step()
        assert bool((layer.sigma > 0).all())
        assert layer.power >= LEAST_POWER
        assert layer.pool_weight is None or bool((layer.pool_weight >= 0).all())
        assert layer(FLOAT).isfinite().all()


REPRS = {
    "plain": "DivisiveNorm(4)",
    "shared": "DivisiveNorm(4, shared_sigma=True)",
    "fixed": "DivisiveNorm(4, learn_sigma=False, affine=False)",
    "power of the pool": "DivisiveNorm(4, drive_power=1.0, learn_power=True)",
    "pool": "DivisiveNorm(4, size=3, pool_weight=(4, 4))",
    "decay": "DivisiveNorm(4, channel_width=2.0)",
}


@pytest.mark.parametrize("name", REPRS)
def test_it_prints_what_is_not_default(name):
    assert repr(nn.DivisiveNorm(4, **LAYERS[name])) == REPRS[name]


def test_masks_reach_every_layer():
    mask = torch.arange(6).expand(2, 5, 6) < 4
    spoilt = torch.where(mask.unsqueeze(1), FLOAT, torch.nan)
    for layer in (
        nn.LocalResponseNorm(3),
        nn.GDN(4),
        nn.LocalContrastNorm(4, size=3),
        nn.DivisiveNorm(4, kernel=(3, 3)),
    ):
        y = layer(spoilt, mask=mask)
        assert bool((y[..., 4:] == 0).all())
        assert_close(y[..., :4], layer(FLOAT[..., :4]), dtype=torch.float32)


def test_a_layer_under_transforms():
    layer = nn.DivisiveNorm(4, learn_pool=True, learn_power=True, **DOUBLE)
    parameters = dict(layer.named_parameters())

    def loss(parameters, x):
        return torch.func.functional_call(layer, parameters, (x.unsqueeze(0),)).square().sum()

    slopes = torch.func.vmap(torch.func.grad(loss), (None, 0))(parameters, X)
    loss(parameters, X[1]).backward()
    for name, parameter in layer.named_parameters():
        assert_close(slopes[name][1], parameter.grad)


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
def test_a_layer_compiles_and_exports():
    torch._dynamo.reset()
    layer = nn.DivisiveNorm(4, learn_pool=True, learn_power=True, size=3)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    assert_close(compiled(FLOAT), layer(FLOAT), dtype=torch.float32)
    exported = torch.export.export(layer.eval(), (FLOAT,), strict=False).module()
    assert_close(exported(FLOAT), layer(FLOAT), dtype=torch.float32)


def test_a_small_network_learns_digits():
    """The network of the example; a constant answer is right for about one digit in ten."""
    example_of = runpy.run_path(str(ROOT / "examples" / "divisive_digits.py"))
    torch.manual_seed(0)
    images, labels, unseen, truth = example_of["digits"](0)
    model = example_of["network"]()
    example_of["train"](model, images, labels, 6)
    with torch.no_grad():
        assert example_of["accuracy"](model, unseen, truth) > 0.9
    first, second = (layer for layer in model if isinstance(layer, nn.DivisiveNorm))
    assert bool((first.sigma > 0).all()) and bool((second.sigma > 0).all())
    assert first.power >= LEAST_POWER and bool((first.pool_weight >= 0).all())
