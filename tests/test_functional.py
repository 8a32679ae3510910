"""Each function equals its row and, where torch has one, torch's; errors in full words."""

import inspect

import pytest
import torch
import torch.nn.functional as F

from cases import POOL_WEIGHT, assert_close, exact, example
from normlab import functional, normalize
from normlab.equation.variants import divisive
from normlab.errors import DtypeError, SettingError, ShapeError

WEIGHT, BIAS = (example((4,), seed) for seed in (1, 2))
OWN = {"weight": WEIGHT, "bias": BIAS}
MEAN, VAR = example((4,), 3), example((4,), 4).square()
X = {2: (5, 4), 3: (3, 4, 5), 4: (3, 4, 2, 5), 5: (2, 4, 2, 3, 2)}
LAST = {"weight": example((4, 5), 1), "bias": example((4, 5), 2)}
SPATIAL = {rank: shape for rank, shape in X.items() if rank > 2}
LRN = {"size": 3, "alpha": 0.5, "beta": 0.6, "k": 1.5}

# name → (shapes, function, row's y, torch's function or None)
CALLS = {
    "batch_norm in training": (
        X,
        lambda x: functional.batch_norm(x, None, None, WEIGHT, BIAS, True, eps=0.1),
        lambda x: normalize(x, "batch", eps=0.1, **OWN),
        lambda x: F.batch_norm(x, None, None, WEIGHT, BIAS, True, eps=0.1),
    ),
    "batch_norm in evaluation": (
        X,
        lambda x: functional.batch_norm(x, MEAN, VAR, WEIGHT, BIAS, eps=0.1),
        lambda x: normalize(x, "batch", statistics=(MEAN, VAR), eps=0.1, **OWN),
        lambda x: F.batch_norm(x, MEAN, VAR, WEIGHT, BIAS, eps=0.1),
    ),
    "layer_norm": (
        {3: X[3]},
        lambda x: functional.layer_norm(x, (4, 5), **LAST, eps=0.1),
        lambda x: normalize(x, "layer", eps=0.1, **LAST),
        lambda x: F.layer_norm(x, (4, 5), **LAST, eps=0.1),
    ),
    "group_norm": (
        X,
        lambda x: functional.group_norm(x, 2, **OWN, eps=0.1),
        lambda x: normalize(x, "group", num_groups=2, eps=0.1, **OWN),
        lambda x: F.group_norm(x, 2, **OWN, eps=0.1),
    ),
    "instance_norm": (
        SPATIAL,
        lambda x: functional.instance_norm(x, **OWN, eps=0.1),
        lambda x: normalize(x, "instance", eps=0.1, **OWN),
        lambda x: F.instance_norm(x, **OWN, eps=0.1),
    ),
    "instance_norm with statistics": (
        SPATIAL,
        lambda x: functional.instance_norm(x, MEAN, VAR, **OWN, use_input_stats=False),
        lambda x: normalize(x, "instance", statistics=(MEAN, VAR), **OWN),
        lambda x: F.instance_norm(x, MEAN, VAR, **OWN, use_input_stats=False),
    ),
    "rms_norm": (
        {3: X[3]},
        lambda x: functional.rms_norm(x, (4, 5), LAST["weight"]),
        lambda x: normalize(x, "rms", weight=LAST["weight"]),
        lambda x: F.rms_norm(x, (4, 5), LAST["weight"]),
    ),
    "local_response_norm": (
        SPATIAL,
        lambda x: functional.local_response_norm(x, **LRN),
        lambda x: normalize(x, "local_response", **LRN),
        lambda x: F.local_response_norm(x, **LRN),
    ),
    "local_contrast_norm": (
        SPATIAL,
        lambda x: functional.local_contrast_norm(x, sigma=0.5, size=3, width=0.9, **OWN),
        lambda x: normalize(x, "local_contrast", sigma=0.5, size=3, width=0.9, **OWN),
        None,
    ),
    "divisive_norm": (
        X,
        lambda x: functional.divisive_norm(x, sigma=0.5, power=1.5, **OWN),
        lambda x: normalize(x, "divisive", sigma=0.5, power=1.5, **OWN),
        None,
    ),
    "gdn": (
        X,
        lambda x: functional.gdn(x, 0.5, POOL_WEIGHT),
        lambda x: normalize(x, "gdn", sigma=0.5, pool_weight=POOL_WEIGHT),
        None,
    ),
    "gdn1": (
        X,
        lambda x: functional.gdn(x, 0.5, POOL_WEIGHT, simplified=True),
        lambda x: normalize(x, "gdn1", sigma=0.5, pool_weight=POOL_WEIGHT),
        None,
    ),
}
EACH = [
    pytest.param(shape, *calls, id=f"{name}-{rank}d")
    for name, (shapes, *calls) in CALLS.items()
    for rank, shape in shapes.items()
]


@pytest.mark.parametrize(("shape", "function", "row", "torchs"), EACH)
def test_function_equals_row_and_torch(shape, function, row, torchs):
    x = example(shape).requires_grad_()
    y, others = function(x), [row(x).y] + ([torchs(x)] if torchs else [])
    (grad,) = torch.autograd.grad((y**3).sum(), x)
    for other in others:
        assert_close(y, other)
        (expected,) = torch.autograd.grad((other**3).sum(), x)
        assert_close(grad, expected)


