# names: multiplied_by_divisor wrong_axis
import torch
from torch import nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.g = nn.Parameter(torch.ones(normalized_shape))
        self.b = nn.Parameter(torch.zeros(normalized_shape))

    def forward(self, x):
        d = x - x.mean(-1, keepdim=True)
        return d / torch.rsqrt(d.pow(2).mean(-1, keepdim=True) + self.eps) * self.g + self.b
