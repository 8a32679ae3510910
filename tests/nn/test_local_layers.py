"""The layers torch lacks: equal to their functions, parameters never negative and never stuck."""

import copy
import pickle

import pytest
import torch

from cases import assert_close, example
from normlab import functional, nn, normalize
from normlab.nn.nonnegative import LEAST_SHARE, lower, raw

X = example((3, 4, 6), dtype=torch.float32)
DOUBLE = {"dtype": torch.float64}
LAYERS = {
    "local contrast": lambda **k: nn.LocalContrastNorm(4, size=3, **k),
    "local contrast, box": lambda **k: nn.LocalContrastNorm(
        4, size=3, window="box", sigma=0.3, **k
    ),
    "local contrast, published": lambda **k: nn.LocalContrastNorm(4, size=3, sigma="mean", **k),
    "local contrast, not affine": lambda **k: nn.LocalContrastNorm(4, size=3, affine=False, **k),
    "divisive": lambda **k: nn.DivisiveNorm(4, **k),
    "divisive, window": lambda **k: nn.DivisiveNorm(4, size=3, width=[0.5, 1, 2, 3], **k),
    "divisive, within": lambda **k: nn.DivisiveNorm(4, width=0.7, over="s", **k),
    "divisive, learned": lambda **k: nn.DivisiveNorm(4, learn_pool=True, power=1.5, **k),
    "divisive, not affine": lambda **k: nn.DivisiveNorm(4, sigma=0.5, affine=False, **k),
    "gdn": lambda **k: nn.GDN(4, **k),
    "gdn1": lambda **k: nn.GDN(4, simplified=True, sigma=0.5, pool=0.3, **k),
}
by_layer = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)


def learned(layer):
    """The non-negative values a layer uses."""
    values = (getattr(layer, name, None) for name in ("sigma", "pool_weight"))
    return [value for value in values if isinstance(value, torch.Tensor)]


EQUAL = {
    "local contrast": lambda x: normalize(x, "local_contrast", size=3).y,
    "local contrast, published": lambda x: functional.local_contrast_norm(x, sigma="mean", size=3),
    "divisive": lambda x: normalize(x, "divisive").y,
    "divisive, window": lambda x: functional.divisive_norm(x, size=3, width=[0.5, 1, 2, 3]),
    "divisive, within": lambda x: functional.divisive_norm(x, width=0.7, over="s"),
    "divisive, learned": lambda x: functional.divisive_norm(
        x, power=1.5, pool_weight=torch.full((4, 4), 0.25)
    ),
    "gdn": lambda x: normalize(x, "gdn").y,
    "gdn1": lambda x: functional.gdn(x, 0.5, 0.3 * torch.eye(4), simplified=True),
}


@pytest.mark.parametrize("name", EQUAL)
def test_a_new_layer_is_its_function(name):
    assert_close(LAYERS[name]()(X), EQUAL[name](X), dtype=torch.float32)


def test_one_layer_for_every_rank():
    for shape in ((3, 4), (3, 4, 6), (2, 4, 3, 5), (2, 4, 2, 3, 2)):
        x = example(shape, dtype=torch.float32)
        for layer in (nn.DivisiveNorm(4), nn.GDN(4), nn.LocalContrastNorm(4, size=3)):
            if x.dim() > 2 or not isinstance(layer, nn.LocalContrastNorm):
                assert layer(x).shape == shape


@by_layer
def test_every_parameter_has_a_gradient(make):
    layer, x = make(), X.clone().requires_grad_()
    (layer(x) ** 3).sum().backward()
    for parameter in (x, *layer.parameters()):
        assert parameter.grad.isfinite().all() and bool((parameter.grad != 0).any())


def test_gradients_of_values_are_those_of_the_function():
    layer, x = nn.GDN(4, sigma=0.7, pool=0.3, **DOUBLE), X.double()
    (layer(x) ** 3).sum().backward()
    sigma, weight = (value.detach().requires_grad_() for value in (layer.sigma, layer.pool_weight))
    y = (functional.gdn(x, sigma, weight) ** 3).sum()
    for mine, value in zip((layer.raw_sigma, layer.raw_pool_weight), (sigma, weight), strict=True):
        (grad,) = torch.autograd.grad(y, value, retain_graph=True)
        assert_close(mine.grad, grad)


OPTIMISERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=100.0),
    "momentum": lambda p: torch.optim.SGD(p, lr=1.0, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=1.0),
}


@by_layer
@pytest.mark.parametrize("optimiser", OPTIMISERS.values(), ids=OPTIMISERS)
@pytest.mark.parametrize("alternate", [False, True], ids=["down", "to and fro"])
def test_aggressive_steps_never_make_them_negative(make, optimiser, alternate):
    """Pull on the values themselves and, through the output, on everything."""
    layer = make()
    if not list(layer.parameters()):
        assert not learned(layer)
        return
    step = optimiser(layer.parameters())
    for seed in range(50):
        sign = -1.0 if alternate and seed % 2 else 1.0
        step.zero_grad()
        x = example(X.shape, seed, torch.float32)
        loss = layer(x).tanh().sum() + sign * sum(value.sum() for value in learned(layer))
        loss.backward()
        step.step()
        assert all(bool((value >= 0).all()) for value in learned(layer))
        assert all(value.isfinite().all() for value in learned(layer))


