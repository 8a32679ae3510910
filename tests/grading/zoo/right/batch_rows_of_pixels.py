import torch
from torch import nn


class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        batch, channels, height, width = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(-1, channels)
        if self.training:
            count = rows.shape[0]
            mean = rows.mean(0)
            rows = rows - mean
            var = (rows * rows).mean(0)
            self._remember(mean.detach(), var.detach() * count / (count - 1))
        else:
            rows, var = rows - self.running_mean, self.running_var
        rows = rows / (var + self.eps).sqrt() * self.weight + self.bias
        return rows.reshape(batch, height, width, channels).permute(0, 3, 1, 2)

    def _remember(self, mean, var):
        keep = 1 - self.momentum
        self.running_mean.mul_(keep).add_(mean, alpha=self.momentum)
        self.running_var.mul_(keep).add_(var, alpha=self.momentum)
