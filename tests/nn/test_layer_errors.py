"""What a layer refuses, in full words: what was given, what must hold, what to do."""

import pytest
import torch

from cases import exact
from normlab import nn
from normlab.errors import DtypeError, SettingError, ShapeError

IMAGE, TABLE = torch.ones(2, 4, 5, 5), torch.ones(2, 4)
FEATURES = "x has 4 channels (shape (2, 4, 5, 5)). Use num_features=4."
CHANNELS = "x has 4 channels (shape (2, 4, 5, 5)). Use num_channels=4."
SPACE = "x has shape (2, 4); it must be (batch, channels, *space)."
WHOLE = "x is int64; give a floating-point tensor, e.g. x.float()."
ONE = (
    "one value per channel, whose variance is 0; in training give at least 2, or evaluate with "
    "running statistics."
)
ALONE = nn.BatchNorm(4, track_running_stats=False).eval()

SHAPES = [
    (nn.BatchNorm(3), IMAGE, f"BatchNorm(num_features=3): {FEATURES}"),
    (
        nn.BatchNorm(3),
        torch.ones(3),
        "BatchNorm(num_features=3): x has shape (3,); it must be (batch, channels, *).",
    ),
    (nn.BatchNorm(4), torch.ones(1, 4), f"BatchNorm(num_features=4): x has shape (1, 4), {ONE}"),
    (ALONE, torch.ones(1, 4, 1), f"BatchNorm(num_features=4): x has shape (1, 4, 1), {ONE}"),
    (nn.InstanceNorm(3), IMAGE, f"InstanceNorm(num_features=3): {FEATURES}"),
    (nn.InstanceNorm(4), TABLE, f"InstanceNorm(num_features=4): {SPACE}"),
    (
        nn.InstanceNorm(4),
        torch.ones(2, 4, 1),
        "InstanceNorm(num_features=4): x has shape (2, 4, 1); it needs (batch, channels, *space) with "
        "at least 2 elements of space, since the variance of one is 0.",
    ),
    (
        nn.InstanceNorm(4, spatial_dims=1),
        IMAGE,
        "InstanceNorm(spatial_dims=1): x has shape (2, 4, 5, 5); it must be (channels, *space) or "
        "(batch, channels, *space) with that many axes of space.",
    ),
    (
        nn.InstanceNorm(4, spatial_dims=1),
        torch.ones(3, 5),
        "InstanceNorm(num_features=4): x has 3 channels (shape (1, 3, 5)). Use num_features=3.",
    ),
    (
        nn.LayerNorm((4, 5)),
        IMAGE,
        "LayerNorm((4, 5)): x has shape (2, 4, 5, 5), which does not end in (4, 5). Use "
        "normalized_shape=(5, 5).",
    ),
    (
        nn.RMSNorm(6),
        IMAGE,
        "RMSNorm((6,)): x has shape (2, 4, 5, 5), which does not end in (6,). Use "
        "normalized_shape=(5,).",
    ),
    (nn.GroupNorm(2, 6), IMAGE, f"GroupNorm(num_channels=6): {CHANNELS}"),
    (nn.LocalContrastNorm(3), IMAGE, f"LocalContrastNorm(num_channels=3): {CHANNELS}"),
    (nn.LocalContrastNorm(4), TABLE, f"LocalContrastNorm(num_channels=4): {SPACE}"),
    (nn.DivisiveNorm(3), IMAGE, f"DivisiveNorm(num_channels=3): {CHANNELS}"),
    (nn.GDN(3), IMAGE, f"GDN(num_channels=3): {CHANNELS}"),
]
DTYPES = {
    "BatchNorm(num_features=4)": nn.BatchNorm(4),
    "InstanceNorm(num_features=4)": nn.InstanceNorm(4),
    "LayerNorm((5,))": nn.LayerNorm(5),
    "RMSNorm((5,))": nn.RMSNorm(5),
    "GroupNorm(num_channels=4)": nn.GroupNorm(2, 4),
    "local_response": nn.LocalResponseNorm(3),
    "LocalContrastNorm(num_channels=4)": nn.LocalContrastNorm(4),
    "DivisiveNorm(num_channels=4)": nn.DivisiveNorm(4),
    "GDN(num_channels=4)": nn.GDN(4),
}
SETTINGS = {
    "groups": (
        lambda: nn.GroupNorm(3, 4),
        ShapeError,
        "GroupNorm(num_groups=3, num_channels=4): num_groups must be >= 1 and divide num_channels.",
    ),
    "no groups": (
        lambda: nn.GroupNorm(0, 4),
        ShapeError,
        "GroupNorm(num_groups=0, num_channels=4): num_groups must be >= 1 and divide num_channels.",
    ),
    "sigma below 0": (
        lambda: nn.DivisiveNorm(3, sigma=-0.5),
        SettingError,
        "DivisiveNorm: sigma=-0.5 given, but it must be finite and >= 0.",
    ),
    "pool below 0": (
        lambda: nn.GDN(3, pool=-1.0),
        SettingError,
        "GDN: pool=-1.0 given, but it must be finite and >= 0.",
    ),
    "sigma by another name": (
        lambda: nn.LocalContrastNorm(3, sigma="median"),
        SettingError,
        "LocalContrastNorm: sigma='median' given; a number >= 0 or 'mean'.",
    ),
    "a window of none": (
        lambda: nn.LocalResponseNorm(0),
        SettingError,
        "LocalResponseNorm: size=0 given, but it must be a whole number >= 1.",
    ),
    "an unknown window": (
        lambda: nn.LocalContrastNorm(4, window="disk"),
        SettingError,
        "LocalContrastNorm: window=disk given, but it must be one of 'gaussian', 'box'.",
    ),
    "a negative power": (
        lambda: nn.DivisiveNorm(4, power=-1.0),
        SettingError,
        "DivisiveNorm: power=-1.0 given, but it must be one number, finite and > 0.",
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


@pytest.mark.parametrize(("name", "layer"), DTYPES.items(), ids=DTYPES)
def test_what_cannot_be_computed_in_is_refused(name, layer):
    eight = "x is float8_e4m3fn; give a floating-point tensor of at least 16 bits, e.g. x.float()."
    with pytest.raises(DtypeError, match=f": {exact(eight)[1:]}"):
        layer(IMAGE.to(torch.float8_e4m3fn))
    for x, given in ((IMAGE.tolist(), "list"), (IMAGE.numpy(), "ndarray")):
        words = f"{name}: x is {given}; give a floating-point tensor, e.g. torch.as_tensor(x)."
        with pytest.raises(DtypeError, match=exact(words)):
            layer(x)


@pytest.mark.parametrize(("make", "kind", "message"), SETTINGS.values(), ids=SETTINGS)
def test_a_setting_is_refused(make, kind, message):
    with pytest.raises(kind, match=exact(message)):
        make()


class Images(nn.BatchNorm):
    """With a check of its own, as torch's BatchNorm2d has."""

    def _check_input_dim(self, input):
        if input.dim() != 4:
            raise ValueError(f"expected 4D input (got {input.dim()}D input)")


class Planes(nn.InstanceNorm):
    def _check_input_dim(self, input):
        if input.dim() != 4:
            raise ValueError(f"expected 4D input (got {input.dim()}D input)")


class SmallImages(Images):
    """Its parent's check."""


@pytest.mark.parametrize("kind", [Images, SmallImages, Planes])
@pytest.mark.parametrize("training", [True, False])
def test_a_subclass_is_asked_in_every_call(kind, training):
    layer = kind(4).train(training)
    for _ in range(2):
        layer(IMAGE)
        with pytest.raises(ValueError, match="expected 4D input"):
            layer(IMAGE[:, :, 0])


class Unbatched(nn.InstanceNorm):
    """Of one axis of space; remembers what it was asked about."""

    def _check_input_dim(self, input):
        self.asked = [*getattr(self, "asked", ()), tuple(input.shape)]


def test_a_subclass_is_asked_once_about_one_sample():
    layer, x = Unbatched(4, spatial_dims=1), IMAGE[0, 0]
    layer(x[:4] * torch.arange(5.0))
    assert layer.asked == [(4, 5)]
    with pytest.raises(ShapeError, match="x has 5 channels"):
        layer(x)


@pytest.mark.parametrize(
    "original", [torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.BatchNorm3d]
)
def test_a_converted_layer_keeps_the_check_of_its_class(original):
    layer = nn.synchronize(torch.nn.Sequential(original(4)))
    layer[0].process_group = None
    wrong = torch.ones(2, 4, 5, 5, 5) if original is torch.nn.BatchNorm2d else IMAGE
    with pytest.raises(ValueError, match=r"expected .*D input"):
        layer(wrong)


def test_a_refused_batch_of_one_leaves_the_running_statistics():
    layer = nn.BatchNorm(4)
    with pytest.raises(ShapeError, match="one value per channel"):
        layer(torch.ones(1, 4))
    assert layer.num_batches_tracked == 0 and bool((layer.running_mean == 0).all())
    assert layer.eval()(torch.ones(1, 4)).shape == (1, 4)
