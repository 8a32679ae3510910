import torch
import torch.nn as nn


class GroupNorm(nn.Module):
    def __init__(self, num_groups, num_channels, eps=1e-5):
        super().__init__()
        self.G, self.eps = num_groups, eps
        self.weight = nn.Parameter(torch.ones(1, num_channels))
        self.bias = nn.Parameter(torch.zeros(1, num_channels))

    def forward(self, x):
        N, C = x.shape[:2]
        g = x.reshape(N * self.G, -1)
        g = g - g.mean(dim=1, keepdim=True)
        g = (
            g
            / torch.linalg.norm(g, dim=1, keepdim=True).pow(2).div(g.shape[1]).add(self.eps).sqrt()
        )
        out = g.reshape(N, C, -1) * self.weight[..., None] + self.bias[..., None]
        return out.reshape(x.shape)
