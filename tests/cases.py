"""For every row an example it can be measured on, and tolerances that follow from the arithmetic."""

import math
import re

import torch

SHAPE = (2, 4, 5)
POOL_WEIGHT = torch.tensor(
    [[0.5, 0.1, 0.2, 0.3], [0.2, 0.6, 0.1, 0.4], [0.3, 0.2, 0.7, 0.1], [0.1, 0.4, 0.2, 0.8]],
    dtype=torch.float64,
)

# sigma is large enough for finite differences; everything else differs from its default
SETTINGS = {
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
