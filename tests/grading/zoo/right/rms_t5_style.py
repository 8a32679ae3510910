import torch
from torch import nn


class RMSNorm(nn.Module):
    def __init__(self, hidden_size, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(hidden_size))
        self.variance_epsilon = eps
        self.eps = eps

    def forward(self, hidden_states):
        size = hidden_states.shape[-1]
        length = hidden_states.norm(2, dim=-1, keepdim=True)
        root = torch.sqrt(length**2 / size + self.eps)
        return self.weight * (hidden_states / root)
