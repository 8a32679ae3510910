"""Every layer at the smallest rank it takes, with axes of one element and of none, against torch."""

import itertools

import pytest
import torch

from cases import assert_close, example, weighted
from normlab import nn
from normlab.errors import NormlabError

SIZES = (0, 1, 3)
EPS = 1e-5
TORCH = torch.nn
# ours, torch's, for input of that shape
PAIRS = {
    "batch": (lambda s: nn.BatchNorm(s[1]), lambda s: TORCH.BatchNorm1d(s[1])),
    "batch, averaging": (
        lambda s: nn.BatchNorm(s[1], momentum=None),
        lambda s: TORCH.BatchNorm1d(s[1], momentum=None),
    ),
    "group": (lambda s: nn.GroupNorm(1, s[1]), lambda s: TORCH.GroupNorm(1, s[1])),
    "instance": (
        lambda s: nn.InstanceNorm(s[1], affine=True),
        lambda s: TORCH.InstanceNorm1d(s[1], affine=True),
    ),
    "instance, tracked": (
        lambda s: nn.InstanceNorm(s[1], affine=True, track_running_stats=True),
        lambda s: TORCH.InstanceNorm1d(s[1], affine=True, track_running_stats=True),
    ),
    "local response": (lambda s: nn.LocalResponseNorm(2), lambda s: TORCH.LocalResponseNorm(2)),
    "layer, one dimension": (lambda s: nn.LayerNorm(s[-1]), lambda s: TORCH.LayerNorm(s[-1])),
    "layer, all dimensions": (lambda s: nn.LayerNorm(s), lambda s: TORCH.LayerNorm(s)),
    "rms, one dimension": (lambda s: nn.RMSNorm(s[-1]), lambda s: TORCH.RMSNorm(s[-1])),
    "rms, all dimensions": (lambda s: nn.RMSNorm(s), lambda s: TORCH.RMSNorm(s)),
}
LEAST = {"instance": 3, "instance, tracked": 3, "local response": 3, "batch": 2, "group": 2}


def ranks(name):
    least = LEAST.get(name, LEAST.get(name.partition(",")[0], 1))
    return range(least, 4) if least < 3 else (least,)


CASES = [
    pytest.param(*pair, shape, id=f"{name}-{shape}")
    for name, pair in PAIRS.items()
    for rank in ranks(name)
    for shape in itertools.product(SIZES, repeat=rank)
]


def outcome(make, shape, training):
    """y and every gradient; the buffers; or the error."""
    x = example(shape).requires_grad_()
    try:
        layer = make(shape).double().train(training)
        y = layer(x)
    except (NormlabError, ValueError, IndexError, ZeroDivisionError) as error:
        return error
    weighted(y).backward()
    return [y, x.grad, *(p.grad for p in layer.parameters())], list(layer.buffers())


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize(("ours", "theirs", "shape"), CASES)
def test_as_torch_wherever_torch_has_an_answer(ours, theirs, shape, training):
    """Where torch has none, ours is an error in words, or the empty result with gradients of 0."""
    mine, other = (outcome(make, shape, training) for make in (ours, theirs))
    if isinstance(mine, Exception):
        assert isinstance(mine, NormlabError) and isinstance(other, Exception)
        return
    assert 0 in shape or not isinstance(other, Exception)
    if 0 in shape:
        y, *grads = mine[0]
        assert y.shape == shape and all(bool((g == 0).all()) for g in grads)
        return
    for a, b in zip(itertools.chain(*mine), itertools.chain(*other), strict=True):
        assert_close(a, b, pooled=EPS**-1)  # of one element torch leaves rounding, times 1 / √eps


@pytest.mark.parametrize("shape", list(itertools.product(SIZES, repeat=2)), ids=str)
@pytest.mark.parametrize("tracked", [False, True])
def test_one_sample_without_a_batch_axis(shape, tracked):
    given = {"affine": True, "track_running_stats": tracked}
    ours = outcome(lambda s: nn.InstanceNorm(s[0], spatial_dims=1, **given), shape, True)
    theirs = outcome(lambda s: TORCH.InstanceNorm1d(s[0], **given), shape, True)
    if isinstance(ours, Exception):
        assert isinstance(ours, NormlabError) and isinstance(theirs, Exception)
    elif 0 in shape:
        assert ours[0][0].shape == shape
    else:
        for a, b in zip(itertools.chain(*ours), itertools.chain(*theirs), strict=True):
            assert_close(a, b)


OWN = {
    "local contrast": lambda c: nn.LocalContrastNorm(c, size=3),
    "local contrast, published": lambda c: nn.LocalContrastNorm(c, size=3, sigma="mean"),
    "gdn": lambda c: nn.GDN(c),
    "igdn": lambda c: nn.GDN(c, inverse=True),
    "divisive": lambda c: nn.DivisiveNorm(c),
    "divisive, window": lambda c: nn.DivisiveNorm(c, size=3),
    "divisive, learned": lambda c: nn.DivisiveNorm(c, learn_pool=True, learn_power=True),
    "divisive, batch": lambda c: nn.DivisiveNorm(c, over="n s", reduce="mean"),
    "ghost": lambda c: nn.beyond.GhostBatchNorm(c, 2),
    "frozen": lambda c: nn.beyond.FrozenBatchNorm(c),
    "renorm": lambda c: nn.beyond.BatchRenorm(c),
    "filter response": lambda c: nn.beyond.FilterResponseNorm(c),
    "global response": lambda c: nn.beyond.GlobalResponseNorm(c),
    "positional": lambda c: nn.beyond.PositionalNorm(c),
    "scale": lambda c: nn.beyond.ScaleNorm(3),
    "dynamic tanh": lambda c: nn.beyond.DynamicTanh(c),
}


@pytest.mark.parametrize("make", OWN.values(), ids=OWN)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("samples", SIZES)
@pytest.mark.parametrize("places", [(), (0,), (1,), (3,)], ids=str)
def test_layers_that_torch_lacks(make, channels, samples, places):
    """Finite with finite gradients, of the input's shape, or an error in words."""
    shape = (samples, channels, *places)
    found = outcome(lambda s: make(channels), shape, True)
    if isinstance(found, Exception):
        assert isinstance(found, NormlabError)
        return
    assert found[0][0].shape == shape
    assert all(bool(a.isfinite().all()) for a in itertools.chain(*found))


@pytest.mark.parametrize(
    "make", [nn.GDN, nn.DivisiveNorm, nn.LocalContrastNorm, nn.beyond.DynamicTanh]
)
def test_no_channel_at_all_is_refused_when_made(make):
    message = f"^{make.__name__}: num_channels=0 given, but it must be a whole number >= 1.$"
    with pytest.raises(NormlabError, match=message):
        make(0)
