import torch
import torch.nn.functional as F
from torch import nn


class LocalResponseNorm(nn.Module):
    """The window's sum as a convolution along the channels."""

    def __init__(self, size, alpha=1e-4, beta=0.75, k=1.0):
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, x):
        shape = x.shape
        sq = x.pow(2).reshape(shape[0], shape[1], -1).transpose(1, 2).reshape(-1, 1, shape[1])
        sq = F.pad(sq, (self.size // 2, (self.size - 1) // 2))
        total = F.conv1d(sq, torch.ones(1, 1, self.size, dtype=x.dtype))
        total = total.reshape(shape[0], -1, shape[1]).transpose(1, 2).reshape(shape)
        return x * (self.k + self.alpha * total / self.size) ** -self.beta
