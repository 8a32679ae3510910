# names: std_plus_eps bessel_in_batch other_start
import torch
import torch.nn as nn


class MyInstanceNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, affine=True):
        super().__init__()
        self.eps = eps
        self.gamma = nn.Parameter(torch.rand(num_features))
        self.beta = nn.Parameter(torch.zeros(num_features))

    def forward(self, x):
        mu = torch.mean(x, dim=[2, 3], keepdim=True)
        sd = torch.std(x, dim=[2, 3], keepdim=True)
        return self.gamma.view(1, -1, 1, 1) * (x - mu) / (sd + self.eps) + self.beta.view(
            1, -1, 1, 1
        )
