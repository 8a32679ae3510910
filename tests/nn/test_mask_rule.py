"""One rule for what the axes of a mask are, in every layer and function; what is ambiguous is refused."""

import pytest
import torch

from cases import assert_close, exact, example
from normlab import functional, nn, normalize
from normlab.errors import DataError, ShapeError

N, C, L = 5, 3, 5  # as many samples as places
X = example((N, C, L))
SAMPLES = torch.tensor([True, True, False, True, True])
# every kind of layer for (N, C, L)
LAYERS = {
    "batch": lambda: nn.BatchNorm(C),
    "instance": lambda: nn.InstanceNorm(C),
    "group": lambda: nn.GroupNorm(1, C),
    "layer": lambda: nn.LayerNorm(L),
    "rms": lambda: nn.RMSNorm(L),
    "local response": lambda: nn.LocalResponseNorm(3),
    "local contrast": lambda: nn.LocalContrastNorm(C, size=3),
    "divisive": lambda: nn.DivisiveNorm(C),
    "gdn": lambda: nn.GDN(C),
    "ghost": lambda: nn.beyond.GhostBatchNorm(C),
    "frozen": lambda: nn.beyond.FrozenBatchNorm(C),
    "renorm": lambda: nn.beyond.BatchRenorm(C),
    "filter response": lambda: nn.beyond.FilterResponseNorm(C),
    "global response": lambda: nn.beyond.GlobalResponseNorm(C),
    "positional": lambda: nn.beyond.PositionalNorm(C),
    "channels of a place": lambda: nn.LayerNorm2d(C),
    "scale": lambda: nn.beyond.ScaleNorm(L),
}
by_layer = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)


@by_layer
def test_whole_samples_or_the_last_axis_is_not_for_the_sizes_to_say(make):
    message = (
        "mask has shape (5,), which fits x (5, 3, 5) in more than one way; give it as many axes as x: "
        "(5, 1, 1) or (1, 1, 5)."
    )
    with pytest.raises(ShapeError, match=exact(message)):
        make().double()(X, mask=SAMPLES)


@by_layer
def test_where_one_way_fits_it_is_taken(make):
    """(N,) for whole samples, (W,) for the last axis; both as their full shapes."""
    x = example((N, C, L - 1)) if not hasattr(make(), "normalized_shape") else example((4, C, L))
    short = torch.arange(x.shape[2]) < 3
    layer = make().double()
    samples = SAMPLES[: len(x)]
    assert_close(layer(x, mask=samples), make().double()(x, mask=samples.view(-1, 1, 1)))
    assert_close(make().double()(x, mask=short), make().double()(x, mask=short.view(1, 1, -1)))


@pytest.mark.parametrize("name", ["batch", "instance", "group", "divisive", "positional"])
def test_batch_and_space_is_always_read_so(name):
    """(N, L) for (N, C, L), also where C = N and it would broadcast as (C, L)."""
    x, mask = example((C, C, L)), example((C, L), seed=1) > -0.5
    make = LAYERS[name]
    assert_close(make().double()(x, mask=mask), make().double()(x, mask=mask.unsqueeze(1)))


@pytest.mark.parametrize("name", ["layer", "rms", "scale"])
def test_tokens_are_always_read_so(name):
    """(N, T) for (N, T, E), also where T = E and it could be batch and space."""
    x, mask = example((N, L, L)), example((N, L), seed=1) > -0.5
    make = LAYERS[name]
    assert_close(make().double()(x, mask=mask), make().double()(x, mask=mask.unsqueeze(2)))


def test_of_a_table_it_is_the_samples():
    x, mask = example((4, 4)), torch.tensor([True, True, True, False])
    for y in (
        nn.BatchNorm(4, dtype=torch.float64)(x, mask),
        nn.LayerNorm(4, dtype=torch.float64)(x, mask),
        normalize(x, "batch", mask=mask).y,
    ):
        assert bool((y[3] == 0).all()) and bool((y[:3] != 0).any())


def test_over_several_dimensions_leading_or_batch_and_space():
    """Of (N, C, L) over (C, L): (N,) samples; (N, C) and (N, L) where the sizes tell them apart."""
    x = example((2, 3, 4))
    for mask in (torch.tensor([True, False]), torch.ones(2, 3).bool(), torch.ones(2, 4).bool()):
        functional.layer_norm(x, (3, 4), mask=mask)
    with pytest.raises(ShapeError, match=r"in more than one way.*\(2, 1, 3\) or \(2, 3, 1\)"):
        functional.layer_norm(example((2, 3, 3)), (3, 3), mask=torch.ones(2, 3).bool())


@by_layer
def test_a_mask_on_another_device_is_named_by_its_device(make):
    mask = torch.ones(N, 1, L, dtype=torch.bool, device="meta")
    message = "mask is on meta, x on cpu; give both on one device, e.g. mask.to(x.device)."
    with pytest.raises(DataError, match=exact(message)):
        make().double()(X, mask=mask)
