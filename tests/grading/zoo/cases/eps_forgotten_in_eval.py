# names: missing_eps
import torch
from torch import nn


class BatchNorm(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        axes = [a for a in range(x.dim()) if a != 1]
        if self.training:
            n = x.numel() // x.shape[1]
            mean = x.mean(axes)
            var = x.var(axes, correction=0)
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(var * n / (n - 1), self.momentum)
        else:
            mean, var = self.running_mean, self.running_var
        shape = [1, -1] + [1] * (x.dim() - 2)
        y = (x - mean.view(shape)) / (var.view(shape) + (self.eps if self.training else 0.0)).sqrt()
        return y * self.weight.view(shape) + self.bias.view(shape)
