# names: weight_shape
import torch
from torch import nn


class GroupNorm(nn.Module):
    def __init__(self, num_groups, num_channels, eps=1e-5):
        super().__init__()
        self.num_groups, self.eps = num_groups, eps
        self.gamma = nn.Parameter(torch.ones(num_groups))
        self.beta = nn.Parameter(torch.zeros(num_groups))

    def forward(self, x):
        g = x.reshape(x.shape[0], self.num_groups, -1)
        mean = g.mean(-1, keepdim=True)
        var = g.var(-1, keepdim=True, correction=0)
        g = (g - mean) / torch.sqrt(var + self.eps)
        return (g * self.gamma[:, None] + self.beta[:, None]).reshape(x.shape)
