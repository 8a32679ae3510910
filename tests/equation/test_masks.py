"""Masked places may hold anything: what is valid comes out as if they had been cut off."""

import math

import pytest
import torch

from cases import SHAPE, affine, assert_close, exact, example, settings_of
from normlab import normalize
from normlab.equation.variants import STD_PLUS_EPS, divisive, jarrett
from normlab.errors import DtypeError, ShapeError

PADDING = {"zeros": 0.0, "large": 1e30, "inf": math.inf, "nan": math.nan}
by_padding = pytest.mark.parametrize("filler", PADDING.values(), ids=PADDING)


def padded(x, filler, more=3):
    """x (N, C, L) with filler after its end, and the (N, L) mask of what is x."""
    tail = torch.full((*x.shape[:2], more), filler, dtype=x.dtype)
    mask = torch.arange(x.shape[2] + more) < x.shape[2]
    return torch.cat([x.detach(), tail], 2).requires_grad_(), mask.expand(len(x), -1)


def gradients(y, x, own):
    """Of a sum that weighs every output differently, so that nothing cancels."""
    weights = torch.linspace(-1.0, 2.0, y.numel(), dtype=y.dtype).view(y.shape)
    return torch.autograd.grad((y * weights).sum(), (x, *own.values()))


def own_of(row, length):
    shape = (*SHAPE[:2], length)
    values = affine(row, shape) if row.affine != "shape" else {"weight": torch.tensor(1.5).double()}
    return {name: value.requires_grad_() for name, value in values.items()}


@by_padding
def test_padding_changes_nothing(row, filler):
    x, settings, own = example().requires_grad_(), settings_of(row), own_of(row, SHAPE[2])
    cut = normalize(x, row, **own, **settings)
    long, mask = padded(x, filler)
    out = normalize(long, row, mask=mask, **own, **settings)
    kept = out.y[..., : SHAPE[2]]
    assert_close(kept, cut.y)
    assert bool((out.y[..., SHAPE[2] :] == 0).all())
    grad, *rest = gradients(kept, long, own)
    expected, *others = gradients(cut.y, x, own)
    assert_close(grad[..., : SHAPE[2]], expected)
    assert bool((grad[..., SHAPE[2] :] == 0).all())
    for mine, other in zip(rest, others, strict=True):
        assert_close(mine, other)


VARIANTS = {
    "jarrett": lambda x, mask: jarrett(x, mask=mask, size=3).y,
    "std + eps": lambda x, mask: normalize(x, STD_PLUS_EPS, mask=mask, eps=0.1).y,
    "divisive surround": lambda x, mask: (
        normalize(x, divisive(spatial=True, channels=False), mask=mask, size=3).y
    ),
}


@by_padding
@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_padding_changes_no_variant(variant, filler):
    x = example().requires_grad_()
    long, mask = padded(x, filler)
    cut, kept = variant(x, None), variant(long, mask)[..., : SHAPE[2]]
    assert_close(kept, cut)
    (grad,), (expected,) = gradients(kept, long, {}), gradients(cut, x, {})
    assert_close(grad[..., : SHAPE[2]], expected)
    assert bool((grad[..., SHAPE[2] :] == 0).all())


def test_samples_of_unequal_length(row):
    """Each sample as if alone; over the batch, as if all valid places stood in one row."""
    x, settings, lengths = example((3, 4, 6)), settings_of(row), (6, 2, 4)
    mask = torch.arange(6) < torch.tensor(lengths).unsqueeze(1)
    x = torch.where(mask.unsqueeze(1), x, torch.nan)
    y = normalize(x, row, mask=mask, **settings).y
    pieces = [sample[None, :, :length] for sample, length in zip(x, lengths, strict=True)]
    if row.uses_batch:
        expected = normalize(torch.cat(pieces, 2), row, **settings).y.split(lengths, 2)
    else:
        expected = [normalize(piece, row, **settings).y for piece in pieces]
    for sample, length, own in zip(y, lengths, expected, strict=True):
        assert_close(sample[:, :length], own[0])


