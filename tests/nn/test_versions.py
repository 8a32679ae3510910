"""What not every supported torch has in its own layers: no bias, its place in repr, eps = 0."""

import pytest
import torch

from cases import assert_close, exact, example
from normlab import functional, nn, normalize
from normlab.errors import SettingError

WITHOUT_BIAS = {
    "BatchNorm": (lambda: nn.BatchNorm(4, bias=False), "affine=True, bias=False, track"),
    "InstanceNorm": (
        lambda: nn.InstanceNorm(4, affine=True, track_running_stats=True, bias=False),
        "affine=True, bias=False, track",
    ),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4, bias=False), "affine=True, bias=False)"),
    "LayerNorm": (lambda: nn.LayerNorm(5, bias=False), "elementwise_affine=True, bias=False)"),
}


@pytest.mark.parametrize(("make", "shown"), WITHOUT_BIAS.values(), ids=WITHOUT_BIAS)
def test_without_a_bias(make, shown):
    """It is said, and a reset of the parameters leaves it so."""
    layer, fresh = make(), make()
    assert shown in repr(layer)
    for value in layer.state_dict().values():
        value.add_(3)
    layer.reset_parameters()
    assert layer.bias is None
    assert list(layer.state_dict()) == list(fresh.state_dict())
    for value, first in zip(layer.state_dict().values(), fresh.state_dict().values(), strict=True):
        assert torch.equal(value, first)


def test_a_bias_is_shown_too():
    assert "affine=True, bias=True" in repr(nn.BatchNorm(4))
    assert "affine=False, bias=False" in repr(nn.GroupNorm(2, 4, affine=False))


INPUTS = {
    "table": example((6, 4)),
    "long table far from zero": (example((600, 4)) + 9.0).float(),
    "image": example((3, 4, 5, 6)),
    "channels_last": example((4, 4, 16, 16)).float().to(memory_format=torch.channels_last),
}


@pytest.mark.parametrize("x", INPUTS.values(), ids=INPUTS)
def test_eps_of_zero(x):
    """The functions of torch refuse it, always or in training, its operators do not."""
    layer = nn.BatchNorm(4, eps=0.0, momentum=None, affine=False).to(x.dtype)
    own = normalize(x.double(), "batch", eps=0.0)
    dims = (0, *range(2, x.dim()))
    running = x.double().mean(dims), x.double().var(dims)
    kept = normalize(x.double(), "batch", eps=0.0, statistics=running)
    given = (value.to(x.dtype) for value in running)
    found = [
        (layer(x), own),
        (layer.eval()(x), kept),
        (functional.batch_norm(x, None, None, training=True, eps=0.0), own),
        (functional.batch_norm(x, *given, eps=0.0), kept),
        (functional.batch_norm_with_stats(x, None, None, eps=0.0)[0], own),
    ]
    for y, expected in found:
        assert_close(y, expected.y, x.numel() // 4, x.dtype)


def test_a_negative_eps_is_refused():
    said = exact("batch_norm: eps=-1.0 given, but it must be finite and >= 0.")
    for training in (True, False):
        with pytest.raises(SettingError, match=said):
            functional.batch_norm(
                torch.ones(2, 1), torch.ones(1), torch.ones(1), training=training, eps=-1.0
            )
