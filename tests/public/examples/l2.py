# names: missing_eps
import torch


class L2Norm(torch.nn.Module):
    def forward(self, x):
        return x / torch.sqrt((x**2).sum(1, keepdim=True))
