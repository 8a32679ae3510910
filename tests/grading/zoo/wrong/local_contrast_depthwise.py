# names: window_width
import torch
import torch.nn.functional as F
from torch import nn


class LocalContrastNorm(nn.Module):
    """For images alone; three-dimensional ones whose sizes are alike pass for one image."""

    def __init__(self, sigma=1.0, size=9, width=2.25):
        super().__init__()
        self.sigma, self.size = sigma, size
        line = torch.exp(-((torch.arange(size) - (size - 1) / 2) ** 2) / width**2)
        self.register_buffer("kernel", line[:, None] * line[None, :])

    def blurred(self, x):
        channels = x.shape[1]
        kernel = self.kernel.expand(channels, 1, self.size, self.size)
        before, after = self.size // 2, (self.size - 1) // 2
        return F.conv2d(F.pad(x, (before, after) * 2), kernel, groups=channels)

    def local_mean(self, x):
        total = self.blurred(torch.ones_like(x)).sum(1, keepdim=True)
        return self.blurred(x).sum(1, keepdim=True) / total

    def forward(self, x):
        v = x - self.local_mean(x)
        return v / (self.sigma**2 + self.local_mean(v**2)).sqrt()
