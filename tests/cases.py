"""For every row an example it can be measured on, and tolerances that follow from the arithmetic."""

import inspect
import math
import re

import pytest
import torch

from normlab import normalize, table
from normlab.nn.registry import layer_for

SHAPE = (2, 4, 5)
POOL_WEIGHT = torch.tensor(
    [[0.5, 0.1, 0.2, 0.3], [0.2, 0.6, 0.1, 0.4], [0.3, 0.2, 0.7, 0.1], [0.1, 0.4, 0.2, 0.8]],
    dtype=torch.float64,
)

# sigma is large enough for finite differences; everything else differs from its default
_SETTINGS = {
    "batch": {"eps": 1e-3},
    "layer": {"eps": 1e-3},
    "instance": {"eps": 1e-3},
    "group": {"eps": 1e-3, "num_groups": 2},
    "rms": {"eps": 1e-3},
    "l2": {"eps": 1e-2},
    "local_response": {"k": 1.5, "size": 3, "alpha": 0.6, "beta": 0.8},
    "local_contrast": {"sigma": 0.5, "size": 3, "width": 0.8},
    "divisive": {"sigma": 0.7, "power": 3.0},
    "gdn": {"sigma": 0.8, "pool_weight": POOL_WEIGHT},
    "gdn1": {"sigma": 0.8, "pool_weight": POOL_WEIGHT},
}
SETTINGS = {name: _SETTINGS.get(name, {row.sigma.setting: 0.5}) for name, row in table.items()}


def settings_of(row, **changed):
    return SETTINGS[row.name] | changed


def without_sigma(row):
    return settings_of(row, **{row.sigma.setting: 0.0})


def example(shape=SHAPE, seed=0, dtype=torch.float64):
    """Normal random numbers: with probability 1 none is zero and no two are equal."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def affine(row, shape=SHAPE, dtype=torch.float64):
    """A weight and a bias that differ everywhere."""
    size = shape[1:] if row.affine == "shape" else shape[1:2]
    weight = torch.linspace(0.5, 2.0, math.prod(size), dtype=dtype).view(size)
    return {"weight": weight, "bias": weight.flip(0) - 1.0}


def over_x(value, x, row=None):
    """A weight or bias shaped so that it broadcasts against x."""
    by_channel = row is None or row.affine != "shape"
    return value.view(-1, *[1] * (x.dim() - 2)) if by_channel and value.dim() == 1 else value


def tolerance(dtype, pooled=1):
    """A few roundings and the random walk of those in a sum of that many terms."""
    return 16 * torch.finfo(dtype).eps * math.sqrt(pooled)


def assert_close(actual, expected, pooled=64, dtype=torch.float64):
    """Equal within rounding, relative to the largest number expected (at least 1)."""
    actual, expected = torch.as_tensor(actual).detach(), torch.as_tensor(expected).detach()
    assert actual.shape == expected.shape
    if expected.numel():
        error = (actual.double() - expected.double()).abs().max().item()
        assert error <= tolerance(dtype, pooled) * max(1.0, expected.abs().max().item())


def exact(message):
    """The whole message as a pattern for pytest.raises."""
    return f"^{re.escape(message)}$"


def of_torch(kind, *args, bias=True, **options):
    """A layer of torch; some of torch 2.10 have no bias=False, and do without a bias all the same."""
    if not bias and "bias" in inspect.signature(kind).parameters:
        options["bias"] = False
    layer = kind(*args, **options)
    if not bias:
        layer.register_parameter("bias", None)
    return layer


MORE = {"instance": {"affine": True}}  # arguments of layers that are no settings of their rows


def new_layer(row, shape):
    """The row's layer for input of that shape, as its constructor leaves it."""
    extent = shape[1:] if row.extent == "normalized_shape" else shape[1]
    plain = {n: v for n, v in SETTINGS[row.name].items() if not isinstance(v, torch.Tensor)}
    return layer_for(row).make(extent, **plain, **MORE.get(row.name, {}))


BY_RANK = {2: (6, 4), 3: SHAPE, 4: (2, 4, 3, 5)}
PLACES = [
    pytest.param(row, shape, id=f"{row.name}-{rank}d")
    for row in table.values()
    for rank, shape in BY_RANK.items()
    if rank > 2 or not row.needs_space
]
by_place = pytest.mark.parametrize(("row", "shape"), PLACES)
MODES = {"training": True, "evaluation": False}
by_mode = pytest.mark.parametrize("training", MODES.values(), ids=MODES)


def layer_of(row, shape=SHAPE, dtype=torch.float64, seed=0):
    """The row's layer, its parameters and running statistics positive and all different."""
    layer = new_layer(row, shape).to(dtype)
    for value in layer.state_dict().values():
        if value.is_floating_point():
            seed += 10
            value.copy_(0.3 + 0.5 * example(value.shape, seed).abs())
    return layer


def by_equation(layer, row, x):
    """What the equation gives in float64 for the settings and parameters that the layer holds."""

    def held(name):
        value = getattr(layer, name, None)
        return value.detach().double() if isinstance(value, torch.Tensor) else value

    own = {name: held(name) for name in ("weight", "bias", *row.defaults)}
    given = None
    if row.running and not layer.training:
        given = (held("running_mean"), held("running_var"))
    return normalize(x.detach().double(), row, statistics=given, **own).y


def run(layer, x, **given):
    """y, and the gradients of x and every parameter for a sum in which nothing cancels."""
    layer.zero_grad()
    x = x.detach().requires_grad_()
    y = layer(x, **given)
    weighted(y).backward()
    return y.detach(), x.grad, *(value.grad for value in layer.parameters())


def weighted(y):
    return (y * torch.linspace(-1.0, 2.0, y.numel(), dtype=y.dtype).view(y.shape)).sum()


def buffers(layer):
    return [value.clone() for value in layer.buffers()]


def assert_all_close(actual, expected, **tolerances):
    for mine, other in zip(actual, expected, strict=True):
        assert_close(mine, other, **tolerances)


EPS = torch.finfo(torch.float64).eps


def bounds(values, parts):
    """(mean, M2) exactly, and what rounding may do to each in so many additions.

    A deviation is known to u = ε·max|x|; M2 sums n squares of them, so it is off by about 2u·Σ|d| + n·u²
    and by n roundings of its own.
    """
    n, mean, m2 = exact_powers(values, (2,))
    unit, steps = EPS * max(map(abs, values)), 4 * (parts + 1)
    slack = 2 * unit * math.sqrt(n * m2) + n * unit**2 + n * EPS * m2
    return mean, m2, steps * unit, steps * slack


def exact_powers(values, powers=(2, 3, 4)):
    """Count, mean, M2, M3 and M4, each rounded once: whole numbers over one denominator are the fastest."""
    ratios = [value.as_integer_ratio() for value in values]
    one = math.lcm(*(below for _, below in ratios))
    whole = [above * (one // below) for above, below in ratios]
    count, total = len(whole), sum(whole)
    apart = [count * each - total for each in whole]
    sums = (sum(each**k for each in apart) / (count * one) ** k for k in powers)
    return [count, total / (count * one), *sums]
