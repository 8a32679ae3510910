import torch
from torch import nn


class GroupNorm(nn.Module):
    def __init__(self, num_groups, num_channels, eps=1e-5):
        super().__init__()
        self.G, self.eps = num_groups, eps
        self.weight = nn.Parameter(torch.ones(num_channels))
        self.bias = nn.Parameter(torch.zeros(num_channels))

    def forward(self, x):
        size = x.shape
        x = x.reshape(size[0], self.G, -1)
        x = x - x.mean(-1, keepdim=True)
        x = x / (x.square().mean(-1, keepdim=True) + self.eps).sqrt()
        x = x.reshape(size)
        shape = (1, size[1]) + (1,) * (len(size) - 2)
        return x * self.weight.reshape(shape) + self.bias.reshape(shape)
