"""batch_norm_with_stats: the new statistics are returned, and nothing is written."""

import copy
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

from cases import assert_close, exact, example
from normlab import functional
from normlab.errors import SettingError, ShapeError

X = example((6, 4, 5))
MEAN, VAR = torch.linspace(-1, 1, 4).double(), torch.linspace(0.5, 2, 4).double()
WEIGHT, BIAS = torch.linspace(0.5, 2, 4).double(), torch.linspace(1, -1, 4).double()


def test_the_numbers_are_torchs_and_nothing_is_written():
    given = [X, MEAN, VAR, WEIGHT, BIAS]
    kept = copy.deepcopy(given)
    y, mean, var, count = functional.batch_norm_with_stats(
        *given, momentum=0.3, eps=1e-3, num_batches_tracked=7
    )
    theirs = MEAN.clone(), VAR.clone()
    assert_close(y, F.batch_norm(X, *theirs, WEIGHT, BIAS, True, 0.3, 1e-3))
    assert_close(mean, theirs[0])
    assert_close(var, theirs[1])
    assert count == 8
    assert all(torch.equal(a, b) for a, b in zip(given, kept, strict=True))


def test_the_average_of_all_batches():
    """momentum=None over three batches gives the plain average of their statistics."""
    state = torch.zeros(4).double(), torch.ones(4).double(), 0
    batches = [example((6, 4, 5), seed=seed) * (seed + 1) for seed in range(3)]
    for x in batches:
        _, mean, var, count = functional.batch_norm_with_stats(
            x, *state[:2], momentum=None, num_batches_tracked=state[2]
        )
        state = mean, var, count
    assert state[2] == 3
    assert_close(state[0], torch.stack([x.mean((0, 2)) for x in batches]).mean(0))
    assert_close(state[1], torch.stack([x.var((0, 2)) for x in batches]).mean(0))


def test_the_count_may_be_a_tensor():
    count = torch.tensor(3)
    *_, new = functional.batch_norm_with_stats(X, MEAN, VAR, num_batches_tracked=count)
    assert torch.equal(new, torch.tensor(4)) and torch.equal(count, torch.tensor(3))


def test_evaluation_returns_the_statistics_as_they_are():
    y, mean, var, count = functional.batch_norm_with_stats(X, MEAN, VAR, training=False)
    assert_close(y, F.batch_norm(X, MEAN, VAR))
    assert mean is MEAN and var is VAR and count == 0


def test_without_running_statistics_none_come_back():
    y, mean, var, _ = functional.batch_norm_with_stats(X, None, None)
    assert_close(y, F.batch_norm(X, None, None, training=True))
    assert mean is None and var is None


def test_an_empty_batch_leaves_the_statistics_as_they_are():
    y, mean, var, count = functional.batch_norm_with_stats(X[:0], MEAN, VAR)
    assert y.shape == (0, 4, 5) and count == 0
    assert torch.equal(mean, MEAN) and torch.equal(var, VAR)


def test_jacobian_through_training_statistics():
    """jacrev of torch's own layer raises; the oracle is its functional's numerical twin."""
    ours = torch.func.jacrev(lambda x: functional.batch_norm_with_stats(x, MEAN, VAR)[0])(X)
    theirs = torch.autograd.functional.jacobian(
        lambda x: F.batch_norm(x, None, None, training=True), X
    )
    assert_close(ours, theirs)


REFUSED = {
    "evaluation without statistics": (
        lambda: functional.batch_norm_with_stats(X, None, None, training=False),
        SettingError,
        "batch_norm_with_stats: training=False needs running_mean and running_var; give both, or "
        "set training=True to normalise with the batch's own.",
    ),
    "one value per channel": (
        lambda: functional.batch_norm_with_stats(X[:1, :, 0], MEAN, VAR),
        ShapeError,
        "batch_norm_with_stats: x has shape (1, 4), one value per channel, whose variance is 0; in "
        "training give at least 2, or evaluate with running statistics.",
    ),
    "no processes": (
        lambda: functional.batch_norm_with_stats(X, MEAN, VAR, process_group="gloo"),
        SettingError,
        "process_group='gloo' given; it must be 'world', a torch.distributed ProcessGroup, or None to "
        "use each process's own batch.",
    ),
}


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(call, kind, message):
    with pytest.raises(kind, match=exact(message)):
        call()


def test_under_a_checkpoint_a_function_updates_statistics_once():
    x = example((6, 3, 5)).requires_grad_()
    for call in (functional.batch_norm, functional.instance_norm):
        held, once = ((torch.zeros(3).double(), torch.ones(3).double()) for _ in range(2))
        call(x, *once, None, None, True)
        again = partial(normalised_into, call, held)
        checkpoint(again, x, use_reentrant=False).sum().backward()
        assert torch.equal(held[0], once[0]) and torch.equal(held[1], once[1])


def normalised_into(call, held, x):
    return call(x, *held, None, None, True)
