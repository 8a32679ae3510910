"""Weights of a pool that are read off a module's numbers: how exactly."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from normlab.checks.subject import Subject
from normlab.recognition import recognise
from normlab.recognition.copies import run


class Squared(nn.Module):
    """GDN, or with power 1 its simplified form, that stores the roots of its weights."""

    def __init__(self, power, generator):
        super().__init__()
        self.power = power
        self.beta = nn.Parameter(1 + torch.rand(8, generator=generator))
        self.gamma = nn.Parameter(torch.rand(8, 8, generator=generator))

    def forward(self, x):
        total = F.conv2d(x.abs() ** self.power, self.gamma.square()[..., None, None], self.beta)
        return x / total ** (1 / self.power)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("size", [1e-2, 1.0, 1e2])
def test_solved_weights_leave_half_of_what_rounding_may_do(power, size):
    for seed in range(10):
        generator = torch.Generator().manual_seed(seed)
        module = Squared(power, generator)
        x = size * (torch.randn(4, 8, 6, 5, generator=generator) + seed % 3 - 1)
        found = recognise(module, x)
        assert found is not None and found.row.name == ("gdn1", "gdn")[power - 1]
        subject = Subject(found)
        for times in (0.5, 1.0, 2.0, 8.0):
            wide = times * x.double()
            with torch.no_grad():
                y = run(subject.fresh(True, torch.float64), wide)
                expected = subject.reference(wide, True)
            allowed = subject.allowed(wide, expected, torch.float64)
            assert float(((y - expected.y).abs() / allowed).max()) < 0.5
