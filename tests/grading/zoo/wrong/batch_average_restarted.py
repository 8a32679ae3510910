# names: running_restarted
import torch
from torch import nn


class BatchNorm(nn.Module):
    """The moving average is found anew from the list of all batches seen, and not from what was loaded."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.seen = []

    def forward(self, x):
        dims = [d for d in range(x.dim()) if d != 1]
        if self.training:
            mean, var = x.mean(dims, keepdim=True), x.var(dims, unbiased=False, keepdim=True)
            self.seen.append((mean.detach().flatten(), x.detach().var(dims).flatten()))
            average = torch.zeros_like(self.running_mean), torch.ones_like(self.running_var)
            for m, v in self.seen:
                average = (
                    average[0] * (1 - self.momentum) + m * self.momentum,
                    average[1] * (1 - self.momentum) + v * self.momentum,
                )
            self.running_mean.copy_(average[0])
            self.running_var.copy_(average[1])
        else:
            shape = [-1 if d == 1 else 1 for d in range(x.dim())]
            mean, var = self.running_mean.view(shape), self.running_var.view(shape)
        out = (x - mean).div(var.add(self.eps).sqrt())
        return torch.stack(
            [out[:, c] * self.weight[c] + self.bias[c] for c in range(x.shape[1])], 1
        )
