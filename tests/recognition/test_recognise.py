"""A module met in a model, without an input: what it is, and that it is left as it is."""

from collections import Counter
from typing import ClassVar

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from normlab import nn as ours
from normlab.recognition import recognise, why_not


class Places(nn.LayerNorm):
    """The channels of each place."""

    def forward(self, x):
        affine = self.weight, self.bias, self.eps
        return F.layer_norm(x.movedim(1, -1), self.normalized_shape, *affine).movedim(-1, 1)


class Wrapped(nn.Module):
    def __init__(self, dim, eps=1e-3):
        super().__init__()
        self.ln = nn.LayerNorm(dim, eps)

    def forward(self, x):
        return self.ln(x)


class LastBatchNorm(nn.BatchNorm1d):
    """Channels last."""

    def forward(self, x):
        return super().forward(x.movedim(-1, 1)).movedim(1, -1)


class Wrong(nn.Module):
    """Bessel's correction."""

    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        d = x - x.mean(-1, keepdim=True)
        return self.weight * d / (x.var(-1, keepdim=True) + 1e-5).sqrt()


FOUND = {
    "places": (Places(6), "layer norm over the channels of each place", {"eps": 1e-5}),
    "wrapped": (Wrapped(6), "layer norm", {"eps": 1e-3, "normalized_shape": (6,)}),
    "channels last": (LastBatchNorm(6, eps=0.1), "batch norm, channels last", {"eps": 0.1}),
    "torch": (nn.GroupNorm(3, 6), "group norm of 3 groups", {"num_groups": 3, "eps": 1e-5}),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_a_module_of_a_model_is(name):
    module, words, settings = FOUND[name]
    found = recognise(module)
    assert found is not None and found.exact
    assert found.words == words and dict(found.settings) == settings
    held = dict(module.named_parameters())
    assert any(found.weight is value for value in held.values())
    assert any(found.bias is value for value in held.values())


def test_its_statistics_are_the_modules_own():
    module = LastBatchNorm(6)
    found = recognise(module)
    assert found is not None and not found.frozen
    assert found.mean is module.running_mean and found.var is module.running_var


def test_the_module_and_the_random_numbers_are_left_as_they_are():
    module, called = LastBatchNorm(6).eval(), []
    module.register_forward_hook(lambda *given: called.append(given))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    state = torch.get_rng_state()
    assert recognise(module) is not None
    assert torch.equal(torch.get_rng_state(), state)
    assert not called and not module.training and len(module._forward_hooks) == 1
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())


NONE = {
    "wrong numbers": (Wrong(6), "it does what no row does"),
    "a convolution": (nn.Conv2d(3, 3, 1), "it does what no row does"),
    "no sizes yet": (nn.LazyBatchNorm2d(), "its sizes are not known before it has seen an input"),
    "ghost": (ours.beyond.GhostBatchNorm(6), "the batch row, applied to parts of the batch."),
}


@pytest.mark.parametrize("name", NONE)
def test_what_is_none(name):
    module, why = NONE[name]
    assert recognise(module) is None and why_not(module) == why


def test_with_an_input_a_wrong_one_is_taken_for_the_row_it_should_be():
    found = recognise(Wrong(6), torch.randn(4, 5, 6))
    assert found is not None and found.row.name == "layer" and not found.exact


class Odd(nn.Module):
    """Does what no row does, and keeps what its copies are given and the threads they have."""

    given: ClassVar[Counter] = Counter()
    threads: ClassVar[set] = set()

    def forward(self, x):
        self.given[x.shape, x.numpy().tobytes()] += 1
        self.threads.add(torch.get_num_threads())
        return x / (1 + x.mean())


def test_few_numbers_are_tried_with_one_thread_and_hardly_any_input_twice():
    module, x = Odd(), torch.randn(4, 8, 6, 5)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert recognise(module, x) is None and not why_not(module, x).startswith("it pools")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert Odd.threads == {1}
    assert max(Odd.given.values()) <= 3  # for its output, what that depends on, and its centring
