# names: mean_square_for_variance
import torch
from torch import nn


class LayerNorm(nn.Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.gamma = nn.Parameter(torch.ones(dim))
        self.beta = nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        var = x.pow(2).mean(-1, keepdim=True)
        return self.gamma * x / torch.sqrt(var + self.eps) + self.beta