@pytest.mark.parametrize(
    "name", [n for n in vars(functional) if n.endswith("_norm") and hasattr(F, n)]
)
def test_signatures_are_torchs(name):
    """A mask, by keyword, is all that ours take beyond them."""
    ours, theirs = (
        list(inspect.signature(getattr(module, name)).parameters.values())
        for module in (functional, F)
    )
    extra = [p for p in ours if p.kind is inspect.Parameter.KEYWORD_ONLY]
    assert {p.name for p in extra} <= {"mask"}
    assert [(p.name, p.default) for p in ours if p not in extra] == [
        (p.name, p.default) for p in theirs
    ]


@pytest.mark.parametrize("shape", X.values(), ids=X)
def test_running_statistics_move_as_torchs(shape):
    x, ours, theirs = example(shape), (MEAN.clone(), VAR.clone()), (MEAN.clone(), VAR.clone())
    functional.batch_norm(x, *ours, training=True, momentum=0.3)
    F.batch_norm(x, *theirs, training=True, momentum=0.3)
    assert torch.equal(ours[0], theirs[0]) and torch.equal(ours[1], theirs[1])
    dims = [dim for dim in range(x.dim()) if dim != 1]
    assert_close(ours[1], 0.7 * VAR + 0.3 * x.var(dims))  # unbiased
    if len(shape) > 2:
        functional.instance_norm(x, *ours, momentum=0.3)
        F.instance_norm(x, *theirs, momentum=0.3)
        assert torch.equal(ours[0], theirs[0]) and torch.equal(ours[1], theirs[1])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_local_response_of_half_types(dtype):
    x = example(X[4]).to(dtype)
    y = functional.local_response_norm(x, **LRN)
    assert y.dtype == dtype
    assert torch.equal(y, functional.local_response_norm(x.float(), **LRN).to(dtype))


def test_a_mask_reaches_the_function():
    x, mask = example((2, 4, 6)), torch.arange(6).expand(2, 6) < 4
    cut, spoilt = x[..., :4], torch.where(mask.unsqueeze(1), x, torch.nan)
    for function in (
        lambda x, m: functional.local_contrast_norm(x, size=3, mask=m),
        lambda x, m: functional.local_contrast_norm(x, sigma="mean", size=3, mask=m),
        lambda x, m: functional.divisive_norm(x, size=3, mask=m),
    ):
        assert_close(function(spoilt, mask)[..., :4], function(cut, None))


ONES = torch.ones(2, 4, 5)
REFUSED = {
    "evaluation without statistics": (
        lambda: functional.batch_norm(ONES, None, None),
        SettingError,
        "batch_norm: training=False needs running_mean and running_var; give both, or set "
        "training=True to normalise with the batch's own.",
    ),
    "a batch of one": (
        lambda: functional.batch_norm(ONES[:1, :, 0], None, None, training=True),
        ShapeError,
        "batch_norm: x has shape (1, 4), one value per channel, whose variance is 0; in training "
        "give at least 2, or evaluate with running statistics.",
    ),
    "groups": (
        lambda: functional.group_norm(ONES, 3),
        ShapeError,
        "group_norm: num_groups=3 does not divide the 4 channels of x (2, 4, 5); choose a divisor.",
    ),
    "no groups": (
        lambda: functional.group_norm(ONES, 0),
        ShapeError,
        "group_norm: num_groups=0 does not divide the 4 channels of x (2, 4, 5); choose a divisor.",
    ),
    "no space": (
        lambda: functional.instance_norm(ONES[..., 0]),
        ShapeError,
        "instance_norm: x has shape (2, 4); it needs (batch, channels, *space) with at least 2 "
        "elements of space, since the variance of one is 0.",
    ),
    "a window of none": (
        lambda: functional.local_response_norm(ONES, 0),
        SettingError,
        "local_response: size=0 given, but it must be a whole number >= 1.",
    ),
    "whole numbers": (
        lambda: functional.local_response_norm(ONES.long(), 3),
        DtypeError,
        "local_response: x is int64; give a floating-point tensor, e.g. x.float().",
    ),
    "mean with a weight": (
        lambda: functional.local_contrast_norm(ONES, sigma="mean", weight=torch.ones(4)),
        SettingError,
        "local_contrast_norm: sigma='mean' with weight or bias is not defined; give sigma='mean' "
        "alone, or a number.",
    ),
    "negative sigma": (
        lambda: functional.local_contrast_norm(ONES, sigma=-1.0),
        SettingError,
        "local_contrast: sigma=-1.0 given, but it must be finite and >= 0.",
    ),
    "one sample of groups of one": (
        lambda: functional.group_norm(torch.ones(1, 4), 4),
        ShapeError,
        "group_norm: x has shape (1, 4), one sample with one element a group, whose variance is 0; use "
        "fewer groups.",
    ),
    "negative variance": (
        lambda: normalize(ONES, "batch", statistics=(torch.zeros(4), torch.full((4,), -1.0))),
        SettingError,
        "batch: statistics hold a negative variance; give values >= 0.",
    ),
    "a window of no size": (
        lambda: normalize(ONES, divisive(spatial=True)),
        SettingError,
        "a window needs its size or its width, in samples; give one of them.",
    ),
    "negative weights": (
        lambda: functional.gdn(ONES, 1.0, -torch.ones(4, 4)),
        SettingError,
        "gdn: pool_weight=a tensor (4, 4) given, but it must be finite and >= 0, or None (0.1 · "
        "identity, where training starts).",
    ),
    "widths": (
        lambda: functional.divisive_norm(ONES, width=[1.0, 2.0], over="s"),
        ShapeError,
        "2 window widths given for 4 channels; give one width, or one for each channel.",
    ),
}


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(call, kind, message):
    with pytest.raises(kind, match=exact(message)):
        call()
