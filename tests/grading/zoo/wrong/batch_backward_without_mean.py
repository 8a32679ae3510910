# names: gradient_cut
import torch
from torch import nn


class _Normalise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, eps):
        mean = x.mean(0, keepdim=True)
        inv = 1 / torch.sqrt(x.var(0, unbiased=False, keepdim=True) + eps)
        xhat = (x - mean) * inv
        ctx.save_for_backward(xhat, inv)
        return xhat

    @staticmethod
    def backward(ctx, g):
        xhat, inv = ctx.saved_tensors
        return inv * (g - xhat * (g * xhat).mean(0, keepdim=True)), None


class BatchNorm(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        rows = x.movedim(1, -1).reshape(-1, x.shape[1])
        if self.training:
            y = _Normalise.apply(rows, self.eps)
            m = self.momentum
            self.running_mean = (1 - m) * self.running_mean + m * rows.mean(0).detach()
            self.running_var = (1 - m) * self.running_var + m * rows.var(0).detach()
        else:
            y = (rows - self.running_mean) / torch.sqrt(self.running_var + self.eps)
        y = y * self.weight + self.bias
        return y.reshape(x.movedim(1, -1).shape).movedim(-1, 1)
