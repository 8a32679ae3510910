"""Running statistics that are missing, of another shape, no buffers, or to be moved by no share."""

import copy

import pytest
import torch
from torch import nn as torchs

from cases import exact, example
from normlab import functional, nn
from normlab.errors import SettingError, ShapeError
from normlab.kernels import native

C = 4
SIZES = {"small": (4, C, 3, C), "large": (64, C, 40, 40), "table": (8, C), "long table": (300, C)}
LAYERS = {
    "BatchNorm": lambda: nn.BatchNorm(C),
    "InstanceNorm": lambda: nn.InstanceNorm(C, track_running_stats=True),
    "GhostBatchNorm": lambda: nn.beyond.GhostBatchNorm(C, 2),
    "FrozenBatchNorm": lambda: nn.beyond.FrozenBatchNorm(C),
}
AFFINE = LAYERS | {
    "InstanceNorm": lambda: nn.InstanceNorm(C, affine=True),
    "GroupNorm": lambda: nn.GroupNorm(2, C),
    "LayerNorm2d": lambda: nn.LayerNorm2d(C),
    "BatchRenorm": lambda: nn.beyond.BatchRenorm(C),
}
by_shape = pytest.mark.parametrize("shape", SIZES.values(), ids=SIZES)
by_training = pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
by_mask = pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
by_layer = pytest.mark.parametrize("name", LAYERS)


@pytest.fixture(autouse=True, params=dict.fromkeys(("off", native.in_use() or "off")))
def path(request):
    with native.forced(request.param):
        yield


def functions(x):
    """batch_norm, the same by value, and instance_norm where x has space."""
    chosen = [functional.batch_norm, functional.batch_norm_with_stats]
    return chosen if x.dim() < 3 else [*chosen, functional.instance_norm]


def given(shape, masked):
    return example(shape).float(), torch.ones(shape, dtype=torch.bool) if masked else None


@by_shape
@by_training
@by_mask
@pytest.mark.parametrize("place", [0, 1], ids=["running_mean", "running_var"])
def test_statistics_of_another_shape(shape, training, masked, place):
    x, mask = given(shape, masked)
    for size in ((1, C), (C, 1), (C + 1,), (1,)):
        held = [torch.zeros(C), torch.ones(C)]
        held[place] = torch.ones(size)
        words = f"{('running_mean', 'running_var')[place]} has shape {size}; x {shape} needs a vector of"
        for function in functions(x):
            with pytest.raises(ShapeError, match=f"{function.__name__}: {exact(words)[1:-1]}"):
                function(x, *held, None, None, training, mask=mask)


@by_shape
@by_training
@by_mask
@pytest.mark.parametrize("left", ["running_mean", "running_var"])
def test_one_statistic_alone(shape, training, masked, left):
    x, mask = given(shape, masked)
    other = {"running_mean": "running_var", "running_var": "running_mean"}[left]
    words = f"{left} is given without {other}; give both, or neither."
    held = {left: torch.ones(C), other: None}
    for function in functions(x):
        with pytest.raises(SettingError, match=exact(f"{function.__name__}: {words}")):
            function(x, held["running_mean"], held["running_var"], None, None, training, mask=mask)
    for name, make in LAYERS.items():
        if name != "InstanceNorm" or x.dim() > 2:
            layer = make().train(training)
            setattr(layer, other, None)
            with pytest.raises(SettingError, match=exact(f"{name}(num_features={C}): {words}")):
                layer(x, mask)


def test_one_statistic_alone_of_a_layer_that_tracks_none():
    layer = nn.InstanceNorm(C)
    layer.running_var = torch.ones(C)
    with pytest.raises(SettingError, match="running_var is given without running_mean"):
        layer(example(SIZES["small"]).float())


