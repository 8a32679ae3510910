"""Running statistics under a mask, and the policies for channels that have too few valid elements."""

import pytest
import torch

from cases import assert_close, exact, example
from normlab import nn
from normlab.errors import DataError, DtypeError, SettingError, ShapeError

X = example((5, 3, 6))
LENGTHS = torch.tensor([6, 2, 5, 1, 3])
MASK = torch.arange(6) < LENGTHS.unsqueeze(1)  # (N, L)
VALID = X.movedim(1, -1)[MASK]  # (Σ lengths, C)
FORMS = {
    "(N, L)": MASK,
    "(N, 1, L)": MASK.unsqueeze(1),
    "(N, C, L)": MASK.unsqueeze(1).expand(5, 3, 6),
}


def spoiled(value):
    return torch.where(MASK.unsqueeze(1), X, value)


@pytest.mark.parametrize("mask", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("momentum", [0.3, None])
def test_batch_norm_of_ragged_sequences_is_that_of_their_elements(mask, momentum):
    """Two steps; the oracle is torch's layer on the valid elements alone."""
    ours = nn.BatchNorm(3, momentum=momentum, dtype=torch.float64)
    theirs = torch.nn.BatchNorm1d(3, momentum=momentum, dtype=torch.float64)
    for scale in (1.0, 4.0):
        y = ours(scale * spoiled(torch.nan), mask)
        assert_close(y.movedim(1, -1)[MASK], theirs(scale * VALID))
        assert bool((y.movedim(1, -1)[~MASK] == 0).all())
    for name, value in theirs.state_dict().items():
        assert_close(ours.state_dict()[name], value)
    ours.eval(), theirs.eval()
    assert_close(ours(spoiled(torch.inf), mask).movedim(1, -1)[MASK], theirs(VALID))


def test_a_mask_may_differ_between_channels():
    mask = example((5, 3, 6), seed=1) > -0.5
    layer = nn.BatchNorm(3, momentum=1.0, dtype=torch.float64)
    layer(X, mask)
    for c in range(3):
        values = X[:, c][mask[:, c]]
        assert_close(layer.running_mean[c], values.mean())
        assert_close(layer.running_var[c], values.var())


def test_instance_statistics_weigh_each_sample_by_its_valid_elements():
    """Hand-worked: samples (0, 2) and (1, 4, 7): means 1 and 4, unbiased variances 2 and 9."""
    x = torch.tensor([[[0.0, 2.0, torch.nan]], [[1.0, 4.0, 7.0]]], dtype=torch.float64)
    layer = nn.InstanceNorm(1, momentum=1.0, track_running_stats=True, dtype=torch.float64)
    y = layer(x, ~x.isnan()[:, 0])
    root = (1 + 1e-5) ** 0.5
    for actual, expected in (
        (layer.running_mean, [(2 * 1.0 + 3 * 4.0) / 5]),
        (layer.running_var, [(2 * 2.0 + 3 * 9.0) / 5]),
        (y[0, 0], [-1 / root, 1 / root, 0.0]),
    ):
        assert_close(actual, torch.tensor(expected, dtype=torch.float64))


def test_tokens_of_a_padded_sequence():
    """LayerNorm and RMSNorm take the mask of the leading dimensions, whatever the sizes."""
    x = example((3, 4, 4))
    mask = torch.arange(4) < torch.tensor([[4], [2], [1]])
    for layer, oracle in (
        (nn.LayerNorm(4, dtype=torch.float64), torch.nn.LayerNorm(4, dtype=torch.float64)),
        (nn.RMSNorm(4, dtype=torch.float64), torch.nn.RMSNorm(4, dtype=torch.float64)),
    ):
        y = layer(torch.where(mask.unsqueeze(-1), x, torch.nan), mask)
        assert_close(y[mask], oracle(x[mask]))
        assert bool((y[~mask] == 0).all())


ALONE = torch.zeros(4, 2, dtype=torch.bool)
ALONE[0, 0] = True
BLOCK = example((4, 3, 2))


def test_a_lone_element_takes_the_running_statistics():
    layer = nn.BatchNorm(3, single="running", dtype=torch.float64)
    layer.running_mean.fill_(0.5), layer.running_var.fill_(4.0)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    y = layer(BLOCK, ALONE)
    assert_close(y[0, :, 0], (BLOCK[0, :, 0] - 0.5) / (4.0 + 1e-5) ** 0.5)
    assert_close(layer(BLOCK[:1, :, 0])[0], y[0, :, 0])
    for name, value in layer.state_dict().items():
        assert torch.equal(value, before[name])


def test_only_channels_with_two_valid_elements_learn():
    mask = torch.ones(4, 3, 2, dtype=torch.bool)
    mask[:, 1] = False
    layer = nn.BatchNorm(3, momentum=1.0, dtype=torch.float64)
    layer(BLOCK, mask)
    assert_close(layer.running_var, [BLOCK[:, 0].var(), 1.0, BLOCK[:, 2].var()])
    assert layer.running_mean[1] == 0 and layer.num_batches_tracked == 1


NAN = torch.where(torch.arange(6) == 4, torch.nan, X)
REFUSED = {
    "false everywhere": (
        lambda: nn.BatchNorm(3)(X.float(), ~MASK & MASK),
        DataError,
        "BatchNorm(num_features=3): mask is False everywhere (x has shape (5, 3, 6)), so nothing is "
        "left to normalise; True marks a valid element.",
    ),
    "NaN at valid places": (
        lambda: nn.BatchNorm(3, dtype=torch.float64)(NAN, MASK),
        DataError,
        "BatchNorm(num_features=3): x is NaN at 6 places that mask calls valid, first at (0, 0, 4); "
        "set mask to False there, or fix x.",
    ),
    "another shape": (
        lambda: nn.BatchNorm(3, dtype=torch.float64)(X, MASK[:, :4]),
        ShapeError,
        "mask has shape (5, 4), which fits neither x (5, 3, 6) nor its batch and space (5, 6).",
    ),
    "numbers": (
        lambda: nn.BatchNorm(3, dtype=torch.float64)(X, MASK.float()),
        DtypeError,
        "mask is torch.float32; it must be boolean, True where x is valid.",
    ),
    "one valid element": (
        lambda: nn.BatchNorm(3, dtype=torch.float64)(BLOCK, ALONE),
        ShapeError,
        "BatchNorm(num_features=3): channel 0 has one valid element, whose variance is 0; in training "
        "give at least 2, or set single='running' to use running statistics.",
    ),
    "nothing to fall back on": (
        lambda: nn.BatchNorm(3, single="running", track_running_stats=False)(torch.ones(1, 3)),
        SettingError,
        "BatchNorm(num_features=3): single='running' needs running_mean and running_var; give both, "
        "or give at least 2 values per channel.",
    ),
    "an unknown policy": (
        lambda: nn.BatchNorm(3, single="skip"),
        SettingError,
        "BatchNorm: single='skip' given; use 'raise' or 'running'.",
    ),
    "layer": (
        lambda: nn.LayerNorm(6)(X.float(), ~MASK[:, :3] & MASK[:, :3]),
        DataError,
        "layer_norm: mask is False everywhere (x has shape (5, 3, 6)), so nothing is left to "
        "normalise; True marks a valid element.",
    ),
    "group": (
        lambda: nn.GroupNorm(1, 3, dtype=torch.float64)(NAN, MASK),
        DataError,
        "group_norm: x is NaN at 6 places that mask calls valid, first at (0, 0, 4); set mask to "
        "False there, or fix x.",
    ),
    "instance": (
        lambda: nn.InstanceNorm(3, dtype=torch.float64)(NAN, MASK),
        DataError,
        "InstanceNorm(num_features=3): x is NaN at 6 places that mask calls valid, first at (0, 0, 4); "
        "set mask to False there, or fix x.",
    ),
    "rms": (
        lambda: nn.RMSNorm(6, dtype=torch.float64)(NAN, MASK[:, :3]),
        DataError,
        "rms_norm: x is NaN at 12 places that mask calls valid, first at (0, 0, 4); set mask to "
        "False there, or fix x.",
    ),
}


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(call, kind, message):
    with pytest.raises(kind, match=exact(message)):
        call()
