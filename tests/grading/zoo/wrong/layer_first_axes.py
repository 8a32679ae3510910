# names: wrong_axis
import torch
from torch import nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        if isinstance(normalized_shape, int):
            normalized_shape = [normalized_shape]
        self.axes = tuple(range(len(normalized_shape)))
        self.gamma = nn.Parameter(torch.ones(*normalized_shape))
        self.beta = nn.Parameter(torch.zeros(*normalized_shape))
        self.eps = eps

    def forward(self, x):
        mu = x.mean(self.axes, keepdim=True)
        sigma2 = x.sub(mu).pow(2).mean(self.axes, keepdim=True)
        return self.gamma.mul(x.sub(mu)).div((sigma2 + self.eps).sqrt()).add(self.beta)