@by_shape
@by_mask
@pytest.mark.parametrize("name", AFFINE)
@pytest.mark.parametrize("what", ["weight", "bias"])
def test_a_layer_whose_weight_is_no_vector(shape, masked, name, what):
    """Its values are as many as the channels, which torch's operators may take, or broadcast over space."""
    x, mask = given(shape, masked)
    if name == "InstanceNorm" and x.dim() < 3:
        pytest.skip("needs space")
    for training in (True, False):
        layer = AFFINE[name]().train(training)
        value = getattr(layer, what).detach().view(1, C)
        delattr(layer, what)
        setattr(layer, what, torchs.Parameter(value))
        with pytest.raises(ShapeError, match=rf": {what} has shape \(1, 4\); x .* needs a vector"):
            layer(x, mask)


@by_training
@pytest.mark.parametrize("name", ["BatchNorm", "InstanceNorm"])
@pytest.mark.parametrize("left", ["running_mean", "running_var"])
def test_a_statistic_that_is_a_parameter(name, training, left):
    """As torch has it."""
    x = example((4, C, 3, 2)).float()
    theirs = {"BatchNorm": torchs.BatchNorm2d, "InstanceNorm": torchs.InstanceNorm2d}[name]
    found = []
    for layer in (LAYERS[name](), theirs(C, track_running_stats=True)):
        value = getattr(layer, left) + 1.0
        delattr(layer, left)
        setattr(layer, left, torchs.Parameter(value, requires_grad=False))
        found.append((layer.train(training)(x).detach(), layer.running_mean, layer.running_var))
    torch.testing.assert_close(*found)


@by_shape
@by_mask
def test_functions_take_no_momentum_of_none(shape, masked):
    x, mask = given(shape, masked)
    words = (
        "momentum must be a number; batch_norm_with_stats averages all batches with momentum=None."
    )
    for function in functions(x):
        if function is functional.batch_norm_with_stats:
            continue
        held = torch.zeros(C), torch.ones(C)
        kept = copy.deepcopy(held)
        with pytest.raises(SettingError, match=exact(f"{function.__name__}: {words}")):
            function(x, *held, None, None, True, None, mask=mask)
        assert all(torch.equal(a, b) for a, b in zip(held, kept, strict=True))
        # where none is moved, none is asked for
        function(x, None, None, None, None, True, None, mask=mask)
        function(x, *held, None, None, False, None, mask=mask)


@by_shape
@by_mask
def test_an_average_of_batches_that_are_not_counted(shape, masked):
    """The layers leave their statistics, as torch's; the function has words for it."""
    x, mask = given(shape, masked)
    layer = nn.BatchNorm(C, momentum=None)
    layer.num_batches_tracked = None
    expected = nn.BatchNorm(C)(x, mask)
    torch.testing.assert_close(layer(x, mask), expected)
    assert torch.equal(layer.running_mean, torch.zeros(C))
    assert torch.equal(layer.running_var, torch.ones(C))
    words = "momentum=None averages all batches and needs their number; give num_batches_tracked."
    held = torch.zeros(C), torch.ones(C)
    with pytest.raises(SettingError, match=exact(f"batch_norm_with_stats: {words}")):
        functional.batch_norm_with_stats(
            x, *held, momentum=None, num_batches_tracked=None, mask=mask
        )


def test_what_to_do_without_statistics():
    x = example((4, C, 3, 2)).float()
    layer = nn.InstanceNorm(C, track_running_stats=True).eval()
    layer.running_mean = layer.running_var = None
    calls = {
        "instance_norm: use_input_stats=False": lambda: functional.instance_norm(
            x, use_input_stats=False
        ),
        f"InstanceNorm(num_features={C}): evaluation": lambda: layer(x),
    }
    advice = (
        "set use_input_stats=True to normalise with each sample's own.",
        "set track_running_stats=False to normalise with each sample's own.",
    )
    for (start, call), instead in zip(calls.items(), advice, strict=True):
        words = f"{start} needs running_mean and running_var; give both, or {instead}"
        with pytest.raises(SettingError, match=exact(words)):
            call()