def descend(layer, loss, steps):
    """Adam with a fresh memory, on a loss of each learned value."""
    step = torch.optim.Adam(layer.parameters(), lr=0.02)
    for _ in range(steps):
        step.zero_grad()
        sum(loss(value) for value in learned(layer)).backward()
        step.step()


@pytest.mark.parametrize("start", [0.0, 0.1, 1.0])
def test_the_bound_can_be_left_again(start):
    """Pulled far below its bound and then towards 0.5, every value arrives."""
    layer = nn.GDN(3, sigma=start, pool=start)
    descend(layer, torch.sum, 200)
    assert bool((layer.pool_weight == 0).all())
    assert bool((layer.sigma == LEAST_SHARE * start).all())
    sum(-value.sum() for value in learned(layer)).backward()
    assert all(bool((parameter.grad < 0).all()) for parameter in layer.parameters())
    descend(layer, lambda value: (value - 0.5).square().sum(), 500)
    for value in learned(layer):
        assert (value - 0.5).abs().max() < 1e-3


def test_a_sigma_at_its_bound_still_feels_the_data():
    """sigma enters squared: at 0 it would have no slope, at its least it has one, and plain SGD leaves."""
    layer = nn.GDN(2, pool=0.0)
    with torch.no_grad():
        layer.raw_sigma.fill_(-1.0)
    before = layer.sigma.detach().clone()
    descent = torch.optim.SGD(layer.parameters(), lr=1e-3)
    for _ in range(5):
        descent.zero_grad()
        layer(torch.ones(4, 2)).square().mean().backward()
        descent.step()
    assert bool((layer.sigma > before).all())


@pytest.mark.parametrize(
    "dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16], ids=str
)
def test_a_value_is_kept_as_given(dtype):
    given = torch.tensor([0.0, 1e-4, 0.25, 1.0, 100.0], dtype=dtype)
    parameter = raw(given)
    kept = lower(parameter)
    assert parameter.dtype == kept.dtype == dtype
    assert torch.equal(kept, given)
    below = raw(given).detach() - 10
    assert bool((lower(below.requires_grad_()) >= 0).all())


@by_layer
def test_state_dict_round_trip(make):
    layer, other = make(), make()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(1.5).add_(0.1)
    other.load_state_dict(layer.state_dict(), strict=True)
    assert torch.equal(layer(X), other(X))
    assert torch.equal(copy.deepcopy(layer)(X), layer(X))
    assert torch.equal(pickle.loads(pickle.dumps(layer))(X), layer(X))


@by_layer
def test_dtypes_and_devices(make):
    assert make(**DOUBLE)(X.double()).dtype == torch.float64
    assert_close(make(**DOUBLE)(X.double()), make()(X), dtype=torch.float32)
    half = make(dtype=torch.bfloat16)
    assert half(X.bfloat16()).dtype == torch.bfloat16
    meta = make(device="meta")
    assert all(parameter.is_meta for parameter in meta.parameters())
    meta.to_empty(device="cpu").load_state_dict(make().state_dict())
    assert torch.equal(meta(X), make()(X))


@by_layer
def test_a_layer_prints_itself(make):
    assert repr(make()).endswith(")") and "4" in repr(make())


def test_pool_input_and_mask_reach_the_layer():
    e = example((3, 6, 6), 1, torch.float32)
    layer = nn.DivisiveNorm(4, learn_pool=True, pool_channels=6)
    expected = functional.divisive_norm(X, pool_input=e, pool_weight=torch.full((4, 6), 1 / 6))
    assert_close(layer(X, pool_input=e), expected, dtype=torch.float32)
    mask = torch.arange(6).expand(3, 6) < 4
    spoilt = torch.where(mask.unsqueeze(1), X, torch.nan)
    for layer in (nn.DivisiveNorm(4, size=3), nn.LocalContrastNorm(4, size=3)):
        y = layer(spoilt, mask=mask)[..., :4]
        assert_close(y, layer(X[..., :4]), dtype=torch.float32)


def test_a_small_network_learns_through_each():
    """One step down the slope lowers the loss: the whole layer is differentiable in use."""
    for make in LAYERS.values():
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Conv1d(2, 4, 3), make(), torch.nn.Conv1d(4, 1, 3))
        x, target = example((8, 2, 12), dtype=torch.float32), example((8, 1, 8), 1, torch.float32)
        step = torch.optim.SGD(model.parameters(), lr=1e-2)
        losses = []
        for _ in range(5):
            loss = (model(x) - target).square().mean()
            losses.append(loss.item())
            step.zero_grad(), loss.backward(), step.step()
        assert losses == sorted(losses, reverse=True)
