"""Standardised weights against the formula in a loop, and torch's own parametrisations for what they are."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from cases import assert_close, example
from normlab import normalize
from normlab.nn import beyond

CONVOLUTIONS = {
    "1d": (nn.Conv1d(4, 6, 3), F.conv1d, {}),
    "2d": (nn.Conv2d(4, 6, 3), F.conv2d, {}),
    "3d": (nn.Conv3d(4, 6, 2), F.conv3d, {}),
    "groups": (nn.Conv2d(4, 6, 3, groups=2), F.conv2d, {"groups": 2}),
    "transposed": (nn.ConvTranspose2d(4, 6, 3), F.conv_transpose2d, {}),
    "transposed groups": (
        nn.ConvTranspose2d(4, 6, 3, groups=2),
        F.conv_transpose2d,
        {"groups": 2},
    ),
}


def standardized(weight, transposed, groups):
    """Ŵ in a loop over output channels, each with the weights that it reads."""
    out = torch.empty_like(weight)
    inputs = len(weight) // groups
    for group, o in itertools.product(range(groups if transposed else 1), range(weight.shape[1])):
        rows = slice(group * inputs, (group + 1) * inputs)
        places = [(rows, o)] if transposed else [(i,) for i in range(len(weight))]
        for place in places:
            own = weight[place]
            out[place] = (own - own.mean()) / (own.var(correction=0) + 1e-6).sqrt()
    return out


@pytest.mark.parametrize(("layer", "convolve", "options"), CONVOLUTIONS.values(), ids=CONVOLUTIONS)
def test_a_standardised_convolution_is_the_formula(layer, convolve, options):
    layer = layer.double()
    weight = layer.weight.detach().clone()
    x = example((2, 4, *[6] * (weight.dim() - 2)))
    assert beyond.standardize_weights(layer, eps=1e-6) is layer
    groups = options.get("groups", 1)
    expected = standardized(weight, convolve is F.conv_transpose2d, groups)
    assert_close(layer.weight, expected, pooled=1e4)
    assert_close(layer(x), convolve(x, expected, layer.bias, **options), pooled=1e4)
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    assert torch.equal(layer.weight, weight)


def test_every_convolution_of_a_model_is_standardised_once():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.Sequential(nn.Conv2d(4, 2, 1)))
    (
        beyond.standardize_weights(beyond.standardize_weights(model)[0]),
        beyond.standardize_weights(model),
    )
    names = [name for name, _ in model.named_parameters() if "original" in name]
    assert names == ["0.parametrizations.weight.original", "2.0.parametrizations.weight.original"]
    assert all(len(model[i].parametrizations.weight) == 1 for i in (0,))


def test_a_weight_assigned_later_is_standardised_too():
    conv, weight = beyond.standardize_weights(nn.Conv1d(2, 3, 4).double()), example((3, 2, 4), 5)
    conv.weight = weight
    assert_close(conv.weight, standardized(weight, False, 1))


def test_torchs_weight_norm_is_the_l2_row_of_the_weights():
    layer = parametrizations.weight_norm(nn.Linear(5, 3).double())
    gain, direction = (getattr(layer.parametrizations.weight, f"original{i}") for i in (0, 1))
    assert_close(layer.weight, normalize(direction, "l2").y * gain)


def test_torchs_spectral_norm_is_no_function_of_the_elements_alone():
    weight = example((3, 3))
    mixed = weight.flatten()[torch.randperm(9, generator=torch.Generator().manual_seed(0))]
    rotation = torch.linalg.qr(example((3, 3), 1)).Q
    sizes = [torch.linalg.matrix_norm(w, 2) for w in (weight, rotation @ weight, mixed.view(3, 3))]
    assert_close(sizes[1], sizes[0])
    assert abs(sizes[2] - sizes[0]) > 0.1