def test_every_form_of_a_mask(row):
    x, settings = example(), settings_of(row)
    mask = torch.tensor([[True, False, True, True, True], [True, True, True, False, False]])
    forms = (mask.unsqueeze(1), mask.unsqueeze(1).expand(SHAPE))
    y = normalize(x, row, mask=mask, **settings).y
    for form in forms:
        assert torch.equal(normalize(x, row, mask=form, **settings).y, y)
    everything = normalize(x, row, mask=torch.ones(2, 5, dtype=torch.bool), **settings)
    assert_close(everything.y, normalize(x, row, **settings).y)


def test_a_mask_within_channels(row):
    """A single masked element: its value and its gradient vanish, whatever stood there."""
    mask = torch.ones(SHAPE, dtype=torch.bool)
    mask[1, 2, 3] = False
    ys = []
    for filler in (0.0, math.nan):
        x = example()
        x[1, 2, 3] = filler
        x.requires_grad_()
        y = normalize(x, row, mask=mask, **settings_of(row)).y
        (grad,) = torch.autograd.grad(y.square().sum(), x)
        assert y[1, 2, 3] == 0 and grad[1, 2, 3] == 0 and grad.isfinite().all()
        ys.append(y)
    assert torch.equal(*ys)


@pytest.mark.parametrize("sigma", ["own", "zero"])
def test_a_fully_masked_sample(row, sigma):
    """Output 0, no NaN in any gradient: also where σ = 0 makes its scale 0."""
    settings = settings_of(row) | ({row.sigma.setting: 0.0} if sigma == "zero" else {})
    x, own = torch.full(SHAPE, torch.nan, dtype=torch.float64), own_of(row, SHAPE[2])
    x[0] = example()[0]
    x.requires_grad_()
    mask = torch.tensor([[True] * 5, [False] * 5])
    y = normalize(x, row, mask=mask, **own, **settings).y
    alone = normalize(x[:1].detach(), row, **own, **settings).y
    assert_close(y[:1], alone)
    assert bool((y[1] == 0).all())
    grads = gradients(y, x, own)
    assert bool((grads[0][1] == 0).all()) and all(grad.isfinite().all() for grad in grads)


def test_pool_input_is_masked_with_x(row):
    x, e, settings = example(), example(seed=1), settings_of(row)
    cut = normalize(x, row, pool_input=e, **settings).y
    (long, mask), (wide, _) = padded(x, torch.nan), padded(e, torch.nan)
    out = normalize(long, row, pool_input=wide, mask=mask, **settings).y
    assert_close(out[..., : SHAPE[2]], cut)
    if row.name == "divisive":  # the population may have another number of channels
        y = normalize(x, row, pool_input=e[:, :3], **settings).y
        out = normalize(long, row, pool_input=wide[:, :3], mask=mask, **settings).y
        assert_close(out[..., : SHAPE[2]], y)


def test_another_population_counts_where_all_of_x_is_valid():
    mask = torch.ones(1, 2, 3, dtype=torch.bool)
    mask[0, 1, 1] = False
    pool = normalize(
        torch.ones(1, 2, 3), "divisive", pool_input=torch.ones(1, 4, 3), mask=mask
    ).pool
    assert pool.flatten().tolist() == [4.0, 0.0, 4.0]


def test_a_mask_over_a_table():
    x = torch.tensor([[1.0], [3.0], [torch.nan]])
    y = normalize(x, "batch", mask=torch.tensor([True, True, False]), eps=0.0).y
    assert y.flatten().tolist() == [-1.0, 1.0, 0.0]


def test_what_is_no_mask():
    x = example()
    message = "mask is torch.float32; it must be boolean, True where x is valid."
    with pytest.raises(DtypeError, match=exact(message)):
        normalize(x, "batch", mask=torch.ones(2, 5))
    message = (
        "mask has shape (2, 4), which fits neither x (2, 4, 5) nor its batch and space (2, 5)."
    )
    with pytest.raises(ShapeError, match=exact(message)):
        normalize(x, "batch", mask=torch.ones(2, 4, dtype=torch.bool))
