"""What the layers beside the table refuse, in full words."""

import pytest
import torch
from torch import nn

from cases import exact
from normlab.errors import DataError, DtypeError, SettingError, ShapeError
from normlab.nn import beyond, synchronize

IMAGE, TABLE, LONE = torch.ones(2, 4, 5, 5), torch.ones(2, 4), torch.ones(1, 4)
CHANNELS = "x has 4 channels (shape (2, 4, 5, 5)). Use num_channels=4."
FEATURES = "x has 4 channels (shape (2, 4, 5, 5)). Use num_features=4."
SPACE = "x has shape (2, 4); it must be (batch, channels, *space)."
WHOLE = "x is int64; give a floating-point tensor, e.g. x.float()."
ONE = (
    "x has shape (1, 4), one value per channel, whose variance is 0; in training give at least 2, or "
    "evaluate with running statistics."
)

SHAPES = [
    (beyond.FilterResponseNorm(3), IMAGE, f"FilterResponseNorm(num_channels=3): {CHANNELS}"),
    (beyond.FilterResponseNorm(4), TABLE, f"FilterResponseNorm(num_channels=4): {SPACE}"),
    (beyond.GlobalResponseNorm(3), IMAGE, f"GlobalResponseNorm(num_channels=3): {CHANNELS}"),
    (beyond.GlobalResponseNorm(4), TABLE, f"GlobalResponseNorm(num_channels=4): {SPACE}"),
    (beyond.PositionalNorm(3), IMAGE, f"PositionalNorm(num_channels=3): {CHANNELS}"),
    (
        beyond.ScaleNorm(6),
        IMAGE,
        "ScaleNorm((6,)): x has shape (2, 4, 5, 5), which does not end in (6,). Use "
        "normalized_shape=(5,).",
    ),
    (beyond.DynamicTanh(3), IMAGE, f"DynamicTanh(num_channels=3): {CHANNELS}"),
    (
        beyond.DynamicTanh(4, channels_last=True),
        IMAGE,
        "DynamicTanh(num_channels=4, channels_last=True): x has shape (2, 4, 5, 5); its last axis must "
        "have 4 channels.",
    ),
    (beyond.GhostBatchNorm(3), IMAGE, f"GhostBatchNorm(num_features=3): {FEATURES}"),
    (beyond.GhostBatchNorm(4), LONE, f"GhostBatchNorm(num_features=4): {ONE}"),
    (beyond.GhostBatchNorm(4, 1), TABLE, f"GhostBatchNorm(num_features=4): {ONE}"),
    (beyond.FrozenBatchNorm(3), IMAGE, f"FrozenBatchNorm(num_features=3): {FEATURES}"),
    (beyond.BatchRenorm(3), IMAGE, f"BatchRenorm(num_features=3): {FEATURES}"),
    (beyond.BatchRenorm(4), LONE, f"BatchRenorm(num_features=4): {ONE}"),
    (
        beyond.WeightStandardization(),
        torch.ones(4, 1, 1),
        "WeightStandardization: a weight of shape (4, 1, 1) has one element for each output channel, "
        "which would become 0; leave this layer out.",
    ),
]
DTYPES = {
    "FilterResponseNorm(num_channels=4)": beyond.FilterResponseNorm(4),
    "GlobalResponseNorm(num_channels=4)": beyond.GlobalResponseNorm(4),
    "PositionalNorm(num_channels=4)": beyond.PositionalNorm(4),
    "ScaleNorm((5,))": beyond.ScaleNorm(5),
    "DynamicTanh(num_channels=4)": beyond.DynamicTanh(4),
    "DynamicTanh(num_channels=5, channels_last=True)": beyond.DynamicTanh(5, channels_last=True),
    "GhostBatchNorm(num_features=4)": beyond.GhostBatchNorm(4),
    "FrozenBatchNorm(num_features=4)": beyond.FrozenBatchNorm(4),
    "BatchRenorm(num_features=4)": beyond.BatchRenorm(4),
}
EPS = "eps=-1.0 given, but it must be finite and >= 0."
LIMITS = "rmax must be >= 1 and dmax >= 0 (1 and 0 are batch norm)."
SCHEDULE = (
    "given; it must be three numbers of batches, the first smaller than the others, or None for the full "
    "limits at once."
)
SETTINGS = {
    "filter response eps": (
        lambda: beyond.FilterResponseNorm(4, eps=-1.0),
        f"FilterResponseNorm: {EPS}",
    ),
    "two eps": (
        lambda: beyond.FilterResponseNorm(4, eps=1e-5, learn_eps=True),
        "FilterResponseNorm: eps=1e-05 and learn_eps=True given, but a learned eps starts from 0.0001 "
        "and stays above 1e-06; give one of them.",
    ),
    "global response eps": (
        lambda: beyond.GlobalResponseNorm(4, eps=-1.0),
        f"GlobalResponseNorm: {EPS}",
    ),
    "positional eps": (lambda: beyond.PositionalNorm(4, eps=-1.0), f"PositionalNorm: {EPS}"),
    "scale eps": (lambda: beyond.ScaleNorm(4, eps=-1.0), f"ScaleNorm: {EPS}"),
    "no ghost": (
        lambda: beyond.GhostBatchNorm(4, 0),
        "GhostBatchNorm: ghost_batch_size=0 given, but it must be a whole number >= 1.",
    ),
    "synchronised ghosts": (
        lambda: synchronize(beyond.GhostBatchNorm(4))(IMAGE),
        "GhostBatchNorm(num_features=4): a process_group pools more samples, ghost batches fewer; use "
        "BatchNorm, or normlab.nn.desynchronize.",
    ),
    "nothing to freeze": (
        lambda: beyond.FrozenBatchNorm.from_batch_norm(
            nn.BatchNorm2d(4, track_running_stats=False)
        ),
        "FrozenBatchNorm: BatchNorm2d(4) has no running statistics to freeze; make it with "
        "track_running_stats=True and train it.",
    ),
    "rmax": (
        lambda: beyond.BatchRenorm(4, rmax=0.5),
        f"BatchRenorm: rmax=0.5, dmax=5.0 given; {LIMITS}",
    ),
    "dmax": (
        lambda: beyond.BatchRenorm(4, dmax=-1.0),
        f"BatchRenorm: rmax=3.0, dmax=-1.0 given; {LIMITS}",
    ),
    "schedule": (
        lambda: beyond.BatchRenorm(4, schedule=(5, 5, 9)),
        f"BatchRenorm: schedule=(5, 5, 9) {SCHEDULE}",
    ),
    "standardisation axis": (
        lambda: beyond.WeightStandardization(dim=2),
        "WeightStandardization: dim=2 given; it must be 0, or 1 for a transposed convolution.",
    ),
    "a mask of weights": (
        lambda: beyond.WeightStandardization()(IMAGE, torch.ones_like(IMAGE).bool()),
        "WeightStandardization: mask given, but it normalises weights, of which each one counts; give the "
        "mask to the layers that take the input.",
    ),
    "no convolution": (
        lambda: beyond.standardize_weights(nn.Linear(2, 2)),
        "standardize_weights: Linear has no convolution whose weights could be standardised.",
    ),
    "lazy": (
        lambda: beyond.standardize_weights(nn.LazyConv2d(4, 3)),
        "standardize_weights: LazyConv2d has no weight yet; call the model once before.",
    ),
}


