"""Normalisers as layers: every kind of input keeps its shape, and what is ours alone by hand."""

import pytest
import torch

from normlab.lab.training.engine.cell import Origin
from normlab.lab.training.engine.norms import NORMS, make

SHAPES = {"features": (6, 8), "images": (6, 8, 5, 4), "tokens": (6, 7, 8)}


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("kind", SHAPES)
def test_every_norm_takes_every_kind(name, kind):
    x = torch.randn(SHAPES[kind], generator=torch.Generator().manual_seed(0))
    options = {"ghost_batch_size": 3} if name == "ghost" else {}
    y = make(Origin(name), 8, kind, options)(x)
    assert y.shape == x.shape and y.isfinite().all()
    assert (name == "none") == torch.equal(x, y)


def test_rms_of_images_is_over_all_of_one():
    x = torch.randn(3, 4, 5, 5, dtype=torch.float64) * 7 + 2
    layer = make(Origin("rms"), 4, "images", {"eps": 0.01}).double()
    expected = x / (x.square().mean((1, 2, 3), keepdim=True) + 0.01).sqrt()
    torch.testing.assert_close(layer(x), expected, rtol=1e-6, atol=1e-6)


def test_divisive_is_signed_and_starts_at_sigma_one():
    x = torch.randn(5, 4, dtype=torch.float64)
    layer = make(Origin("divisive"), 4, "features").double()
    torch.testing.assert_close(layer(x), x / (1 + x.square().mean(1, keepdim=True)).sqrt())


def test_tokens_are_normalised_as_features_of_all_places():
    x = torch.randn(6, 7, 8)
    both = [make(Origin("batch"), 8, kind) for kind in ("tokens", "features")]
    torch.testing.assert_close(both[0](x), both[1](x.flatten(0, 1)).reshape(x.shape))
