"""Pools of very many channels, whatever processor adds them up."""

import torch

from normlab.equation.steps import BLOCK, Mix


def test_a_sum_over_a_million_channels_is_as_exact_as_one_over_a_few():
    generator = torch.Generator().manual_seed(0)
    for channels in (BLOCK, BLOCK + 1, 1_400_000):
        a = torch.rand(3, channels, generator=generator).requires_grad_()
        weight = torch.rand(1, channels, generator=generator) / channels
        found = Mix(weight).forward(a)
        exact = a.detach().double() @ weight.double().T
        assert torch.allclose(found.double(), exact, rtol=BLOCK**0.5 * 2**-24, atol=0)
        found.sum().backward()
        assert torch.equal(a.grad, weight.expand_as(a))