@pytest.mark.parametrize(("layer", "x", "message"), SHAPES)
def test_a_shape_is_refused(layer, x, message):
    with pytest.raises(ShapeError, match=exact(message)):
        layer(x)


@pytest.mark.parametrize(("name", "layer"), DTYPES.items(), ids=DTYPES)
def test_whole_numbers_are_refused(name, layer):
    with pytest.raises(DtypeError, match=exact(f"{name}: {WHOLE}")):
        layer(IMAGE.long())


@pytest.mark.parametrize(("make", "message"), SETTINGS.values(), ids=SETTINGS)
def test_a_setting_is_refused(make, message):
    with pytest.raises(SettingError, match=exact(message)):
        make()


@pytest.mark.parametrize(("name", "layer"), DTYPES.items(), ids=DTYPES)
def test_a_mask_that_leaves_nothing_or_nan_is_refused(name, layer):
    nothing = (
        f"{name}: mask is False everywhere (x has shape (2, 4, 5, 5)), so nothing is left to normalise; "
        f"True marks a valid element."
    )
    with pytest.raises(DataError, match=exact(nothing)):
        layer(IMAGE, mask=torch.zeros_like(IMAGE, dtype=torch.bool))
    x = IMAGE.clone()
    x[1, 0, 2, 3] = torch.nan
    lost = (
        f"{name}: x is NaN at 1 places that mask calls valid, first at (1, 0, 2, 3); set mask to False "
        f"there, or fix x."
    )
    with pytest.raises(DataError, match=exact(lost)):
        layer(x, mask=torch.ones_like(IMAGE, dtype=torch.bool))


def test_a_channel_with_one_valid_element_is_refused():
    mask = torch.ones_like(IMAGE, dtype=torch.bool)
    mask[:, 2] = False
    mask[0, 2, 0, 0] = True
    one = (
        "BatchRenorm(num_features=4): channel 2 has one valid element, whose variance is 0; in training "
        "give at least 2."
    )
    layer = beyond.BatchRenorm(4)
    with pytest.raises(ShapeError, match=exact(one)):
        layer(IMAGE, mask=mask)
    assert layer.num_batches_tracked == 0


@pytest.mark.parametrize("name", ["running_mean", "running_std", "num_batches_tracked"])
def test_batch_renormalisation_without_a_running_statistic_is_refused(name):
    layer = beyond.BatchRenorm(4)
    setattr(layer, name, None)
    words = (
        f"BatchRenorm(num_features=4): {name} is None, and batch renormalisation corrects towards its "
        "running statistics; leave them, or use BatchNorm(track_running_stats=False)."
    )
    with pytest.raises(SettingError, match=exact(words)):
        layer(IMAGE)
    if name != "running_mean":
        with pytest.raises(SettingError, match=exact(words)):
            assert layer.limits


def test_a_model_with_one_bad_convolution_is_left_as_it_was():
    model = nn.Sequential(nn.Conv1d(2, 3, 3), nn.Conv1d(1, 3, 1))
    with pytest.raises(ShapeError, match="leave this layer out"):
        beyond.standardize_weights(model)
    assert list(model.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
