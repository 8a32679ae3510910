"""What divisive normalisation refuses, in full words."""

import doctest
import re
from pathlib import Path

import pytest
import torch

from cases import exact
from normlab import functional, nn
from normlab.errors import DataError, DtypeError, SettingError, ShapeError

X, W = torch.ones(2, 4, 5), torch.ones(4, 4)
NAN = torch.where(torch.arange(40).view(2, 4, 5) == 23, torch.nan, 1.0)
NOT_MEAN = (
    "divisive_norm: center=True subtracts the pool's mean, but the weights of this pool do not sum to "
    "1; give reduce='mean', and neither pool_weight nor channel_size nor channel_width."
)
REFUSED = {
    "an unknown axis": (
        {"over": "c x"},
        SettingError,
        "divisive_norm: over='c x' given, but it must name axes out of n (batch), c (channels) and s "
        "(space), separated by spaces.",
    ),
    "no axis": (
        {"over": ""},
        SettingError,
        "divisive_norm: over='' given, but it must name axes out of n (batch), c (channels) and s "
        "(space), separated by spaces.",
    ),
    "the batch and a window": (
        {"over": "n s", "size": 3},
        SettingError,
        "divisive_norm: over='n s' pools the batch, but a window (size, width) works within each "
        "sample; leave one of them out.",
    ),
    "the batch and weights": (
        {"over": "n c", "pool_weight": W},
        SettingError,
        "divisive_norm: over='n c' pools the batch, but pool_weight works within each sample; leave "
        "one of them out.",
    ),
    "weights without channels": (
        {"over": "s", "channel_size": 3},
        SettingError,
        "divisive_norm: channel_size weighs channels, but over='s' does not pool them; put c into "
        "over.",
    ),
    "two kinds of weights": (
        {"pool_weight": W, "channel_width": 2.0},
        SettingError,
        "divisive_norm: pool_weight and channel_width all say how channels are weighed; give one.",
    ),
    "two windows": (
        {"pool_weight": torch.ones(4, 4, 3), "size": 3},
        SettingError,
        "divisive_norm: pool_weight has a window of its own, so size and width have no meaning; leave "
        "them out, or give pool_weight as (C, channels of the pool).",
    ),
    "reduce": (
        {"reduce": "max"},
        SettingError,
        "divisive_norm: reduce='max' given, but it must be 'sum' or 'mean'.",
    ),
    "window": (
        {"window": "disk"},
        SettingError,
        "divisive_norm: window='disk' given, but it must be 'gaussian' or 'box'.",
    ),
    "a mean of weights": (
        {"reduce": "mean", "channel_width": 2.0},
        SettingError,
        "divisive_norm: reduce='mean' with channel_width, whose weights need not sum to 1; leave "
        "reduce out, or scale them.",
    ),
    "a center that is a sum": ({"center": True}, SettingError, NOT_MEAN),
    "negative sigma": (
        {"sigma": -1.0},
        SettingError,
        "divisive: sigma=-1.0 given, but it must be finite and >= 0.",
    ),
    "negative weights": (
        {"pool_weight": -W},
        SettingError,
        "divisive: pool_weight=a tensor (4, 4) given, but it must be finite and >= 0, or None (0.1 · "
        "identity, where training starts).",
    ),
    "no channel width": (
        {"channel_width": 0.0},
        SettingError,
        "divisive: channel_width=0.0 given, but it must be one number, finite and > 0.",
    ),
    "outer power": (
        {"outer_power": 0.0},
        SettingError,
        "divisive: outer_power=0.0 given, but it must be one number, finite and > 0.",
    ),
    "weights of another size": (
        {"pool_weight": torch.ones(4, 3)},
        ShapeError,
        "pool_weight has shape (4, 3); it must be (channels out, 4), one column for each pooled "
        "channel.",
    ),
    "weights of another rank": (
        {"pool_weight": torch.ones(4, 4, 3, 3)},
        ShapeError,
        "pool_weight has shape (4, 4, 3, 3); it must be (channels out, 4, *window), one column for "
        "each pooled channel.",
    ),
    "a pool of other channels": (
        {"pool_weight": torch.ones(3, 4)},
        ShapeError,
        "divisive: the pool has shape (2, 3, 5), which does not fit x (2, 4, 5); pool_input, "
        "pool_weight and width must leave one channel, or as many as x has.",
    ),
    "another place": (
        {"pool_input": torch.ones(2, 4, 6)},
        ShapeError,
        "pool_input has shape (2, 4, 6); it must agree with x (2, 4, 5) in all but the channels.",
    ),
    "sigma of another size": (
        {"sigma": torch.ones(3)},
        ShapeError,
        "divisive: sigma has shape (3,), which does not fit x (2, 4, 5); give one value per channel.",
    ),
    "a mask of another shape": (
        {"mask": torch.ones(2, 4, dtype=torch.bool)},
        ShapeError,
        "mask has shape (2, 4), which fits neither x (2, 4, 5) nor its batch and space (2, 5).",
    ),
    "a mask of numbers": (
        {"mask": torch.ones(2, 5)},
        DtypeError,
        "mask is torch.float32; it must be boolean, True where x is valid.",
    ),
    "a mask of nothing": (
        {"mask": torch.zeros(2, 5, dtype=torch.bool)},
        DataError,
        "divisive_norm: mask is False everywhere (x has shape (2, 4, 5)), so nothing is left to "
        "normalise; True marks a valid element.",
    ),
}


