"""σ outside the root: `divisive_norm(sigma_at="outside")`, and a model of two stages that divides so."""

import pytest
import torch

from normlab.errors import SettingError
from normlab.functional import divisive_norm

ROOT = {"drive_power": 1, "power": 2, "outer_power": 0.5}
GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(2, 3, 7, generator=GENERATOR, dtype=torch.float64)


def test_sigma_is_added_to_the_root():
    got = divisive_norm(
        X, sigma=0.5, sigma_at="outside", weight=torch.tensor([1.0, 2.0, 3.0]).double(), **ROOT
    )
    expected = (
        X / (0.5 + X.square().sum(1, keepdim=True).sqrt()) * torch.tensor([[1.0], [2.0], [3.0]])
    )
    torch.testing.assert_close(got, expected)


def test_in_a_window_and_under_a_mask():
    mask = torch.ones(2, 1, 7, dtype=torch.bool)
    mask[:, :, 5:] = False
    got = divisive_norm(
        X, sigma=0.5, sigma_at="outside", over="s", size=3, window="box", mask=mask, **ROOT
    )
    seen = X[..., :5].square()
    for i in range(5):
        near = seen[..., max(i - 1, 0) : i + 2].mean(-1).sqrt()
        torch.testing.assert_close(got[..., i], X[..., i] / (0.5 + near))
    assert (got[..., 5:] == 0).all()


def test_gradients_at_a_drive_of_zero_too():
    x = X.clone()
    x[0, 0, 0] = 0.0
    x.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, sigma: divisive_norm(x, sigma=sigma, sigma_at="outside", **ROOT),
        (x, torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64, requires_grad=True)),
    )


def test_gain_control_by_luminance_and_then_by_contrast():
    """The arithmetic of plenoptic 2.1.1's LuminanceContrastGainControl, written out."""
    image = torch.rand(1, 1, 9, 9, generator=GENERATOR, dtype=torch.float64)
    smooth = torch.full((1, 1, 3, 3), 1 / 9, dtype=torch.float64)

    def blurred(x):
        return torch.conv2d(torch.nn.functional.pad(x, (1, 1, 1, 1), mode="reflect"), smooth)

    linear, luminance = image - blurred(image), blurred(image)
    theirs = linear / (1 + 3.0 * luminance)
    contrast = blurred(theirs.pow(2)).sqrt() + 1e-6
    ours = divisive_norm(linear, pool_input=3.0 * luminance, power=1.0)
    assert (ours - theirs).abs().max() <= 1e-16
    ours = divisive_norm(ours, pool_input=34.0 * contrast, power=1.0)
    assert (ours - theirs / (1 + 34.0 * contrast)).abs().max() <= 1e-16
    inside = divisive_norm(
        theirs, over="s", size=3, window="box", sigma=1 / 34 + 1e-6, sigma_at="outside", **ROOT
    )
    within = (..., slice(1, -1), slice(1, -1))
    torch.testing.assert_close((inside / 34)[within], ours[within], rtol=1e-12, atol=1e-15)


def test_a_place_that_is_none():
    with pytest.raises(
        SettingError, match="sigma_at='beside' given, but it must be 'inside' or 'outside'"
    ):
        divisive_norm(X, sigma_at="beside")
