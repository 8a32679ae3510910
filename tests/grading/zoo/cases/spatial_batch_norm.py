# names: channels_not_moved
import torch
from torch import nn


class BatchNorm(nn.Module):
    """Images are flattened to (N·H·W, C) without moving the channels last: places and channels mix."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        flat = x.reshape(-1, x.shape[1])
        if self.training:
            mean, var, n = flat.mean(0), flat.var(0, correction=0), len(flat)
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(var * n / (n - 1), self.momentum)
        else:
            mean, var = self.running_mean, self.running_var
        y = (flat - mean) / torch.sqrt(var + self.eps) * self.weight + self.bias
        return y.reshape(x.shape)