@pytest.mark.parametrize(("given", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_the_function_refuses(given, kind, message):
    with pytest.raises(kind, match=exact(message)):
        functional.divisive_norm(X, **given)


def test_a_nan_at_a_valid_place():
    message = (
        "divisive_norm: x is NaN at 1 places that mask calls valid, first at (1, 0, 3); set mask to "
        "False there, or fix x."
    )
    with pytest.raises(DataError, match=exact(message)):
        functional.divisive_norm(NAN, mask=torch.ones(2, 5, dtype=torch.bool))


@pytest.mark.parametrize("call", [functional.divisive_norm, nn.DivisiveNorm(4)])
def test_whole_numbers(call):
    with pytest.raises(DtypeError, match="x is int64; give a floating-point tensor"):
        call(X.long())


def test_no_space():
    message = (
        "divisive: x has shape (2, 4) and so no spatial axis to pool over; give (batch, channels, "
        "*space)."
    )
    for settings in ({"over": "s"}, {"size": 3}, {"over": "c s", "channel_size": 3}):
        with pytest.raises(ShapeError, match=exact(message)):
            functional.divisive_norm(X[..., 0], **settings)


LAYERS = {
    "negative weights": (
        lambda: nn.DivisiveNorm(4, pool_weight=-W),
        "DivisiveNorm: pool_weight=a tensor (4, 4) given, but it must be finite and >= 0, or None (0.1 · "
        "identity, where training starts).",
    ),
    "two shapes of weights": (
        lambda: nn.DivisiveNorm(4, pool_weight=W, kernel=3),
        "DivisiveNorm: pool_weight gives the weights and with them their shape; leave pool_channels "
        "and kernel out.",
    ),
    "a form that needs its weight": (
        lambda: nn.DivisiveNorm.alexnet(4, affine=False),
        "DivisiveNorm: affine=False leaves out the weight, which this form needs; leave affine out.",
    ),
}


@pytest.mark.parametrize(("make", "message"), LAYERS.values(), ids=LAYERS)
def test_what_the_layer_refuses(make, message):
    with pytest.raises(SettingError, match=exact(message)):
        make()


@pytest.mark.parametrize(
    ("sigma", "shared", "message"),
    [
        ([1.0] * 3, False, "sigma of shape (3,) given; give a number or 4, one for each channel."),
        (torch.ones(1, 4), False, "sigma of shape (1, 4) given; give a number or 4, one for each"),
        ([1.0] * 4, True, "sigma of shape (4,) given; give a number."),
    ],
)
def test_a_first_sigma_of_another_size(sigma, shared, message):
    with pytest.raises(ShapeError, match=re.escape(f"DivisiveNorm: {message}")):
        nn.DivisiveNorm(4, sigma=sigma, shared_sigma=shared)


def test_what_has_no_inverse():
    message = (
        "gdn_inverse: input is not an output of gdn with this sigma and pool_weight (no x >= 0 solves the "
        "equation); give those that made it."
    )
    with pytest.raises(DataError, match=exact(message)):
        functional.gdn_inverse(torch.full((1, 2), 10.0))


def test_the_page_prints_what_it_says():
    page = Path(__file__).parents[2] / "docs" / "howto" / "divisive.md"
    outcome = doctest.testfile(str(page), module_relative=False)
    assert outcome.attempted >= 9 and outcome.failed == 0
