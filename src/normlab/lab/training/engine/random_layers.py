"""Layers with chance in them: what they draw comes from outside, so that a stack draws as each alone."""

import torch
from torch import Tensor, nn


class RandomLayer(nn.Module):
    """A layer whose random numbers are its buffer `draw`, of (batch size, *shape).

    Whoever trains fills the buffer before each step with `sample`; in evaluation it is not looked at.
    """

    draw: Tensor

    def __init__(self, batch_size: int, *shape: int):
        super().__init__()
        self.register_buffer("draw", torch.ones(batch_size, *shape))

    def sample(self, generator: torch.Generator) -> Tensor:
        raise NotImplementedError


class Dropout(RandomLayer):
    """x · keep / (1 − p) in training, each element kept with probability 1 − p."""

    def __init__(self, p: float, batch_size: int, *shape: int):
        super().__init__(batch_size, *shape)
        self.p = p

    def sample(self, generator: torch.Generator) -> Tensor:
        kept = torch.rand(self.draw.shape, generator=generator) >= self.p
        return kept / (1 - self.p)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.draw if self.training else x


class UnitNoise(RandomLayer):
    """x · s + m in training: noise whose distribution is drawn anew for every unit and step.

    For each unit μ ~ U(−0.5, 0.5) and σ ~ U(1, 1.25); for each of its values m ~ U(μ − 0.1, μ + 0.1) and
    s ~ N(σ, 0.1²). Santurkar et al. 2018, appendix A.
    """

    def __init__(self, batch_size: int, *shape: int):
        super().__init__(batch_size, 2, *shape)

    def sample(self, generator: torch.Generator) -> Tensor:
        batch_size, _, *shape = self.draw.shape
        mean = torch.rand(shape, generator=generator) - 0.5
        scale = 1 + 0.25 * torch.rand(shape, generator=generator)
        m = mean + 0.2 * (torch.rand(batch_size, *shape, generator=generator) - 0.5)
        s = scale + 0.1 * torch.randn(batch_size, *shape, generator=generator)
        return torch.stack([s, m], 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.draw[:, 0] + self.draw[:, 1] if self.training else x
