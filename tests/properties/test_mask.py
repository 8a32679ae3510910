"""What is masked leaves no trace in any output, gradient or statistic of a layer."""

import math

import pytest
import torch

from cases import (
    assert_all_close,
    assert_close,
    buffers,
    by_mode,
    example,
    layer_of,
    run,
    weighted,
)

LENGTH, MORE = 5, 3
SHORT, LONG = (2, 4, LENGTH), (2, 4, LENGTH + MORE)
PADDING = {"zeros": 0.0, "large": 1e30, "inf": math.inf, "nan": math.nan}
by_padding = pytest.mark.parametrize("filler", PADDING.values(), ids=PADDING)


def short_and_long(row, short=SHORT, long=LONG):
    """The layer for unpadded and for padded input; parameters over a shape agree where both are."""
    ours, theirs = layer_of(row, short), layer_of(row, long)
    for mine, other in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
        mine.copy_(begin(other, mine.shape))
    return ours, theirs


def begin(value, shape):
    return value[tuple(slice(size) for size in shape)]


def padded(x, filler, length=LONG[2]):
    """x with filler after its end, and the (N, L) mask of what is x."""
    tail = torch.full((*x.shape[:2], length - x.shape[2]), filler, dtype=x.dtype)
    return torch.cat([x, tail], 2), (torch.arange(length) < x.shape[2]).expand(len(x), -1)


def run_masked(layer, x, mask):
    """As `run`, with the sum over the valid outputs alone."""
    x = x.detach().requires_grad_()
    y = layer(x, mask=mask)
    weighted(y[..., :LENGTH]).backward()
    return y.detach(), x.grad, *(value.grad for value in layer.parameters())


@pytest.mark.proves("mask")
@by_mode
@by_padding
def test_padding_changes_nothing(row, filler, training):
    short, long = (layer.train(training) for layer in short_and_long(row))
    x = example(SHORT)
    expected = run(short, x)
    found = run_masked(long, *padded(x, filler))
    for mine, other in zip(found, expected, strict=True):
        assert_close(begin(mine, other.shape), other)
        assert mine.count_nonzero() == begin(mine, other.shape).count_nonzero()
    assert_all_close(buffers(long), buffers(short))


@pytest.mark.proves("mask")
def test_samples_of_unequal_length(row):
    """Each sample as if alone; over the batch, as if all valid places stood in one row."""
    lengths, x = (6, 2, 4), example((3, 4, 6))
    mask = torch.arange(6) < torch.tensor(lengths).unsqueeze(1)
    y = layer_of(row, (3, 4, 6))(torch.where(mask.unsqueeze(1), x, torch.nan), mask=mask)
    assert bool((y.movedim(1, 2)[~mask] == 0).all())
    pieces = [sample[None, :, :length] for sample, length in zip(x, lengths, strict=True)]
    if row.uses_batch:
        alone = layer_of(row)(torch.cat(pieces, 2)).split(lengths, 2)
    else:
        alone = [short_and_long(row, p.shape, (3, 4, 6))[0](p) for p in pieces]
    for sample, length, expected in zip(y, lengths, alone, strict=True):
        assert_close(sample[:, :length], expected[0])


@pytest.mark.proves("mask")
@by_mode
def test_every_form_of_a_mask(row, training):
    mask = torch.tensor([[True, False, True, True, True], [True, True, True, False, False]])
    x = example(SHORT)
    first, *others = (
        run(layer_of(row).train(training), x, mask=form)
        for form in (mask, mask.unsqueeze(1), mask.unsqueeze(1).expand(SHORT))
    )
    for other in others:
        assert_all_close(other, first)
    everything = run(layer_of(row).train(training), x, mask=torch.ones_like(mask))
    assert_all_close(everything, run(layer_of(row).train(training), x))
