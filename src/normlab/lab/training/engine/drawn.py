"""Layers with chance in them: what they draw comes from outside, so that a stack draws as each alone."""

import torch
from torch import Tensor, nn


class Drawn(nn.Module):
    """A layer whose random numbers are its buffer `draw`, of (batch size, *shape).

    Whoever trains fills the buffer before each step with `sample`; in evaluation it is not looked at.
    """

    draw: Tensor

    def __init__(self, batch_size: int, *shape: int):
        super().__init__()
        self.register_buffer("draw", torch.ones(batch_size, *shape))

    def sample(self, generator: torch.Generator) -> Tensor:
        raise NotImplementedError


class Dropout(Drawn):
    """x · keep / (1 − p) in training, each element kept with probability 1 − p."""

    def __init__(self, p: float, batch_size: int, *shape: int):
        super().__init__(batch_size, *shape)
        self.p = p

    def sample(self, generator: torch.Generator) -> Tensor:
        kept = torch.rand(self.draw.shape, generator=generator) >= self.p
        return kept / (1 - self.p)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.draw if self.training else x
