# names: momentum_reversed
import torch
from torch import nn


class BatchNorm2d(nn.Module):
    """momentum is the share of the old average."""

    def __init__(self, num_features, eps=1e-5, momentum=0.9):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean = x.mean((0, 2, 3))
            var = x.var((0, 2, 3), unbiased=False)
            n = x.numel() / x.shape[1]
            with torch.no_grad():
                self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
                self.running_var = self.momentum * self.running_var + (
                    1 - self.momentum
                ) * var * n / (n - 1)
        else:
            mean, var = self.running_mean, self.running_var

        def s(t):
            return t[None, :, None, None]

        return (x - s(mean)) / torch.sqrt(s(var) + self.eps) * s(self.weight) + s(self.bias)
