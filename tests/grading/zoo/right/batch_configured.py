from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass
class BNConfig:
    num_features: int
    eps: float = 1e-5
    momentum: float = 0.1


class BatchNorm1d(nn.Module):
    def __init__(self, config: BNConfig) -> None:
        super().__init__()
        self.cfg = config
        self.weight = nn.Parameter(torch.ones(config.num_features))
        self.bias = nn.Parameter(torch.zeros(config.num_features))
        self.register_buffer("running_mean", torch.zeros(config.num_features))
        self.register_buffer("running_var", torch.ones(config.num_features))

    def forward(self, x: Tensor) -> Tensor:
        dims = [0] if x.dim() == 2 else [0, 2]
        if self.training:
            m, v = x.mean(dims), x.var(dims, unbiased=False)
            n = x.numel() / x.shape[1]
            with torch.no_grad():
                self.running_mean.lerp_(m, self.cfg.momentum)
                self.running_var.lerp_(v * n / (n - 1), self.cfg.momentum)
        else:
            m, v = self.running_mean, self.running_var
        s = (1, -1) if x.dim() == 2 else (1, -1, 1)
        return (x - m.view(s)) / (v.view(s) + self.cfg.eps).sqrt() * self.weight.view(
            s
        ) + self.bias.view(s)
